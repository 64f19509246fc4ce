//! `lossy-link`: packets are lost on the way.

use edgeprobe_facts::Observation;
use edgeprobe_language::Word;

use crate::attributes::{Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy};
use crate::catalogue::Text;
use crate::evidence::Evidence;
use crate::loss::Loss;
use crate::rule::{Finding, Proof, Rule, refuted};
use crate::{Confidence, Effect};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Hub,
    with_a_proxy: WithAProxy::TheSame,
    applies_to_a_child: true,
    keeps_out: &[],
    same_in_a_log: SameInALog::Cause,
    peer_in_a_log: PeerInALog::Any,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_about_a_vpn: false,
    ended_by: Party::Unknown,
    examine,
};

/// From which part on a loss is told, and how many packets must show it: one or two are lost on any
/// line.
const TOLD: f64 = 0.02;
const LEAST_LOST: u32 = 3;

/// How many packets must have been sent to say that the line loses none.
const MANY: u32 = 20;

/// From which part on Edge Agent's own time-outs suffer: a look-up needs two packets and their answers,
/// the C library sends them twice within its 10 s, and so one look-up in five fails.
const FAILS: f64 = 0.25;

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let Some(loss) = Loss::measured(evidence.all()) else { return Vec::new() };
    let is_told = loss.lost >= LEAST_LOST && loss.part() >= TOLD;
    if !is_told && loss.sent < MANY {
        return Vec::new();
    }
    let count = |text: Text| text.with("lost", loss.lost).with("sent", loss.sent);
    let showing = |holds: fn(&Observation) -> bool| {
        evidence.all().iter().filter(move |seen| holds(seen)).collect::<Vec<_>>()
    };
    if !is_told {
        let answered = showing(|seen| seen.tries.is_some_and(|tries| tries.sent > 0));
        return refuted(count(Text::new("few")), answered.into_iter().take(1));
    }
    let lossy = showing(|seen| seen.tries.is_some_and(|tries| tries.lost > 0));
    let (variant, effect) = if loss.at_least() >= FAILS {
        ("grave", Effect::Degrades)
    } else {
        ("lossy", Effect::Warns)
    };
    // What few packets show may be a moment's.
    let confidence =
        if loss.at_least() >= TOLD / 2.0 { Confidence::Confirmed } else { Confidence::Likely };
    let percent = Word::figure(loss.part() * 100.0, 0);
    Proof::confirmed(effect, count(Text::new(variant)).with("percent", percent), lossy)
        .with_confidence(confidence)
        .with_detail("packets_sent", loss.sent)
        .with_detail("packets_lost", loss.lost)
        // What fails on a lossy line beside that has another cause.
        .explaining_nothing()
        .alone()
}
