//! `forward-blocked`: the host's firewall drops or rejects what the bridge forwards.

use std::net::IpAddr;

use edgeprobe_facts::Observation;
use edgeprobe_facts::trace::{Answer, Stage, Trace};

use super::passage::Passage;
use crate::Confidence;
use crate::attributes::{Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy};
use crate::catalogue::Text;
use crate::causes::bridge::edge::{about, at_each_edge, cut_off, next_hops, opens};
use crate::causes::bridge::firewall::written_by;
use crate::evidence::{EdgeReading, Evidence, Manner};
use crate::rule::{Finding, Proof, Rule};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Hub,
    with_a_proxy: WithAProxy::OnTheDirectWay,
    applies_to_a_child: true,
    keeps_out: &[],
    same_in_a_log: SameInALog::Cause,
    peer_in_a_log: PeerInALog::Any,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_about_a_vpn: false,
    ended_by: Party::Device,
    examine,
};

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let next = next_hops(evidence);
    at_each_edge(evidence, |edge| examine_edge(edge, &next))
}

fn examine_edge(edge: &EdgeReading<'_>, next: &[IpAddr]) -> Vec<Finding> {
    match Passage::from_edge(edge, next) {
        Passage::Opens => opens(edge),
        Passage::Filtered(seen, trace) => filtered(edge, seen, trace).alone(),
        Passage::RepliesTaken(seen) => {
            let proof = cut_off(edge, about(edge, "replies")).supported_by([seen]);
            let was_dropped = edge.traces.iter().any(|(_, trace)| !trace.dropped_by.is_empty());
            let proof = if was_dropped { proof } else { proof.with_confidence(Confidence::Likely) };
            proof.alone()
        }
        Passage::NotFollowed => {
            // Without a trace, an immediate refusal can only come from this host, whose own
            // connections are not refused. After silence, a missing translation is possible too.
            let refused = edge.cut_off.iter().all(|c| c.manner() == Some(Manner::Refused));
            cut_off(edge, about(edge, if refused { "refused" } else { "silent" }))
                .with_confidence(Confidence::Likely)
                .alone()
        }
        Passage::NotForwarded(_)
        | Passage::NotTranslated(..)
        | Passage::KeptInside
        | Passage::TranslatedToAnother(..)
        | Passage::RepliesUnexpected(..)
        | Passage::Otherwise => Vec::new(),
    }
}

fn filtered(edge: &EdgeReading<'_>, seen: &Observation, trace: &Trace) -> Proof {
    let variant = match trace.stage {
        Stage::RejectedByHost => "rejected",
        _ if trace.unwatched > 0 && trace.dropped_by.is_empty() => "unwatched",
        _ => "dropped",
    };
    let text = about(edge, variant).with("address", trace.destination.ip());
    let proof = cut_off(edge, by_rule(text, variant, trace))
        .supported_by([seen])
        .with_detail("rule", rule_text(trace));
    // A packet that is gone was taken by a filter, or by anything else in the kernel. What says so is
    // a rule that counted it, or an answer that filters alone give.
    if trace.dropped_by.is_empty() && !says_prohibited(trace) {
        proof.with_confidence(Confidence::Likely)
    } else {
        proof
    }
}

/// Whether the host refused the packet in the words of a filter: prohibited by administration, or a
/// port that is no part of forwarding.
fn says_prohibited(trace: &Trace) -> bool {
    let answer = trace.delivered.as_ref().map(|reply| reply.answer);
    let is_a_filters = matches!(answer, Some(Answer::Unreachable { code: 3 | 9 | 10 | 13 }));
    trace.stage == Stage::RejectedByHost && is_a_filters
}

/// The sentence that names the rule, where one is known to have dropped.
fn by_rule(text: Text, variant: &'static str, trace: &Trace) -> Text {
    let named = match variant {
        "rejected" => "rejected_by",
        _ => "dropped_by",
    };
    match trace.dropped_by.first() {
        Some(rule) => written_by(text.with_key(named).with("rule", &rule.text), rule),
        None => text,
    }
}

fn rule_text(trace: &Trace) -> Option<String> {
    trace.dropped_by.first().map(|rule| rule.text.clone())
}
