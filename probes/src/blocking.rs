//! Work that blocks, on a separate thread.

use std::io;
use std::thread;

use tokio::sync::oneshot;

use crate::own;

/// Does the work on a separate thread, in the caller's network namespace, and returns what it
/// gives.
///
/// Fails where no thread can be had or the work panics. A caller that gives up leaves the thread to
/// end by itself; no runtime waits for it, as Tokio's do for theirs.
pub(crate) async fn run<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let (answer, answered) = oneshot::channel();
    thread::Builder::new()
        .name("blocking".to_owned())
        .spawn(move || drop(answer.send(work())))
        .map_err(own::of_starting)?;
    answered.await.map_err(|_| io::Error::other("the thread panicked"))
}
