//! A helper container on the side of the run, which reaches it through the cleanup process.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use edgeprobe_facts::{Observation, Vantage};
use serde::Serialize;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::REMOVE_CONTAINERS;
use super::wire::{
    Answer, Event, LONGEST_OUT, LineReader, NumberedQuestion, Request, SetUp, parse, to_line,
};
use crate::clean;
use crate::endpoint::Roots;
use crate::recorder::{Timeline, milliseconds};
use crate::tool::start_this_program;
use crate::vantage::NetworkQuestion;

/// How much longer than the run's own deadline an answer may be on its way.
const ON_THE_WAY: Duration = Duration::from_millis(100);

/// The process that starts and removes a run's containers.
#[derive(Debug)]
pub(super) struct CleanupProcess {
    process: tokio::sync::Mutex<Child>,
    /// `None` after it was told that the run is over.
    requests: Mutex<Option<UnboundedSender<Request>>>,
    pending: Arc<Mutex<Pending>>,
}

/// The containers, and who waits for their answers.
#[derive(Debug, Default)]
struct Pending {
    containers: BTreeMap<u32, Waiting>,
    next: u32,
}

/// What is awaited from one container.
#[derive(Debug, Default)]
struct Waiting {
    ready: Option<oneshot::Sender<Result<(), String>>>,
    answers: HashMap<u64, oneshot::Sender<Observation>>,
    next: u64,
}

impl CleanupProcess {
    pub(super) fn start() -> io::Result<Self> {
        let mut process = start_this_program(REMOVE_CONTAINERS)?;
        let (requests, received) = unbounded_channel();
        let pending = Arc::new(Mutex::new(Pending::default()));
        if let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) {
            tokio::spawn(write_requests(received, input));
            tokio::spawn(read_events(output, Arc::clone(&pending)));
        }
        Ok(Self { process: process.into(), requests: Mutex::new(Some(requests)), pending })
    }

    fn request(&self, request: Request) {
        if let Some(requests) = &*locked(&self.requests) {
            // When the cleanup process has ended, its containers are gone and answers do not come.
            drop(requests.send(request));
        }
    }

    /// Tells it that the run is over, and waits until it has removed everything.
    pub(super) async fn close(&self, patience: Duration) {
        drop(locked(&self.requests).take());
        let ended = async { self.process.lock().await.wait().await };
        if timeout(patience, ended).await.is_err() {
            tracing::debug!("containers are still being removed");
        }
    }
}

/// A container on a network, until its run ends.
#[derive(Debug)]
pub struct HelperContainer {
    cleanup: Arc<CleanupProcess>,
    id: u32,
    name: String,
    vantage: Vantage,
}

impl HelperContainer {
    /// Errors say in one line why it did not start.
    pub(super) async fn start(
        cleanup: Arc<CleanupProcess>,
        name: String,
        network: &str,
        timeline: Timeline,
        vantage: &Vantage,
        roots: &Roots,
    ) -> Result<Self, String> {
        let (ready, is_ready) = oneshot::channel();
        let id = {
            let mut pending = locked(&cleanup.pending);
            pending.next += 1;
            let id = pending.next;
            pending.containers.insert(id, Waiting { ready: Some(ready), ..Waiting::default() });
            id
        };
        let container = Self { cleanup, id, name: name.clone(), vantage: vantage.clone() };
        container.cleanup.request(Request::Start { id, name, network: network.to_owned() });
        is_ready.await.unwrap_or_else(|_| Err("its cleanup process has ended".to_owned()))?;
        let set_up = SetUp {
            vantage: vantage.clone(),
            elapsed_ms: timeline.elapsed_ms(),
            limit_ms: milliseconds(timeline.limit()),
            roots: roots.clone(),
        };
        container.send(&set_up).map_err(|error| error.to_string())?;
        Ok(container)
    }

    /// The container's name in the engine.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Asks it. `None` when it has ended, or answers something else.
    pub async fn ask(&self, timeline: Timeline, question: NetworkQuestion) -> Option<Observation> {
        let (answer, answered) = oneshot::channel();
        let number = {
            let mut pending = locked(&self.cleanup.pending);
            let waiting = pending.containers.get_mut(&self.id)?;
            waiting.next += 1;
            waiting.answers.insert(waiting.next, answer);
            waiting.next
        };
        self.send(&NumberedQuestion { number, question }).ok()?;
        let observation = timeout(timeline.remaining() + ON_THE_WAY, answered).await.ok()?.ok()?;
        (observation.vantage == self.vantage).then_some(observation)
    }

    fn send(&self, value: &impl Serialize) -> io::Result<()> {
        self.cleanup.request(Request::Send { id: self.id, line: to_line(value)? });
        Ok(())
    }
}

/// Writes requests until the run is over, then closes the pipe, which tells the cleanup process. It is a
/// separate task, so that a caller that gives up waiting never leaves half a request in the pipe.
async fn write_requests(mut requests: UnboundedReceiver<Request>, mut input: ChildStdin) {
    while let Some(request) = requests.recv().await {
        let Ok(line) = to_line(&request) else { continue };
        if input.write_all(line.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Reads events of the cleanup process until it ends.
async fn read_events(output: ChildStdout, pending: Arc<Mutex<Pending>>) {
    // A line within a line is written with escapes.
    let mut lines = LineReader::new(output, 2 * LONGEST_OUT);
    while let Ok(Some(line)) = lines.next().await {
        match parse(&line) {
            Ok(Event::Line { id, line }) => locked(&pending).receive(id, &line),
            Ok(Event::Ended { id, why }) => locked(&pending).end(id, &why),
            Err(error) => tracing::debug!("the cleanup process sent an invalid event: {error}"),
        }
    }
    // Everyone who waits gets an error.
    locked(&pending).containers.clear();
}

impl Pending {
    /// Takes a line that a container wrote. An answer that nobody waits for is dropped.
    fn receive(&mut self, id: u32, line: &str) {
        let Some(waiting) = self.containers.get_mut(&id) else { return };
        match parse(line) {
            Ok(Answer::Ready) => {
                if let Some(ready) = waiting.ready.take() {
                    drop(ready.send(Ok(())));
                }
            }
            Ok(Answer::Answered { number, observation }) => {
                if let Some(answer) = waiting.answers.remove(&number) {
                    drop(answer.send(*observation));
                }
            }
            Err(error) => tracing::debug!("a container sent an invalid answer: {error}"),
        }
    }

    fn end(&mut self, id: u32, why: &str) {
        if let Some(ready) = self.containers.remove(&id).and_then(|waiting| waiting.ready) {
            drop(ready.send(Err(clean::line(why, 200))));
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
