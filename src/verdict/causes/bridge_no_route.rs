//! `bridge-no-route`: no route from the bridge/NAT network to the hub, no VPN involved.

use edgeprobe_probes::route::edge::Lookup;
use edgeprobe_probes::trace::{Stage, Trace};

use super::edge::{about, as_the_tables_allow, at_each_edge, cut_off, next_hops, opens};
use crate::verdict::cause::CauseId;
use crate::verdict::evidence::{EdgeReading, Evidence};
use crate::verdict::rule::{Finding, Rule, refuted};
use crate::verdict::told;
use crate::verdict::words::priority_ahead_of;

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
            let rule = mechanism.and_then(|mechanism| mechanism.rule.as_ref());
            let by = rule.iter().fold(by, |text, rule| text.with("rule_priority", rule.priority));
            let ahead = rule.and_then(priority_ahead_of);
            let by = ahead.into_iter().fold(by, |text, ahead| text.with("priority", ahead));
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
        if let (true, Some(_), Some(next)) = (elsewhere, mechanism, edge.silent_neighbour(way)) {
            let text =
                text("gateway").with("interface", &next.interface).with("gateway", next.address);
            let followed = edge.traces.iter().map(|(seen, _)| *seen);
            let proof = cut_off(edge, text)
                .supported_by([observation])
                .supported_by(followed)
                .supported_by(edge.kernels_word());
            return as_the_tables_allow(edge, proof).alone();
        }
        let is_lost = |trace: &Trace| match trace.stage {
            Stage::NoReply | Stage::LostInside => true,
            Stage::RejectedByHost => edge.is_given_up(trace),
            _ => false,
        };
        let lost = edge.traces.iter().copied().find(|(_, trace)| is_lost(trace));
        if let (true, Some(_), Some((trace, _))) = (elsewhere, mechanism, lost) {
            let proof = cut_off(edge, text("elsewhere")).supported_by([observation, trace]);
            return as_the_tables_allow(edge, proof).alone();
        }
    }
    let found: Vec<_> = edge
        .ways_to(next)
        .filter(|(_, way)| way.forward.way().is_some())
        .map(|(observation, _)| observation)
        .collect();
    if found.is_empty() { Vec::new() } else { refuted(about(edge, "found"), found) }
}
