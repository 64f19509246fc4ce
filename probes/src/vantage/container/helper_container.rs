//! A container as the run sees it: something to ask, behind its cleanup process.

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
use super::wire::{Answer, LONGEST_OUT, LineReader, Order, Posed, SetUp, Word, line_of, parsed};
use crate::clean;
use crate::endpoint::Roots;
use crate::recorder::{Timeline, milliseconds};
use crate::tool::start_this_program;
use crate::vantage::NetworkQuestion;

/// How much longer than the run's own deadline an answer may be on its way.
const ON_THE_WAY: Duration = Duration::from_millis(100);

/// The process beside this one that has a run's containers.
#[derive(Debug)]
pub(super) struct CleanupProcess {
    process: tokio::sync::Mutex<Child>,
    /// None when it has been told that the run is over.
    orders: Mutex<Option<UnboundedSender<Order>>>,
    desk: Arc<Mutex<Desk>>,
}

/// Who waits for what.
#[derive(Debug, Default)]
struct Desk {
    containers: BTreeMap<u32, Waiting>,
    next: u32,
}

/// What is awaited of one container.
#[derive(Debug, Default)]
struct Waiting {
    ready: Option<oneshot::Sender<Result<(), String>>>,
    answers: HashMap<u64, oneshot::Sender<Observation>>,
    next: u64,
}

impl CleanupProcess {
    pub(super) fn start() -> io::Result<Self> {
        let mut process = start_this_program(REMOVE_CONTAINERS)?;
        let (orders, taken) = unbounded_channel();
        let desk = Arc::new(Mutex::new(Desk::default()));
        if let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) {
            tokio::spawn(hand_in(taken, input));
            tokio::spawn(hear(output, Arc::clone(&desk)));
        }
        Ok(Self { process: process.into(), orders: Mutex::new(Some(orders)), desk })
    }

    fn order(&self, order: Order) {
        if let Some(orders) = &*locked(&self.orders) {
            // A cleanup process that has ended takes its containers along, and their answers fail to come.
            drop(orders.send(order));
        }
    }

    /// Tells it that the run is over, and waits until it has removed everything.
    pub(super) async fn close(&self, patience: Duration) {
        drop(locked(&self.orders).take());
        let ended = async { self.process.lock().await.wait().await };
        if timeout(patience, ended).await.is_err() {
            tracing::debug!("containers are still being removed");
        }
    }
}

/// A container on a network, for as long as its run goes on.
#[derive(Debug)]
pub struct HelperContainer {
    cleanup: Arc<CleanupProcess>,
    place: u32,
    name: String,
    vantage: Vantage,
}

impl HelperContainer {
    /// Errors say in a line why there is none.
    pub(super) async fn start(
        cleanup: Arc<CleanupProcess>,
        name: String,
        network: &str,
        timeline: Timeline,
        vantage: &Vantage,
        roots: &Roots,
    ) -> Result<Self, String> {
        let (ready, is_ready) = oneshot::channel();
        let place = {
            let mut desk = locked(&cleanup.desk);
            desk.next += 1;
            let place = desk.next;
            desk.containers.insert(place, Waiting { ready: Some(ready), ..Waiting::default() });
            place
        };
        let container = Self { cleanup, place, name: name.clone(), vantage: vantage.clone() };
        container.cleanup.order(Order::Start { place, name, network: network.to_owned() });
        is_ready.await.unwrap_or_else(|_| Err("its cleanup process has ended".to_owned()))?;
        let set_up = SetUp {
            vantage: vantage.clone(),
            elapsed_ms: timeline.elapsed_ms(),
            limit_ms: milliseconds(timeline.limit()),
            roots: roots.clone(),
        };
        container.say(&set_up).map_err(|error| error.to_string())?;
        Ok(container)
    }

    /// The container's name in the engine.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Asks it. None when it has ended, or answers something else.
    pub async fn ask(&self, timeline: Timeline, question: NetworkQuestion) -> Option<Observation> {
        let (answer, answered) = oneshot::channel();
        let number = {
            let mut desk = locked(&self.cleanup.desk);
            let waiting = desk.containers.get_mut(&self.place)?;
            waiting.next += 1;
            waiting.answers.insert(waiting.next, answer);
            waiting.next
        };
        self.say(&Posed { number, question }).ok()?;
        let observation = timeout(timeline.remaining() + ON_THE_WAY, answered).await.ok()?.ok()?;
        (observation.vantage == self.vantage).then_some(observation)
    }

    fn say(&self, value: &impl Serialize) -> io::Result<()> {
        self.cleanup.order(Order::Say { place: self.place, line: line_of(value)? });
        Ok(())
    }
}

/// Writes orders until there are no more, and closes the pipe, by which the cleanup process knows. On a task
/// of its own, so that nobody who gives up waiting leaves half an order behind.
async fn hand_in(mut orders: UnboundedReceiver<Order>, mut input: ChildStdin) {
    while let Some(order) = orders.recv().await {
        let Ok(line) = line_of(&order) else { continue };
        if input.write_all(line.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Hands on what the cleanup process says, until it ends.
async fn hear(output: ChildStdout, desk: Arc<Mutex<Desk>>) {
    // A line within a line is written with escapes.
    let mut lines = LineReader::new(output, 2 * LONGEST_OUT);
    while let Ok(Some(line)) = lines.next().await {
        match parsed(&line) {
            Ok(Word::Said { place, line }) => locked(&desk).take(place, &line),
            Ok(Word::Ended { place, why }) => locked(&desk).end(place, &why),
            Err(error) => tracing::debug!("the cleanup process says what is no word: {error}"),
        }
    }
    // Everyone who waits hears of it.
    locked(&desk).containers.clear();
}

impl Desk {
    /// Takes a line that a container wrote. What nobody has asked for is dropped.
    fn take(&mut self, place: u32, line: &str) {
        let Some(waiting) = self.containers.get_mut(&place) else { return };
        match parsed(line) {
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
            Err(error) => tracing::debug!("a container says what is no answer: {error}"),
        }
    }

    fn end(&mut self, place: u32, why: &str) {
        if let Some(ready) = self.containers.remove(&place).and_then(|waiting| waiting.ready) {
            drop(ready.send(Err(clean::line(why, 200))));
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
