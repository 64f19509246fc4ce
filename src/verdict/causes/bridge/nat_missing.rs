//! `nat-missing`: bridge addresses leave the host untranslated.

use edgeprobe_probes::trace::Stage;

use crate::verdict::attributes::{BesideAProxy, SameInALog, SeenByTheEngine, Subject};
use crate::verdict::catalogue::{Text, Word};
use crate::verdict::causes::bridge::edge::{about, at_each_edge, cut_off, opens};
use crate::verdict::evidence::EdgeReading;
use crate::verdict::rule::{Finding, Rule, refuted};

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
    let Some((seen, trace)) = edge.vanished(&[Stage::LeftUntranslated]) else {
        return match edge.vanished(&[Stage::NoReply, Stage::ReplyLost]) {
            Some((seen, _)) => refuted(about(edge, "translated"), [seen]),
            None => Vec::new(),
        };
    };
    if !edge.is_cut_off() {
        return Vec::new();
    }
    let unknown = || Text::new("interface.unknown").into();
    let interface = trace.left.first().map_or_else(unknown, |left| Word::from(&left.interface));
    let text = about(edge, "untranslated").with("interface", interface);
    cut_off(edge, text).supported_by([seen]).alone()
}
