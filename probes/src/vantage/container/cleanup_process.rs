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
use super::wire::{Event, LONGEST_IN, LineReader, Request, parse, write_line};
use crate::clean;

/// How many events may wait to be sent on. A container that writes more has to wait.
const EVENTS: usize = 16;

/// Takes a run's requests from standard input until the run ends, and answers on standard output.
pub async fn remove_containers_after_run() -> io::Result<()> {
    // Ctrl-C and a hang-up are for the run. This process learns of them when the run ends.
    let _ = rustix::process::setsid();
    let _ = rustix::thread::set_name(c"edgeprobe");
    let (end, over) = watch::channel(false);
    let host = Arc::new(Host::new(Owner::this()?, over).await);
    let mut under_way = JoinSet::new();
    under_way.spawn(sweep(Arc::clone(&host)));

    let result = take_requests(&host, &mut under_way).await;
    // The engine completes open requests even if nobody waits for them. Only then is it known what
    // has to be removed.
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

/// Removes what earlier runs left that were killed together with their cleanup processes.
async fn sweep(host: Arc<Host>) {
    if let Ok(client) = &host.client
        && let Err(error) = remove(client, Owner::is_gone).await
    {
        tracing::debug!("what earlier runs left is not removed: {error}");
    }
}

/// Returns when the run has ended. Its requests may still be under way.
async fn take_requests(host: &Arc<Host>, under_way: &mut JoinSet<()>) -> io::Result<()> {
    // A service manager sends SIGTERM to all processes of a service: the run ends too.
    let mut asked_to_end = signal(SignalKind::terminate())?;
    let mut requests = LineReader::new(stdin(), 2 * LONGEST_IN);
    let mut output = stdout();
    let (events, mut received) = channel(EVENTS);
    let mut containers: BTreeMap<u32, UnboundedSender<String>> = BTreeMap::new();
    loop {
        tokio::select! {
            line = requests.next() => {
                let Some(line) = line? else { return Ok(()) };
                match parse(&line)? {
                    Request::Start { id, name, network } => {
                        let (container, lines) = unbounded_channel();
                        containers.insert(id, container);
                        let (host, events) = (Arc::clone(host), events.clone());
                        under_way.spawn(start(host, id, name, network, lines, events));
                    }
                    Request::Send { id, line } => {
                        if let Some(container) = containers.get(&id) {
                            drop(container.send(line));
                        }
                    }
                }
            }
            Some(event) = received.recv() => write_line(&mut output, &event).await?,
            _ = asked_to_end.recv() => return Ok(()),
        }
    }
}

/// Runs a container from its start to its removal.
async fn start(
    host: Arc<Host>,
    id: u32,
    name: String,
    network: String,
    lines: UnboundedReceiver<String>,
    events: Sender<Event>,
) {
    let why = match host.run_container(&name, &network, lines, (id, &events)).await {
        Ok(()) => "the container has ended".to_owned(),
        Err(why) => clean::line(&why, 200),
    };
    drop(events.send(Event::Ended { id, why }).await);
}
