//! What a probe saw, in the one shape that reports, rules and replays share.

mod facts;

pub use facts::{Facts, Probe};

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tries::Tries;
use crate::vocabulary::{Step, Token, Vantage};

/// The least that a peer has to be waited for before its silence means anything: a first packet that
/// is lost is sent again after 1 s (RFC 6298), and the longest ways, by a satellite, take some 0.7 s
/// to answer it.
const LEAST_PATIENCE: Duration = Duration::from_millis(1_750);

/// One question, asked from one vantage, and what came back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Observation {
    /// Unique within a report and stable between runs: `vantage/probe/target`.
    pub id: String,
    /// Where the question was asked from.
    pub vantage: Vantage,
    /// What was asked, as a person would write it: an address and port, a name, a port.
    pub target: String,
    pub outcome: Outcome,
    /// Why the question was not answered well, or could not be asked: present when `outcome` is
    /// `fail`, and where there is a reason when it is `skipped`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Milliseconds from the start of the run to the start of this probe.
    pub started_ms: f64,
    /// Milliseconds that this probe took.
    pub duration_ms: f64,
    /// The steps that were taken, in order.
    pub steps: Vec<StepRecord>,
    /// How often it was asked and what was lost; absent where nothing was sent, and in reports of
    /// versions that did not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tries: Option<Tries>,
    /// What the probe found, typed by probe.
    #[serde(flatten)]
    pub facts: Facts,
}

impl Observation {
    pub fn probe(&self) -> Probe {
        self.facts.probe()
    }

    pub fn failed(&self) -> bool {
        self.outcome == Outcome::Fail
    }

    /// The failure's token, if there is a failure.
    pub fn token(&self) -> Option<Token> {
        self.failure.as_ref().map(|failure| failure.token)
    }

    /// Whether the failure is a silence that the run's own `--timeout` cut short.
    pub fn is_cut_short(&self) -> bool {
        self.failed() && self.failure.as_ref().is_some_and(|failure| failure.cut_short)
    }

    /// Whether the failure is that nothing came back.
    pub fn is_silence(&self) -> bool {
        self.failed() && matches!(self.token(), Some(Token::TimedOut | Token::DnsTimeout))
    }

    /// The step that failed, if one did.
    pub fn failed_step(&self) -> Option<Step> {
        self.failure.as_ref().map(|failure| failure.step)
    }
}

/// How a question ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was answered as a healthy network answers it.
    Pass,
    /// It was asked, and the answer was bad or never came.
    Fail,
    /// It could not be asked from here.
    Skipped,
}

/// The step at which a probe failed, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    pub step: Step,
    pub token: Token,
    /// One line for a person. Foreign text in it is bounded and cleaned.
    pub detail: String,
    /// Whether the run's own `--timeout` cut the waiting short, to less than the repetition of a lost
    /// packet and its answer need (1.75 s). The silence then proves nothing of the peer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut_short: bool,
}

impl Failure {
    pub fn new(step: Step, token: Token, detail: impl Into<String>) -> Self {
        Self { step, token, detail: detail.into(), cut_short: false }
    }

    /// The silence of a peer that was given `patience`: cut short where that is less than it needs.
    #[must_use]
    pub fn after(self, patience: Duration) -> Self {
        Self { cut_short: patience < LEAST_PATIENCE, ..self }
    }
}

/// One step of a probe and how long it took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepRecord {
    pub step: Step,
    pub outcome: Outcome,
    /// Milliseconds.
    pub duration_ms: f64,
}
