//! `reverse-path-filter`: strict rp_filter drops the replies.

use edgeprobe_probes::trace::Stage;

use crate::verdict::attributes::{BesideAProxy, SameInALog, SeenByTheEngine, Subject};
use crate::verdict::causes::bridge::edge::{
    about, as_the_tables_allow, at_each_edge, cut_off, filters_reverse_paths, opens,
};
use crate::verdict::evidence::EdgeReading;
use crate::verdict::rule::{Finding, Rule};

pub(in crate::verdict::causes) const RULE: Rule = Rule {
    subject: Subject::Hub,
    beside_a_proxy: BesideAProxy::TheSame,
    can_be_a_childs: true,
    keeps_out: &[],
    same_in_a_log: SameInALog::Cause,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_a_vpns: false,
    examine: |evidence| at_each_edge(evidence, examine),
};

fn examine(edge: &EdgeReading<'_>) -> Vec<Finding> {
    if !edge.opened.is_empty() {
        return opens(edge);
    }
    let Some((seen, trace)) = edge.vanished(&[Stage::ReplyLost]) else { return Vec::new() };
    if !filters_reverse_paths(edge, trace) {
        return Vec::new();
    }
    let interface = trace.reply.as_ref().map(|reply| reply.interface.as_str()).unwrap_or_default();
    let text =
        about(edge, "strict").with("interface", interface).with("address", trace.destination.ip());
    let proof = cut_off(edge, text).supported_by([seen]).supported_by(edge.kernels_word());
    as_the_tables_allow(edge, proof).alone()
}
