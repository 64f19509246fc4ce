//! `reverse-path-filter`: strict rp_filter drops the replies.

use edgeprobe_facts::Observation;
use edgeprobe_facts::trace::Trace;

use super::passage::Passage;
use crate::attributes::{Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy};
use crate::causes::bridge::edge::{
    about, as_the_tables_allow, at_each_edge, cut_off, next_hops, opens,
};
use crate::evidence::{EdgeReading, Evidence};
use crate::rule::{Finding, Proof, Rule};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Hub,
    with_a_proxy: WithAProxy::TheSame,
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
    at_each_edge(evidence, |edge| match Passage::from_edge(edge, &next) {
        Passage::Opens => opens(edge),
        Passage::RepliesUnexpected(seen, trace) => strict(edge, seen, trace).alone(),
        _ => Vec::new(),
    })
}

fn strict(edge: &EdgeReading<'_>, seen: &Observation, trace: &Trace) -> Proof {
    let interface = trace.reply.as_ref().map(|reply| reply.interface.as_str()).unwrap_or_default();
    let text =
        about(edge, "strict").with("interface", interface).with("address", trace.destination.ip());
    let proof = cut_off(edge, text).supported_by([seen]).supported_by(edge.kernels_word());
    as_the_tables_allow(edge, proof)
}
