//! A VPN that takes a container network's traffic away, while the host's own passes.

use edgeprobe_probes::Observation;
use edgeprobe_probes::route::signature::{Direction, Mechanism, MechanismKind};
use edgeprobe_probes::route::vpn;
use edgeprobe_probes::trace::Stage;
use serde_json::json;

use crate::verdict::catalogue::Text;
use crate::verdict::causes::edge::{about, cut_off, opens};
use crate::verdict::evidence::EdgeReading;
use crate::verdict::rule::{Finding, Proof, refuted};
use crate::verdict::words;

pub(super) fn examine(edge: &EdgeReading<'_>, hub: &[std::net::IpAddr]) -> Vec<Finding> {
    let Some((tables_seen, tables)) = edge.tables else { return Vec::new() };
    if !edge.opened.is_empty() {
        return opens(edge);
    }
    let mechanism = edge
        .ways_to_the_hub(hub)
        .flat_map(|(_, way)| edge.mechanisms(way.destination))
        .find(|mechanism| mechanism.vpn.is_some() && is_at_work(edge, mechanism));
    if let Some(mechanism) = mechanism {
        return by_routes(edge, &mechanism, tables_seen);
    }
    match vpn::active(tables) {
        None => refuted(about(edge, "no_vpn"), [tables_seen]),
        Some((product, interface)) => by_filter(edge, product, interface),
    }
}

/// Whether a mechanism keeps the network from the hub.
///
/// What rejects, and what leads the answers away, does so by the kernel's own word. A tunnel may
/// carry the network's traffic well, so there only a connection that fails counts.
fn is_at_work(edge: &EdgeReading<'_>, mechanism: &Mechanism) -> bool {
    let certain = mechanism.direction == Direction::Return
        || mechanism.routes.iter().any(|route| route.kind.rejects())
        || mechanism.rule.as_ref().is_some_and(|rule| rule.action.rejects());
    edge.is_cut_off() || (certain && !edge.was_tried())
}

fn by_routes(edge: &EdgeReading<'_>, mechanism: &Mechanism, tables: &Observation) -> Vec<Finding> {
    let routes: Vec<String> = mechanism.routes.iter().map(ToString::to_string).collect();
    let rule = mechanism.rule.as_ref().map(ToString::to_string);
    let shown = rule.iter().chain(&routes).map(|text| format!("`{text}`")).collect::<Vec<_>>();
    let variant = match mechanism.kind {
        MechanismKind::RouteShadowsSubnet => "shadow",
        MechanismKind::KillSwitch => "kill_switch",
        MechanismKind::SourceRule => "source_rule",
        _ if mechanism.direction == Direction::Return => "return",
        _ => "tunnel",
    };
    let text = about(edge, variant).with("routes", shown.join(", "));
    let text =
        mechanism.vpn.into_iter().fold(text, |text, product| text.with("vpn", words::vpn(product)));
    let text = mechanism.interface.iter().fold(text, |text, name| text.with("interface", name));
    let traces = edge.traces.iter().map(|(observation, _)| *observation);
    let proof = cut_off(edge, with_gateway(edge, text))
        .supported_by(edge.kernels_word())
        .supported_by([tables])
        .supported_by(traces)
        .with_detail("mechanism", json!(mechanism.kind))
        .with_detail("routes", routes)
        .with_detail("rule", rule);
    with_interface(proof, mechanism.interface.as_deref()).alone()
}

/// A VPN that is up, and a filter that drops what the bridge forwards: a kill switch by filter.
fn by_filter(edge: &EdgeReading<'_>, product: vpn::Vpn, interface: &str) -> Vec<Finding> {
    let Some((trace_seen, trace)) =
        edge.vanished(&[Stage::LostInside, Stage::RejectedByHost, Stage::ReplyLost])
    else {
        return Vec::new();
    };
    let Some(rule) = trace.dropped_by.iter().find(|rule| rule.vpn.is_some()) else {
        return Vec::new();
    };
    let text = about(edge, "filter")
        .with("vpn", words::vpn(product))
        .with("interface", interface)
        .with("rule", &rule.text);
    let proof = cut_off(edge, text)
        .supported_by([trace_seen])
        .with_detail("mechanism", "kill-switch")
        .with_detail("rule", rule.text.clone());
    with_interface(proof, Some(interface)).alone()
}

fn with_interface(proof: Proof, interface: Option<&str>) -> Proof {
    match interface {
        Some(name) => proof.with_detail("interface", name),
        None => proof,
    }
}

/// The physical gateway, which the remedies send the network's traffic by.
fn with_gateway(edge: &EdgeReading<'_>, text: Text) -> Text {
    let gateway = edge.tables.and_then(|(_, tables)| {
        let out = tables.routes.iter().filter(|route| {
            route.destination.prefix_len() == 0
                && route.interface().is_some_and(|name| vpn::vpn_of(tables, name).is_none())
        });
        out.min_by_key(|route| route.metric)?.hops.iter().find_map(|hop| hop.gateway)
    });
    match gateway {
        Some(gateway) => text.with("gateway", gateway),
        None => text,
    }
}
