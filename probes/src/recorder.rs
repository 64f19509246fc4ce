//! The record of one probe while it runs: its steps, their times, and the one deadline above them.

use std::future::Future;
use std::io;
use std::time::{Duration, Instant};

use edgeprobe_facts::{Facts, Failure, Observation, Outcome, Step, StepRecord, Token, Vantage};

use crate::own;

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
    /// A step that does not end in time fails with [`Token::TimedOut`], and its failure says whether
    /// the time was too short to prove anything.
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
            Err(_) => Err(silence(step, limit)),
        };
        self.record(step, outcome(&result), begun);
        result
    }

    /// Gives the last record of a step the outcome of what was found out after it.
    pub(crate) fn conclude(&mut self, step: Step, result: &Result<(), Failure>) {
        if let Some(record) = self.steps.iter_mut().rev().find(|record| record.step == step) {
            record.outcome = outcome(result);
        }
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
        Observation {
            id: format!("{vantage}/{}/{subject}", facts.probe()),
            vantage: vantage.clone(),
            target: target.into(),
            outcome: outcome(&result),
            failure: result.err(),
            started_ms: self.started_ms,
            duration_ms: milliseconds(self.started.elapsed()),
            steps: self.steps,
            facts,
        }
    }
}

/// How a question ended: what this run itself lacks is no answer.
pub(crate) fn outcome<T>(result: &Result<T, Failure>) -> Outcome {
    match result {
        Ok(_) => Outcome::Pass,
        Err(failure) if failure.token.is_own() => Outcome::Skipped,
        Err(_) => Outcome::Fail,
    }
}

/// The failure of a step that was given this long.
fn silence(step: Step, limit: Duration) -> Failure {
    let seconds = limit.as_secs_f64();
    let failure = Failure::new(step, Token::TimedOut, "").after(limit);
    let detail = if failure.cut_short {
        format!("no answer within the {seconds:.1} s that --timeout left for it")
    } else {
        format!("no answer within {seconds:.1} s")
    };
    Failure { detail, ..failure }
}

/// The failure that an operating system's error means at this step.
pub fn io_failure(step: Step, error: &io::Error) -> Failure {
    let text = error.to_string();
    // The number says nothing that the words do not.
    let words = text.split(" (os error").next().unwrap_or(&text);
    Failure::new(step, io_token(step, error), crate::clean::line(words, 160))
}

/// The word for an operating system's error on a socket.
fn io_token(step: Step, error: &io::Error) -> Token {
    use io::ErrorKind as Kind;
    if let Some(token) = own::token(error) {
        return token;
    }
    match error.kind() {
        Kind::ConnectionRefused => Token::ConnectionRefused,
        Kind::ConnectionReset | Kind::BrokenPipe | Kind::ConnectionAborted => {
            Token::ConnectionReset
        }
        Kind::UnexpectedEof => Token::ConnectionClosed,
        Kind::NetworkUnreachable => Token::NetworkUnreachable,
        Kind::HostUnreachable => Token::HostUnreachable,
        Kind::NetworkDown => Token::NetworkDown,
        // No rule refuses what is sent over a connection that stands. An answer of ICMPv6 may end it, by
        // EACCES alone.
        Kind::PermissionDenied
            if is_over_a_connection(step) && (own::is_eperm(error) || !own::may_send()) =>
        {
            Token::OwnPermission
        }
        Kind::PermissionDenied => Token::Prohibited,
        // What a blackhole route gives to connect(2).
        Kind::InvalidInput => Token::Blackholed,
        Kind::AddrNotAvailable | Kind::Unsupported => Token::AddressNotAvailable,
        Kind::TimedOut | Kind::WouldBlock => Token::TimedOut,
        Kind::AddrInUse => Token::AddressInUse,
        _ => Token::IoError,
    }
}

fn is_over_a_connection(step: Step) -> bool {
    matches!(step, Step::Proxy | Step::Tls | Step::Http | Step::Upgrade | Step::Amqp | Step::Mqtt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_process_itself_lacks_is_no_fault_of_the_network() {
        for number in [24, 23, 12, 105] {
            let error = io::Error::from_raw_os_error(number);
            let failure = io_failure(Step::Connect, &error);
            assert_eq!(failure.token, Token::OwnLimit, "{error}");
            assert_eq!(outcome::<()>(&Err(failure)), Outcome::Skipped);
        }
        for number in [1, 13] {
            let error = io::Error::from_raw_os_error(number);
            assert_eq!(io_failure(Step::Connect, &error).token, Token::Prohibited);
            let own = io_failure(Step::Connect, &own::denied(error));
            assert_eq!(own.token, Token::OwnPermission);
            assert!(!own.detail.contains("os error"), "{}", own.detail);
        }
        let over_a_connection =
            |number| io_failure(Step::Amqp, &io::Error::from_raw_os_error(number)).token;
        assert_eq!(over_a_connection(1), Token::OwnPermission);
        assert_eq!(over_a_connection(13), Token::Prohibited);
    }

    #[tokio::test]
    async fn a_step_whose_waiting_the_deadline_cut_short_says_so() {
        let mut recorder = Recorder::start(Timeline::start(Duration::from_millis(20)));
        let silent = std::future::pending::<Result<(), Failure>>();
        let failure = recorder.step(Step::Tls, Duration::from_secs(5), silent).await.unwrap_err();
        assert_eq!((failure.token, failure.cut_short), (Token::TimedOut, true));
        assert!(failure.detail.ends_with("s that --timeout left for it"), "{}", failure.detail);
    }

    #[test]
    fn a_step_that_waited_for_the_repetition_of_a_lost_packet_does_not() {
        let failure = silence(Step::Tls, Duration::from_secs(3));
        assert_eq!((failure.cut_short, failure.detail.as_str()), (false, "no answer within 3.0 s"));
    }
}
