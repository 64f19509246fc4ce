//! The thread that keeps this program's privileges, and starts threads that have them.

use std::cell::Cell;
use std::io;
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use tokio::sync::oneshot;

use crate::own;

type Work = Box<dyn FnOnce() + Send>;

/// What is asked of the privileged thread.
enum Order {
    /// Work for a thread of its own, and where to say whether that was started.
    Start { name: &'static str, work: Work, started: Sender<io::Result<()>> },
    /// Work for the privileged thread itself.
    Here(Work),
}

static WORKER: OnceLock<Sender<Order>> = OnceLock::new();

thread_local! {
    /// Whether this thread was started to work with privileges.
    static HAS_PRIVILEGES: Cell<bool> = const { Cell::new(false) };
}

/// Starts the privileged thread, once.
pub(super) fn start() -> io::Result<()> {
    let (orders, taken) = channel();
    thread::Builder::new().name("privileged".to_owned()).spawn(move || serve(&taken))?;
    WORKER.set(orders).map_err(|_| io::ErrorKind::AlreadyExists.into())
}

/// Whether there is a privileged thread, so that the others are confined.
pub(super) fn is_there() -> bool {
    WORKER.get().is_some()
}

fn serve(orders: &Receiver<Order>) {
    for order in orders {
        match order {
            // A file system that does not answer keeps its own thread waiting, and no other.
            Order::Start { name, work, started } => {
                let thread = thread::Builder::new().name(name.to_owned()).spawn(work);
                drop(started.send(thread.map(drop)));
            }
            Order::Here(work) => work(),
        }
    }
}

/// Starts a thread that has all privileges of this program.
pub(crate) fn start_with_privileges(
    name: &'static str,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<()> {
    let Some(worker) = WORKER.get() else {
        let thread = thread::Builder::new().name(name.to_owned()).spawn(work);
        return thread.map(drop).map_err(own::of_starting);
    };
    let (started, is_started) = channel();
    let order = Order::Start { name, work: Box::new(work), started };
    let answer = worker.send(order).ok().and_then(|()| is_started.recv().ok());
    answer.unwrap_or_else(|| Err(gone())).map_err(own::of_starting)
}

/// Does something with all privileges of this program, and waits for it.
///
/// Fails where no thread can be had or the work panics, and as the work does.
pub fn with_privileges<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<io::Error> + Send + 'static,
{
    if !is_there() || HAS_PRIVILEGES.get() {
        return work();
    }
    let (answer, answered) = channel();
    start_with_privileges("with-privileges", move || {
        HAS_PRIVILEGES.set(true);
        drop(answer.send(work()));
    })?;
    answered.recv().unwrap_or_else(|_| Err(gone().into()))
}

/// The same on a thread of its own in any case, without holding up the runtime.
pub(crate) async fn run_with_privileges<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let (answer, answered) = oneshot::channel();
    start_with_privileges("with-privileges", move || {
        HAS_PRIVILEGES.set(true);
        drop(answer.send(work()));
    })?;
    answered.await.map_err(|_| gone())
}

/// Does something brief on the privileged thread itself, which lasts as long as this program.
pub(crate) fn in_worker<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let Some(worker) = WORKER.get() else { return work() };
    let (answer, answered) = channel();
    let order = Order::Here(Box::new(move || drop(answer.send(work()))));
    worker.send(order).map_err(|_| gone())?;
    answered.recv().map_err(|_| gone())?
}

fn gone() -> io::Error {
    io::Error::other("the thread panicked")
}
