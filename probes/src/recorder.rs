//! The record of one probe while it runs: its steps, their times, and the one deadline above them.

use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use edgeprobe_facts::{
    Facts, Failure, Observation, Outcome, Step, StepRecord, Token, Tries, Vantage,
};

use crate::{own, pauses};

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
    /// A value that is not a number counts as zero.
    pub fn resume(elapsed_ms: f64, limit_ms: f64) -> Self {
        let duration = |ms: f64| Duration::try_from_secs_f64(ms / 1_000.0).unwrap_or_default();
        let now = Instant::now();
        let origin = now.checked_sub(duration(elapsed_ms)).unwrap_or(now);
        Self { origin, deadline: origin.checked_add(duration(limit_ms)).unwrap_or(now) }
    }

    /// The time that is left; zero when the deadline has passed. Time in which this process did not
    /// run does not count.
    pub fn remaining(&self) -> Duration {
        let deadline = self.deadline + pauses::given_back(self.origin);
        deadline.saturating_duration_since(Instant::now())
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
    tries: Option<Tries>,
    progress: Progress,
}

/// Which step a probe is at, and since when; whoever waits for it may look.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress(Arc<Mutex<Option<Stage>>>);

/// A step that is under way, or was the last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stage {
    pub(crate) step: Step,
    pub(crate) since: Instant,
    /// How long the TCP handshake took, once it is done: about one round trip.
    pub(crate) round_trip: Option<Duration>,
    /// Whether this process works, and the peer is not waited for.
    pub(crate) is_own_work: bool,
}

impl Stage {
    /// How many packets were sent in vain at this step, if nothing came back.
    pub(crate) fn sent_in_vain(&self, patience: Duration) -> u32 {
        let waited = self.since.elapsed().min(patience);
        match self.round_trip {
            // The first packet is sent again after a second, and then twice as late each time.
            None => sent_within(Duration::from_secs(1), waited, FAR),
            // Either end does so from three round trips on, and 200 ms at the least.
            Some(round_trip) => {
                let first = (round_trip * 3).max(Duration::from_millis(200));
                sent_within(first, waited, round_trip * 2)
            }
        }
    }
}

/// How long after its first packet a peer may take to answer where its distance is not known.
pub(crate) const FAR: Duration = Duration::from_millis(750);

/// How many packets were sent within so long a time that an answer to each could have come, where the
/// first is repeated after `first` and each later one after twice the time (RFC 6298).
pub(crate) fn sent_within(first: Duration, waited: Duration, answer: Duration) -> u32 {
    let (mut sent, mut at, mut gap) = (0, Duration::ZERO, first);
    while at + answer <= waited {
        sent += 1;
        at += gap;
        gap *= 2;
    }
    sent
}

impl Progress {
    pub(crate) fn now(&self) -> Option<Stage> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn at(&self, step: Step) {
        let mut stage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let round_trip = stage.and_then(|last| {
            let connected = last.step == Step::Connect && step > Step::Connect;
            if connected { Some(last.since.elapsed()) } else { last.round_trip }
        });
        *stage = Some(Stage { step, since: Instant::now(), round_trip, is_own_work: false });
    }
}

impl Recorder {
    /// Begins the record of a probe that starts now.
    pub fn start(timeline: Timeline) -> Self {
        Self {
            timeline,
            started: Instant::now(),
            started_ms: timeline.elapsed_ms(),
            steps: Vec::new(),
            tries: None,
            progress: Progress::default(),
        }
    }

    /// A record of the same question, asked once more.
    pub(crate) fn again(&self) -> Self {
        Self { steps: Vec::new(), tries: None, progress: Progress::default(), ..*self }
    }

    pub(crate) fn progress(&self) -> Progress {
        self.progress.clone()
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
        self.progress.at(step);
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

    /// Says that this process works on what the last step brought.
    pub(crate) fn works(&self) {
        let mut stage = self.progress.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stage) = stage.as_mut() {
            stage.is_own_work = true;
        }
    }

    /// How many steps passed.
    pub(crate) fn passed(&self) -> u32 {
        let passed = self.steps.iter().filter(|record| record.outcome == Outcome::Pass).count();
        u32::try_from(passed).unwrap_or(u32::MAX)
    }

    /// The last recorded time of a step, in milliseconds.
    pub fn duration_ms(&self, step: Step) -> Option<f64> {
        self.steps.iter().rev().find(|record| record.step == step).map(|record| record.duration_ms)
    }

    /// Adds what was counted of tries and losses.
    pub fn count(&mut self, tries: Tries) {
        self.tries = Some(self.tries.unwrap_or_default().and(tries));
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
        let result = result.map_err(|failure| in_light_of_pauses(self.started, failure));
        Observation {
            id: format!("{vantage}/{}/{subject}", facts.probe()),
            vantage: vantage.clone(),
            target: target.into(),
            outcome: outcome(&result),
            failure: result.err(),
            started_ms: self.started_ms,
            duration_ms: milliseconds(self.started.elapsed()),
            steps: self.steps,
            tries: self.tries,
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

/// The failure of a probe that began at `begun`: its own, or that this process did not run.
///
/// Timers go on while a process is stopped, and an answer that came meanwhile is not seen before them.
fn in_light_of_pauses(begun: Instant, failure: Failure) -> Failure {
    use Token::{ConnectionClosed, ConnectionReset, DnsNoAnswer, DnsTimeout, TimedOut};
    let hangs_on_time = [TimedOut, DnsTimeout, DnsNoAnswer, ConnectionReset, ConnectionClosed];
    let paused = pauses::between(begun, Instant::now());
    let waited = begun.elapsed().max(paused);
    let is_much = paused >= MUCH && paused >= waited / 4;
    if !hangs_on_time.contains(&failure.token) || !is_much {
        return failure;
    }
    let detail = format!(
        "this program did not run for {:.1} s of the {:.1} s that it waited",
        paused.as_secs_f64(),
        waited.as_secs_f64()
    );
    Failure::new(failure.step, Token::OwnPause, detail)
}

/// From how much on a pause may have hidden an answer.
const MUCH: Duration = Duration::from_secs(1);

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

    #[test]
    fn what_is_sent_again_later_and_later_is_counted_while_an_answer_could_come() {
        let second = Duration::from_secs(1);
        assert_eq!(sent_within(second, Duration::from_millis(700), FAR), 0);
        assert_eq!(sent_within(second, Duration::from_millis(900), FAR), 1);
        assert_eq!(sent_within(second, second * 5, FAR), 3);
        assert_eq!(sent_within(second, second * 8, FAR), 4);
    }
}
