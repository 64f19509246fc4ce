//! `nat-missing`: bridge addresses leave the host untranslated.

use edgeprobe_facts::trace::Stage;

use super::edge::{about, at_each_edge, cut_off, opens};
use crate::verdict::catalogue::{Text, Word};
use crate::verdict::cause::CauseId;
use crate::verdict::evidence::EdgeReading;
use crate::verdict::rule::{Finding, Rule, refuted};

pub(super) const RULE: Rule =
    Rule { id: CauseId::NatMissing, examine: |evidence| at_each_edge(evidence, examine) };

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
