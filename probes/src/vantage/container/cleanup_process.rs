//! The process that starts containers for a run and removes them when the run ends.
//!
//! A run can be killed between a request to the engine and the answer, and then cannot remove what
//! it asked for. So the run sends its requests to this process over a pipe. The kernel closes the
//! pipe when the run ends, even by SIGKILL. This process then waits for its open requests to the
//! engine, removes everything with its label, and ends.
//!
//! If this process is killed too, an image without a name can remain, which the next cleanup process
//! on the device removes, and at most one container that was never started. A running container ends
//! when its input closes, which the engine does when this process's connection closes, and the
//! engine removes it then.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use tokio::io::{stdin, stdout};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{Sender, UnboundedReceiver, UnboundedSender, channel, unbounded_channel};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::host::Host;
use super::leftovers::{Owner, remove, remove_image};
use super::wire::{LONGEST_IN, LineReader, Order, Word, parsed, tell};
use crate::clean;

/// How many words of containers may wait to be handed on. One that says more is not listened to.
const WORDS: usize = 16;

/// Takes a run's orders from standard input until it ends, and answers on standard output.
pub async fn remove_containers_after_run() -> io::Result<()> {
    // Ctrl-C and a hang-up are for the run. This process learns of them when the run ends.
    let _ = rustix::process::setsid();
    let _ = rustix::thread::set_name(c"edgeprobe");
    let (end, over) = watch::channel(false);
    let host = Arc::new(Host::new(Owner::this()?, over).await);
    let mut under_way = JoinSet::new();
    under_way.spawn(sweep(Arc::clone(&host)));

    let result = take_orders(&host, &mut under_way).await;
    // What the engine has been asked for comes into being, whether or not anyone still waits for
    // it; only then is it known what there is to remove.
    let _ = end.send(true);
    while under_way.join_next().await.is_some() {}
    if let Ok(client) = &host.client {
        let removed = remove(client, |owner| *owner == host.owner).await;
        // Podman lists images without a name in a form that clients for Docker cannot read; by its
        // id the image goes there too.
        if removed.is_err()
            && let Some(image) = host.image()
        {
            remove_image(client, image).await;
        }
        removed.map_err(io::Error::other)?;
    }
    result
}

/// Removes what earlier runs have left that were killed together with their keepers.
async fn sweep(host: Arc<Host>) {
    if let Ok(client) = &host.client
        && let Err(error) = remove(client, Owner::is_gone).await
    {
        tracing::debug!("what earlier runs left is not removed: {error}");
    }
}

/// Returns when the run has ended. What it ordered may still be under way.
async fn take_orders(host: &Arc<Host>, under_way: &mut JoinSet<()>) -> io::Result<()> {
    // Whoever stops a whole service asks everyone in it to end: that is the end of the run as well.
    let mut asked_to_end = signal(SignalKind::terminate())?;
    let mut orders = LineReader::new(stdin(), 2 * LONGEST_IN);
    let mut output = stdout();
    let (words, mut spoken) = channel(WORDS);
    let mut containers: BTreeMap<u32, UnboundedSender<String>> = BTreeMap::new();
    loop {
        tokio::select! {
            line = orders.next() => {
                let Some(line) = line? else { return Ok(()) };
                match parsed(&line)? {
                    Order::Start { place, name, network } => {
                        let (container, lines) = unbounded_channel();
                        containers.insert(place, container);
                        let (host, words) = (Arc::clone(host), words.clone());
                        under_way.spawn(start(host, place, name, network, lines, words));
                    }
                    Order::Say { place, line } => {
                        if let Some(container) = containers.get(&place) {
                            drop(container.send(line));
                        }
                    }
                }
            }
            Some(word) = spoken.recv() => tell(&mut output, &word).await?,
            _ = asked_to_end.recv() => return Ok(()),
        }
    }
}

/// Has a container from its beginning to its end.
async fn start(
    host: Arc<Host>,
    place: u32,
    name: String,
    network: String,
    lines: UnboundedReceiver<String>,
    words: Sender<Word>,
) {
    let why = match host.have(&name, &network, lines, (place, &words)).await {
        Ok(()) => "the container has ended".to_owned(),
        Err(why) => clean::line(&why, 200),
    };
    drop(words.send(Word::Ended { place, why }).await);
}
