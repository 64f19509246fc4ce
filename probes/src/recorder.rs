//! The record of one probe while it runs: its steps, their times, and the one deadline above them.

use std::future::Future;
use std::io;
use std::time::{Duration, Instant};

use crate::observation::{Facts, Failure, Observation, Outcome, Step, StepRecord, Token, Vantage};

/// When the run started and when its probes must have ended.
#[derive(Clone, Copy, Debug)]
pub struct Timeline {
    origin: Instant,
    deadline: Instant,
}

impl Timeline {
    /// A run that starts now and whose probes end within `limit`.
    pub fn start(limit: Duration) -> Self {
        let origin = Instant::now();
        Self { origin, deadline: origin + limit }
    }

    /// A run that another process started so many milliseconds ago, with its limit.
    ///
    /// Numbers that are none are taken for zero.
    pub fn resume(elapsed_ms: f64, limit_ms: f64) -> Self {
        let duration = |ms: f64| Duration::try_from_secs_f64(ms / 1_000.0).unwrap_or_default();
        let now = Instant::now();
        let origin = now.checked_sub(duration(elapsed_ms)).unwrap_or(now);
        Self { origin, deadline: origin.checked_add(duration(limit_ms)).unwrap_or(now) }
    }

    /// The time that is left; zero when the deadline has passed.
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// The whole time that probes were given.
    pub fn limit(&self) -> Duration {
        self.deadline - self.origin
    }

    /// How long a peer may stay silent before a step that opens a conversation gives up.
    ///
    /// Half of the run: a first packet that is lost is sent again after 1 s and 3 s (RFC 6298),
    /// so the default of 10 s gives every peer three chances, and leaves the other half to what
    /// follows.
    pub fn patience(&self) -> Duration {
        self.limit() / 2
    }

    /// Milliseconds since the start of the run.
    pub fn elapsed_ms(&self) -> f64 {
        milliseconds(self.origin.elapsed())
    }
}

/// A duration in milliseconds, to the microsecond.
pub fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// Records the steps of one probe.
#[derive(Debug)]
pub struct Recorder {
    timeline: Timeline,
    started: Instant,
    started_ms: f64,
    steps: Vec<StepRecord>,
}

impl Recorder {
    /// Begins the record of a probe that starts now.
    pub fn start(timeline: Timeline) -> Self {
        Self {
            timeline,
            started: Instant::now(),
            started_ms: timeline.elapsed_ms(),
            steps: Vec::new(),
        }
    }

    pub fn timeline(&self) -> Timeline {
        self.timeline
    }

    /// Takes one step: bounded by `limit` and by the run's deadline, timed, and recorded.
    ///
    /// A step that does not end in time fails with [`Token::TimedOut`].
    pub async fn step<T>(
        &mut self,
        step: Step,
        limit: Duration,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let begun = Instant::now();
        let limit = limit.min(self.timeline.remaining());
        let result = match tokio::time::timeout(limit, work).await {
            Ok(result) => result,
            Err(_) => Err(Failure::new(
                step,
                Token::TimedOut,
                format!("no answer within {:.1} s", limit.as_secs_f64()),
            )),
        };
        let outcome = if result.is_ok() { Outcome::Pass } else { Outcome::Fail };
        self.record(step, outcome, begun);
        result
    }

    /// Adds a step that began at `begun` and ends now.
    pub fn record(&mut self, step: Step, outcome: Outcome, begun: Instant) {
        self.steps.push(StepRecord { step, outcome, duration_ms: milliseconds(begun.elapsed()) });
    }

    /// The last recorded time of a step, in milliseconds.
    pub fn duration_ms(&self, step: Step) -> Option<f64> {
        self.steps.iter().rev().find(|record| record.step == step).map(|record| record.duration_ms)
    }

    /// Closes the record. `subject` tells this observation from others of the same probe and vantage.
    pub fn finish(
        self,
        vantage: &Vantage,
        subject: &str,
        target: impl Into<String>,
        result: Result<(), Failure>,
        facts: Facts,
    ) -> Observation {
        let outcome = if result.is_ok() { Outcome::Pass } else { Outcome::Fail };
        Observation {
            id: format!("{vantage}/{}/{subject}", facts.probe()),
            vantage: vantage.clone(),
            target: target.into(),
            outcome,
            failure: result.err(),
            started_ms: self.started_ms,
            duration_ms: milliseconds(self.started.elapsed()),
            steps: self.steps,
            facts,
        }
    }
}

/// The failure that an operating system's error means at this step.
pub fn io_failure(step: Step, error: &io::Error) -> Failure {
    let text = error.to_string();
    // The number says nothing that the words do not.
    let words = text.split(" (os error").next().unwrap_or(&text);
    Failure::new(step, io_token(error), crate::clean::line(words, 160))
}

/// The word for an operating system's error on a socket.
fn io_token(error: &io::Error) -> Token {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::ConnectionRefused => Token::ConnectionRefused,
        Kind::ConnectionReset | Kind::BrokenPipe | Kind::ConnectionAborted => {
            Token::ConnectionReset
        }
        Kind::UnexpectedEof => Token::ConnectionClosed,
        Kind::NetworkUnreachable => Token::NetworkUnreachable,
        Kind::HostUnreachable => Token::HostUnreachable,
        Kind::NetworkDown => Token::NetworkDown,
        Kind::PermissionDenied => Token::Prohibited,
        // What a blackhole route gives to connect(2).
        Kind::InvalidInput => Token::Blackholed,
        Kind::AddrNotAvailable | Kind::Unsupported => Token::AddressNotAvailable,
        Kind::TimedOut | Kind::WouldBlock => Token::TimedOut,
        Kind::AddrInUse => Token::AddressInUse,
        _ => Token::IoError,
    }
}
