//! The firewall's part in a loss.

use std::sync::Arc;
use std::time::{Duration, Instant};

use edgeprobe_facts::ruleset::{Hook, Ruleset, Unread, Verdict};
use edgeprobe_facts::trace::{Stage, Trace};
use ipnet::IpNet;
use tokio::sync::{Mutex, OnceCell};

use crate::recorder::Timeline;
use crate::ruleset::{self, dropped_between, masquerades, translation_to};

/// How long the device's tools may take to list the rules; they take some tens of milliseconds, and
/// the attempt waits for it.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long the second reading waits for other attempts to end, so that one serves them all: they
/// are lost at about the same time.
const GATHERING: Duration = Duration::from_millis(100);

/// What the run's end is left of the time.
const MARGIN: Duration = Duration::from_millis(50);

/// The most rules that are named.
const LIMIT: usize = 16;

/// The rules as they were at one moment, or why they are not known: that never fails a trace.
type Reading = Result<Arc<Ruleset>, Unread>;

/// The readings of the rules that all traces of a run share: listing them takes the device's
/// processor, and counters may well be read across several attempts.
#[derive(Clone, Debug, Default)]
pub struct Readings(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// From before the first attempt.
    before: OnceCell<Reading>,
    /// The last one, with the moment at which it began.
    after: Mutex<Option<(Instant, Reading)>>,
}

impl Readings {
    /// The rules as they were before any attempt.
    pub(super) async fn before(&self, timeline: Timeline) -> Reading {
        let limit = PATIENCE.min(timeline.remaining() / 4);
        self.0.before.get_or_init(|| read(limit)).await.clone()
    }

    /// The rules as they are at some moment after an attempt has ended.
    async fn after(&self, timeline: Timeline, ended: Instant) -> Reading {
        tokio::time::sleep(GATHERING.min(timeline.remaining() / 8)).await;
        let mut last = self.0.after.lock().await;
        if let Some((begun, reading)) = &*last
            && *begun >= ended
        {
            return reading.clone();
        }
        let begun = Instant::now();
        let reading = read(PATIENCE.min(timeline.remaining().saturating_sub(MARGIN))).await;
        *last = Some((begun, reading.clone()));
        reading
    }
}

async fn read(limit: Duration) -> Reading {
    ruleset::read(limit).await.map(Arc::new).map_err(|error| {
        tracing::debug!(%error, "the trace names no rule");
        error.why()
    })
}

/// Adds the firewall's part to a trace of a packet from the subnet that was lost.
pub(super) async fn add(
    trace: &mut Trace,
    timeline: Timeline,
    (readings, before): (&Readings, Reading),
    subnet: &IpNet,
) {
    let ended = Instant::now();
    if let (Stage::NoReply, Ok(before)) = (trace.stage, &before) {
        let left = trace.left.first().map(|departure| *departure.source.ip());
        trace.translated_by = left.and_then(|source| translation_to(before, source, subnet));
    }
    if !is_lost(trace.stage) {
        return;
    }
    let before = match before {
        Ok(before) => before,
        Err(why) => {
            trace.rules_unread = Some(why);
            return;
        }
    };
    trace.masqueraded = is_masqueraded(&before, subnet);
    // What left and was never answered, no rule of this host dropped.
    if trace.stage == Stage::LeftUntranslated {
        return;
    }
    trace.rules_unread = before.why;
    let mut after = match readings.after(timeline, ended).await {
        Ok(after) => Ruleset::clone(&after),
        Err(why) => {
            trace.rules_unread = Some(why);
            return;
        }
    };
    trace.rules_unread = trace.rules_unread.or(after.why);
    trace.dropped_by = match trace.stage {
        Stage::NotEntered => {
            // With bridge-nf-call-iptables the kernel asks the rules that come before routing
            // while the packet is still on its port of the bridge. Others it did not come to.
            after.chains.retain(|chain| {
                !matches!(chain.hook, Some(Hook::Forward | Hook::Postrouting | Hook::Egress))
            });
            dropped_between(&before, &after)
        }
        _ => dropped_between(&before, &after),
    };
    // What was told its refusal met no rule that drops in silence.
    if trace.stage == Stage::RejectedByHost {
        trace.dropped_by.retain(|rule| rule.verdict == Some(Verdict::Reject));
    }
    trace.dropped_by.truncate(LIMIT);
}

/// Whether it was lost where a rule of this host can have had a part in it.
fn is_lost(stage: Stage) -> bool {
    match stage {
        Stage::NotEntered
        | Stage::LostInside
        | Stage::RejectedByHost
        | Stage::ReplyLost
        | Stage::LeftUntranslated => true,
        Stage::AnsweredByHost | Stage::NoReply | Stage::Delivered => false,
    }
}

/// Not known when no rule does so, but some could not be read.
fn is_masqueraded(ruleset: &Ruleset, subnet: &IpNet) -> Option<bool> {
    let is_translated = !masquerades(ruleset, subnet).is_empty();
    (is_translated || ruleset.unread.is_empty()).then_some(is_translated)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn judged(stage: Stage, before: Reading) -> Trace {
        let destination = "20.49.110.2:443".parse().unwrap();
        let mut trace = Trace { stage, ..Trace::unseen(destination) };
        // The time is up, so that the rules could not be read again.
        let over = Timeline::start(Duration::ZERO);
        let readings = Readings::default();
        add(&mut trace, over, (&readings, before), &"172.17.0.0/16".parse().unwrap()).await;
        trace
    }

    #[tokio::test]
    async fn what_left_untranslated_is_judged_by_the_rules_as_they_were() {
        let trace = judged(Stage::LeftUntranslated, Ok(Arc::default())).await;
        assert_eq!(trace.masqueraded, Some(false));
        assert!(trace.dropped_by.is_empty());
        assert_eq!(trace.rules_unread, None);
    }

    #[tokio::test]
    async fn a_trace_says_why_it_names_no_rule() {
        let trace = judged(Stage::LostInside, Err(Unread::TooMany)).await;
        assert_eq!((trace.masqueraded, trace.rules_unread), (None, Some(Unread::TooMany)));
        let partly = Ruleset { why: Some(Unread::TooMany), ..Ruleset::default() };
        let trace = judged(Stage::NotEntered, Ok(Arc::new(partly))).await;
        assert!(trace.rules_unread.is_some());
    }

    #[tokio::test]
    async fn one_reading_serves_all_attempts_that_ended_before_it() {
        let (readings, timeline) = (Readings::default(), Timeline::start(Duration::from_secs(10)));
        let ended = Instant::now();
        let (one, other) =
            tokio::join!(readings.after(timeline, ended), readings.after(timeline, ended));
        if let (Ok(one), Ok(other)) = (&one, &other) {
            assert!(Arc::ptr_eq(one, other));
        }
        let later = readings.after(timeline, Instant::now()).await;
        if let (Ok(one), Ok(later)) = (&one, &later) {
            assert!(!Arc::ptr_eq(one, later));
        }
    }
}
