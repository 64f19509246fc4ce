//! `bridge-no-route`: no route from the bridge/NAT network to the hub, no VPN involved.

use edgeprobe_probes::route::edge::Lookup;
use edgeprobe_probes::trace::Stage;

use super::edge::{about, at_each_edge, cut_off, next_hops, opens};
use crate::verdict::cause::CauseId;
use crate::verdict::evidence::{EdgeReading, Evidence};
use crate::verdict::rule::{Finding, Rule, refuted};
use crate::verdict::told;

pub(super) const RULE: Rule = Rule { id: CauseId::BridgeNoRoute, examine };

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let next = next_hops(evidence);
    at_each_edge(evidence, |edge| examine_edge(edge, &next))
}

fn examine_edge(edge: &EdgeReading<'_>, next: &[std::net::IpAddr]) -> Vec<Finding> {
    if !edge.opened.is_empty() {
        return opens(edge);
    }
    for (observation, way) in edge.ways_to(next) {
        if way.host.way().is_none() {
            // The host has no way either: that is the greater fault.
            return Vec::new();
        }
        let mechanisms = edge.mechanisms(way.destination);
        let mechanism = mechanisms.iter().find(|mechanism| mechanism.vpn.is_none());
        let by = mechanism.map(|mechanism| {
            let rule = mechanism.rule.as_ref().map(ToString::to_string);
            rule.or_else(|| mechanism.routes.first().map(ToString::to_string)).unwrap_or_default()
        });
        let text = |variant| {
            let by = by.iter().fold(about(edge, variant), |text, by| text.with("rule", by));
            by.with("address", way.destination)
        };
        if let Lookup::Refused { token, detail } = &way.forward {
            let variant = if by.is_some() { "refused_by" } else { "refused" };
            return cut_off(edge, text(variant).with("failure", told::refusal(*token, detail)))
                .supported_by([observation])
                .supported_by(edge.kernels_word())
                .alone();
        }
        // A way that is not the host's own, and on which the packets are lost.
        let elsewhere = way.forward.interface() != way.host.interface();
        let lost = edge.vanished(&[Stage::NoReply, Stage::LostInside]);
        if let (true, Some(_), Some((trace, _))) = (elsewhere, mechanism, lost) {
            return cut_off(edge, text("elsewhere")).supported_by([observation, trace]).alone();
        }
    }
    let found: Vec<_> = edge
        .ways_to(next)
        .filter(|(_, way)| way.forward.way().is_some())
        .map(|(observation, _)| observation)
        .collect();
    if found.is_empty() { Vec::new() } else { refuted(about(edge, "found"), found) }
}
