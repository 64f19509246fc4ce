//! When this process did not run: stopped, starved of the processor, or asleep with its machine.
//!
//! While a run goes on, its event loop beats ten times a second. A beat that comes late shows a pause.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often the event loop beats.
const BEAT: Duration = Duration::from_millis(100);

/// From how much on a beat that comes late counts. A busy machine is often some milliseconds late.
const LATE: Duration = Duration::from_millis(100);

/// From how much on a pause gives a run its time back.
const LONG: Duration = Duration::from_secs(1);

/// The most pauses that are kept, the last ones.
const MOST: usize = 256;

static BEATS: Mutex<Beats> = Mutex::new(Beats { watches: 0, last: None, pauses: VecDeque::new() });

/// A time in which the process did not run.
#[derive(Clone, Copy, Debug)]
struct Pause {
    from: Instant,
    to: Instant,
    /// Longer than from one to the other where the machine slept, for its clock slept with it.
    length: Duration,
}

struct Beats {
    /// How many runs beat.
    watches: usize,
    last: Option<(Instant, Duration)>,
    pauses: VecDeque<Pause>,
}

/// Beats for as long as it is polled.
pub async fn watch() {
    let _beating = Beating::start();
    loop {
        tokio::time::sleep(BEAT).await;
        let mut beats = beats();
        let now = (Instant::now(), awake_and_asleep());
        if let Some(pause) = beats.since_the_last(now) {
            if beats.pauses.len() == MOST {
                beats.pauses.pop_front();
            }
            beats.pauses.push_back(pause);
        }
        beats.last = Some(now);
    }
}

/// How long the process did not run between these moments.
pub(crate) fn between(from: Instant, to: Instant) -> Duration {
    sum(from, to, LATE)
}

/// How much time a run that began at `from` gets back.
pub(crate) fn given_back(from: Instant) -> Duration {
    sum(from, Instant::now(), LONG)
}

fn sum(from: Instant, to: Instant, least: Duration) -> Duration {
    let beats = beats();
    // The beat that shows the last pause may not have come yet.
    let open = beats.since_the_last((Instant::now(), awake_and_asleep()));
    let pauses = beats.pauses.iter().copied().chain(open);
    let within = pauses.filter(|pause| pause.length >= least && pause.from < to && pause.to > from);
    within.map(|pause| pause.length).sum()
}

impl Beats {
    /// The pause from the last beat to now, if it is one.
    fn since_the_last(&self, (now, clock): (Instant, Duration)) -> Option<Pause> {
        let (last, last_clock) = self.last?;
        let passed = now.saturating_duration_since(last).max(clock.saturating_sub(last_clock));
        let length = passed.saturating_sub(BEAT);
        (length >= LATE).then_some(Pause { from: last, to: now, length })
    }
}

/// One run that beats. Without one, no beat is late.
struct Beating;

impl Beating {
    fn start() -> Self {
        let mut beats = beats();
        beats.watches += 1;
        beats.last = Some((Instant::now(), awake_and_asleep()));
        Self
    }
}

impl Drop for Beating {
    fn drop(&mut self) {
        let mut beats = beats();
        beats.watches -= 1;
        if beats.watches == 0 {
            beats.last = None;
        }
    }
}

fn beats() -> MutexGuard<'static, Beats> {
    BEATS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The time since the machine was started, with that in which it slept.
#[cfg(target_os = "linux")]
fn awake_and_asleep() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    now.try_into().unwrap_or_default()
}

/// Not known here.
#[cfg(not(target_os = "linux"))]
fn awake_and_asleep() -> Duration {
    Duration::ZERO
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beats_at(moment: (Instant, Duration)) -> Beats {
        Beats { watches: 1, last: Some(moment), pauses: VecDeque::new() }
    }

    #[test]
    fn a_beat_that_comes_late_shows_how_long_the_process_stood_still() {
        let (begun, clock) = (Instant::now(), Duration::from_secs(1_000));
        let beats = beats_at((begun, clock));
        let later = |awake: u64, asleep: u64| {
            let awake = Duration::from_millis(awake);
            let now = (begun + awake, clock + awake + Duration::from_millis(asleep));
            beats.since_the_last(now).map(|pause| pause.length.as_millis())
        };
        assert_eq!(later(100, 0), None);
        assert_eq!(later(150, 0), None);
        assert_eq!(later(12_100, 0), Some(12_000), "stopped");
        assert_eq!(later(100, 60_000), Some(60_000), "asleep, and the clock of timers with it");
    }

    #[test]
    fn without_a_run_nothing_is_late() {
        let none = Beats { watches: 0, last: None, pauses: VecDeque::new() };
        assert!(none.since_the_last((Instant::now(), Duration::from_secs(9))).is_none());
    }
}
