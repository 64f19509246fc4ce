//! `bridge-no-route`: no route from the bridge/NAT network to the hub, no VPN involved.

use edgeprobe_probes::route::edge::Lookup;
use edgeprobe_probes::route::signature::{Direction, Mechanism};
use edgeprobe_probes::trace::Stage;

use super::edge::{about, at_each_edge, cut_off, next_hops, opens};
use crate::verdict::catalogue::Text;
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
        let leads = |direction| {
            let leads = |it: &&Mechanism| it.vpn.is_none() && it.direction == direction;
            mechanisms.iter().find(leads)
        };
        let mechanism = leads(Direction::Forward);
        let text =
            |variant, by| written_by(about(edge, variant), by).with("address", way.destination);
        let refused = |text: Text, token, detail: &str| {
            cut_off(edge, text.with("failure", told::refusal(token, detail)))
                .supported_by([observation])
                .supported_by(edge.kernels_word())
                .alone()
        };
        if let Lookup::Refused { token, detail } = &way.forward {
            let variant = if mechanism.is_some() { "refused_by" } else { "refused" };
            return refused(text(variant, mechanism), *token, detail);
        }
        let answers = leads(Direction::Return);
        if let (Lookup::Refused { token, detail }, Some(_)) = (&way.back, answers) {
            return refused(text("answers_refused", answers), *token, detail);
        }
        // A way that is not the host's own, and on which the packets are lost.
        let elsewhere = way.forward.interface() != way.host.interface();
        let lost = edge.vanished(&[Stage::NoReply, Stage::LostInside]);
        if let (true, Some(_), Some((trace, _))) = (elsewhere, mechanism, lost) {
            let text = text("elsewhere", mechanism);
            return cut_off(edge, text).supported_by([observation, trace]).alone();
        }
    }
    let found: Vec<_> = edge
        .ways_to(next)
        .filter(|(_, way)| way.forward.way().is_some())
        .map(|(observation, _)| observation)
        .collect();
    if found.is_empty() { Vec::new() } else { refuted(about(edge, "found"), found) }
}

/// The sentence with the rule, or else the route, that leads the packets so.
fn written_by(text: Text, mechanism: Option<&Mechanism>) -> Text {
    let Some(mechanism) = mechanism else { return text };
    let rule = mechanism.rule.as_ref();
    let shown = rule.map(ToString::to_string);
    let shown = shown.or_else(|| mechanism.routes.first().map(ToString::to_string));
    let text = text.with("rule", shown.unwrap_or_default());
    let text = rule.iter().fold(text, |text, rule| text.with("rule_priority", rule.priority));
    let ahead = rule.and_then(priority_ahead_of);
    ahead.into_iter().fold(text, |text, ahead| text.with("priority", ahead))
}
