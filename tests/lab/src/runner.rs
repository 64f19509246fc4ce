//! Running scenarios: build, break, prove, judge.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::claim::ask;
use crate::servers::Servers;
use crate::{Error, Judge, Lab, Result, Scenario, Verdict};

/// What became of one scenario.
#[derive(Debug)]
pub enum Outcome {
    /// The fault is proved, and nobody was asked for a verdict.
    Proved,
    /// The fault is proved, and what the verdict needs is still to come.
    Waits(&'static str),
    /// The verdict is the expected one.
    Right(Verdict),
    /// The verdict is not the expected one, and why.
    Wrong(Verdict, Vec<String>),
    /// The fault is not what the scenario claims; a line for each claim that does not hold.
    NotProved(Vec<String>),
    /// The lab itself failed.
    Failed(Error),
}

/// One line of the table.
#[derive(Debug)]
pub struct Row {
    /// The scenario.
    pub scenario: Scenario,
    /// What became of it.
    pub outcome: Outcome,
    /// How long the tool under test took, or everything when none was asked.
    pub took: Duration,
}

impl Outcome {
    /// Whether this is what the scenario wants.
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Proved | Self::Waits(_) | Self::Right(_))
    }

    /// Whether the lab is not what the scenario wants, so that nothing was judged.
    fn is_of_the_lab(&self) -> bool {
        matches!(self, Self::NotProved(_) | Self::Failed(_))
    }
}

/// Runs one scenario in a lab of its own.
pub fn run(scenario: &Scenario, servers: &dyn Servers, judge: Option<&Judge>) -> Row {
    let start = Instant::now();
    let mut judged = None;
    let outcome = caught(|| attempt(scenario, servers, judge, &mut judged));
    let outcome = outcome.unwrap_or_else(Outcome::Failed);
    Row { scenario: *scenario, outcome, took: judged.unwrap_or_else(|| start.elapsed()) }
}

/// Runs `scenarios`, `jobs` at a time, hands each row to `progress` as it comes, and returns all
/// rows in the scenarios' order.
///
/// A lab that fails is built once more, and `progress` sees both rows: on a machine that others
/// share a server may start late. A wrong verdict is final.
pub fn run_all(
    scenarios: &[Scenario],
    servers: &dyn Servers,
    judge: Option<&Judge>,
    jobs: usize,
    progress: impl Fn(&Row) + Sync,
) -> Vec<Row> {
    in_turns(scenarios, jobs, |scenario| {
        let mut row = run(scenario, servers, judge);
        if row.outcome.is_of_the_lab() {
            progress(&row);
            row = run(scenario, servers, judge);
        }
        progress(&row);
        row
    })
}

/// Does `work` on all `items`, `jobs` at a time, and returns what came of them in their order.
pub(crate) fn in_turns<T: Sync, R: Send>(
    items: &[T],
    jobs: usize,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { return done };
            done.push((index, work(item)));
        }
    };
    let mut done: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(work)).collect();
        // A worker that panicked takes its rows with it, and nobody may take the rest for all.
        let joined = workers.into_iter().map(thread::ScopedJoinHandle::join);
        joined.flat_map(|done| done.unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, one)| one).collect()
}

/// Does `work`; a panic is an error of the lab.
pub(crate) fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default();
        Err(Error::Panicked(said.to_owned()))
    })
}

fn attempt(
    scenario: &Scenario,
    servers: &dyn Servers,
    judge: Option<&Judge>,
    judged: &mut Option<Duration>,
) -> Result<Outcome> {
    let mut lab = Lab::build(scenario.topology, servers)?;
    (scenario.fault)(&mut lab)?;
    let wrong = ask(&lab, scenario.proof)?;
    if !wrong.is_empty() {
        return Ok(Outcome::NotProved(wrong));
    }
    let Some(judge) = judge else { return Ok(Outcome::Proved) };
    if let Some(reason) = scenario.waits_for {
        return Ok(Outcome::Waits(reason));
    }
    let start = Instant::now();
    let verdict = judge.verdict(&lab, scenario)?;
    *judged = Some(start.elapsed());
    let wrong = verdict.differences(&scenario.expected);
    if wrong.is_empty() { Ok(Outcome::Right(verdict)) } else { Ok(Outcome::Wrong(verdict, wrong)) }
}
