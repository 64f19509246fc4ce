//! The shape of an observation.

use std::net::IpAddr;

use edgeprobe_facts::{Facts, Failure, Observation, Outcome, Step, StepRecord, Vantage};

use crate::world::Network;

/// An observation in the making.
pub(super) struct Record {
    vantage: Vantage,
    subject: String,
    steps: Vec<StepRecord>,
}

impl Record {
    pub(super) fn new(vantage: &Vantage, subject: &str) -> Self {
        Self { vantage: vantage.clone(), subject: subject.to_owned(), steps: Vec::new() }
    }

    pub(super) fn step(mut self, step: Step, passed: bool) -> Self {
        self.add(step, passed);
        self
    }

    pub(super) fn add(&mut self, step: Step, passed: bool) {
        let outcome = if passed { Outcome::Pass } else { Outcome::Fail };
        self.steps.push(StepRecord { step, outcome, duration_ms: 1.0 });
    }

    /// Whether this step was taken, the last time that it was tried.
    pub(super) fn passed(&self, step: Step) -> bool {
        let last = self.steps.iter().rev().find(|taken| taken.step == step);
        last.is_some_and(|taken| taken.outcome == Outcome::Pass)
    }

    /// The same, with the time that the last step took.
    pub(super) fn took(&mut self, duration_ms: f64) {
        self.steps.last_mut().unwrap().duration_ms = duration_ms;
    }

    pub(super) fn finish(
        self,
        target: impl Into<String>,
        result: Result<(), Failure>,
        facts: Facts,
    ) -> Observation {
        Observation {
            id: format!("{}/{}/{}", self.vantage, facts.probe(), self.subject),
            vantage: self.vantage,
            target: target.into(),
            outcome: if result.is_ok() { Outcome::Pass } else { Outcome::Fail },
            failure: result.err(),
            started_ms: 0.0,
            duration_ms: 1.0,
            steps: self.steps,
            tries: None,
            facts,
        }
    }

    /// As [`finish`](Self::finish), of a question that could not be asked.
    pub(super) fn skip(
        self,
        target: impl Into<String>,
        why: Option<Failure>,
        facts: Facts,
    ) -> Observation {
        let observation = self.finish(target, Ok(()), facts);
        Observation { outcome: Outcome::Skipped, failure: why, ..observation }
    }
}

/// The address that stands for a network's modules: a running one's, else the first free one.
pub(crate) fn module(network: &Network) -> IpAddr {
    let running = network.residents.first().map(|resident| resident.address);
    running.unwrap_or_else(|| network.subnet.hosts().nth(1).unwrap())
}
