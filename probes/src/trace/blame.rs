//! The firewall's part in a loss.

use std::time::Duration;

use ipnet::IpNet;

use super::{Stage, Trace};
use crate::recorder::Timeline;
use crate::ruleset::{self, Hook, Ruleset, Verdict, dropped_between, masquerades};

/// How long the device's tools may take to list the rules; they take some tens of milliseconds, and
/// the attempt waits for it.
const PATIENCE: Duration = Duration::from_secs(1);

/// The most rules that are named.
const LIMIT: usize = 16;

/// The rules as they are now, or none where they cannot be read: that never fails a trace.
pub(super) async fn read(timeline: Timeline) -> Option<Ruleset> {
    match ruleset::read(PATIENCE.min(timeline.remaining() / 4)).await {
        Ok(ruleset) => Some(ruleset),
        Err(error) => {
            tracing::debug!(%error, "the trace names no rule");
            None
        }
    }
}

/// Adds the firewall's part to a trace of a packet from the subnet that was lost.
pub(super) async fn add(
    trace: &mut Trace,
    timeline: Timeline,
    before: Option<Ruleset>,
    subnet: &IpNet,
) {
    let Some(before) = before.filter(|_| is_lost(trace.stage)) else { return };
    trace.masqueraded = is_masqueraded(&before, subnet);
    // What left and was never answered, no rule of this host dropped.
    if trace.stage == Stage::LeftUntranslated {
        return;
    }
    let Some(mut after) = read(timeline).await else { return };
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

    #[tokio::test]
    async fn what_left_untranslated_is_judged_by_the_rules_as_they_were() {
        let destination = "20.49.110.2:443".parse().unwrap();
        let mut trace = Trace { stage: Stage::LeftUntranslated, ..Trace::unseen(destination) };
        // The time is up, so that the rules could not be read again.
        let over = Timeline::start(Duration::ZERO);
        add(&mut trace, over, Some(Ruleset::default()), &"172.17.0.0/16".parse().unwrap()).await;
        assert_eq!(trace.masqueraded, Some(false));
        assert!(trace.dropped_by.is_empty());
    }
}
