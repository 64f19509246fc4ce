//! `ip-forward-disabled`: the kernel forwards nothing from the bridge.

use super::edge::{about, at_each_edge, cut_off, opens};
use crate::verdict::cause::CauseId;
use crate::verdict::evidence::EdgeReading;
use crate::verdict::rule::{Finding, Rule, refuted};

pub(super) const RULE: Rule =
    Rule { id: CauseId::IpForwardDisabled, examine: |evidence| at_each_edge(evidence, examine) };

fn examine(edge: &EdgeReading<'_>) -> Vec<Finding> {
    let Some((observation, tables)) = edge.tables else { return Vec::new() };
    if !edge.opened.is_empty() {
        return opens(edge);
    }
    let bridge = tables.link(&edge.network.bridge).and_then(|link| link.forwarding);
    let variant = match (tables.ip_forward, bridge) {
        (Some(false), _) => "everywhere",
        (_, Some(false)) => "bridge",
        (Some(true), _) => return refuted(about(edge, "on"), [observation]),
        (None, _) => return Vec::new(),
    };
    let text = about(edge, variant).with("interface", &edge.network.bridge);
    cut_off(edge, text).supported_by(edge.kernels_word()).alone()
}
