//! A VPN that takes a container network's traffic away, while the host's own passes.

use std::net::IpAddr;

use edgeprobe_facts::route::signature::{Direction, Mechanism, MechanismKind};
use edgeprobe_facts::route::tables::Rule;
use edgeprobe_facts::route::vpn;
use edgeprobe_facts::ruleset::FilterRule;
use edgeprobe_facts::trace::{Stage, Trace};
use edgeprobe_facts::{Observation, clean};
use serde_json::json;

use super::ipsec;
use crate::Confidence;
use crate::catalogue::Text;
use crate::causes::bridge::edge::{about, as_the_tables_allow, cut_off, opens};
use crate::causes::bridge::firewall::written_by;
use crate::evidence::{EdgeReading, Manner};
use crate::rule::{Finding, Proof, refuted};
use crate::words;

/// Examines one network. `rule` is a VPN's own that is known to drop what some network sends.
pub(super) fn examine<'o>(
    edge: &EdgeReading<'o>,
    hub: &[IpAddr],
    rule: Option<(&'o Observation, &'o FilterRule)>,
) -> Vec<Finding> {
    let Some((tables_seen, tables)) = edge.tables else { return Vec::new() };
    let mechanisms = edge
        .ways_to(hub)
        .flat_map(|(_, way)| edge.mechanisms(way.destination))
        .filter(|mechanism| mechanism.vpn.is_some());
    if !edge.opened.is_empty() {
        // The address that was borrowed may lie outside a route that the modules' lie inside.
        let mut shadows = mechanisms.filter(|mechanism| mechanism.direction == Direction::Return);
        return match shadows.next().filter(|_| edge.answers_are_led_elsewhere()) {
            Some(mechanism) => {
                by_routes(edge, &mechanism, tables_seen).explaining_nothing().alone()
            }
            None => opens(edge),
        };
    }
    let mechanism = mechanisms.into_iter().find(|mechanism| is_at_work(edge, mechanism));
    if let Some(mechanism) = mechanism {
        return by_routes(edge, &mechanism, tables_seen).alone();
    }
    if let Some(proof) = ipsec::examine(edge) {
        return proof.alone();
    }
    match vpn::active(tables) {
        // Policies of IPsec are a VPN without an interface.
        None if edge.has_ipsec() => Vec::new(),
        None => refuted(about(edge, "no_vpn"), [tables_seen]),
        Some((product, interface)) => by_filter(edge, rule, product, interface),
    }
}

/// Whether a mechanism keeps the network from the hub.
///
/// For routes that reject and routes that divert answers, the kernel's own answer is enough. A
/// tunnel may carry the network's traffic, so there only a failed connection counts.
fn is_at_work(edge: &EdgeReading<'_>, mechanism: &Mechanism) -> bool {
    let certain = mechanism.direction == Direction::Return
        || mechanism.routes.iter().any(|route| route.kind.rejects())
        || mechanism.rule.as_ref().is_some_and(|rule| rule.action.rejects());
    if edge.was_tried() {
        let cut_off = edge.is_cut_off() || edge.fails_without_comparison();
        cut_off && (certain || is_lost_in(edge, mechanism))
    } else {
        certain
    }
}

/// Whether the followed packets are lost in the tunnel that a mechanism leads to, and not before or
/// behind it. Without a trace, silence may be the tunnel's; an immediate refusal comes from a
/// filter.
fn is_lost_in(edge: &EdgeReading<'_>, mechanism: &Mechanism) -> bool {
    // Where no interface translates, the tunnel is not the reason. Of several packets that are
    // followed at once, one trace may say so for all.
    let nothing_is = edge.traces.iter().any(|(_, trace)| trace.masqueraded == Some(false));
    let in_the_tunnel = |trace: &Trace| {
        let there = IpAddr::V4(*trace.destination.ip());
        let entered =
            trace.left.iter().any(|left| Some(&left.interface) == mechanism.interface.as_ref());
        match trace.stage {
            Stage::LeftUntranslated => entered && !nothing_is,
            // If the host gets no answer there either, the tunnel is not the reason.
            Stage::NoReply => {
                let heard = edge.cut_off.iter().any(|lost| lost.facts.socket().ip() == there);
                entered && (heard || edge.fails_without_comparison())
            }
            // The tunnel's own link gave the packet up, so nothing left by it. The kernel gives up
            // a neighbour on another link, such as a proxy, in the same way.
            Stage::RejectedByHost => {
                let mut ways = edge.ways_to(&[there]);
                edge.is_given_up(trace)
                    && ways
                        .any(|(_, way)| way.forward.interface() == mechanism.interface.as_deref())
            }
            _ => false,
        }
    };
    if edge.traces.is_empty() {
        let alone = edge.fails_alone().then(|| edge.view.hub());
        let mut closed = edge.cut_off.iter().chain(alone.iter().flatten());
        return closed.any(|connection| connection.manner() == Some(Manner::Silent));
    }
    edge.traces.iter().any(|(_, trace)| in_the_tunnel(trace))
}

fn by_routes(edge: &EdgeReading<'_>, mechanism: &Mechanism, tables: &Observation) -> Proof {
    let routes: Vec<String> = mechanism.routes.iter().map(ToString::to_string).collect();
    let rule = mechanism.rule.as_ref().map(ToString::to_string);
    let shown = rule.iter().chain(&routes).map(|text| format!("`{text}`")).collect::<Vec<_>>();
    let by_tunnel = mechanism.direction == Direction::Forward && mechanism.interface.is_some();
    let unseen = by_tunnel && edge.traces.is_empty();
    let variant = match mechanism.kind {
        MechanismKind::RouteShadowsSubnet => "shadow",
        MechanismKind::KillSwitch => "kill_switch",
        MechanismKind::SourceRule => "source_rule",
        _ if mechanism.direction == Direction::Return => "return",
        _ if unseen => "tunnel_unseen",
        _ => "tunnel",
    };
    let text = about(edge, variant).with("routes", shown.join(", "));
    let text = text.with_any("vpn", mechanism.vpn.map(words::vpn));
    let text = text.with_any("interface", mechanism.interface.as_ref());
    let text = ahead_of(text, mechanism.rule.as_ref());
    let traces = edge.traces.iter().map(|(observation, _)| *observation);
    // A tunnel that is exempt from translation and a device that translates nothing look the same
    // where the rules cannot be read.
    let is_unclear = edge
        .traces
        .iter()
        .any(|(_, trace)| trace.stage == Stage::LeftUntranslated && trace.masqueraded.is_none());
    let is_clear = edge.traces.iter().any(|(_, trace)| trace.masqueraded.is_some());
    // Something behind the tunnel may lose the host's own packets too, and no probe tested that.
    let open = (is_unclear && !is_clear) || edge.fails_without_comparison();
    let likely = unseen || by_tunnel && open;
    let confidence = if likely { Confidence::Likely } else { Confidence::Confirmed };
    let proof = cut_off(edge, with_gateway(edge, text))
        .supported_by(edge.kernels_word())
        .supported_by([tables])
        .supported_by(traces)
        .with_confidence(confidence)
        .with_detail("mechanism", json!(mechanism.kind))
        .with_detail("routes", routes)
        .with_detail("rule", rule);
    let proof = of_the_network(edge, with_interface(proof, mechanism.interface.as_deref()));
    as_the_tables_allow(edge, proof)
}

/// The proof with the network that it is about. Findings of several networks are joined.
pub(super) fn of_the_network(edge: &EdgeReading<'_>, proof: Proof) -> Proof {
    let name = clean::line(&edge.network.name, 64);
    proof.with_detail("network", name.clone()).with_detail("networks", vec![name])
}

/// The stages at which a filter of this host may have taken a packet.
const FILTERED: [Stage; 3] = [Stage::LostInside, Stage::RejectedByHost, Stage::ReplyLost];

/// A VPN's own rule that dropped what the network sent, and the packet that it dropped.
pub(super) fn filtering_rule<'o>(
    edge: &EdgeReading<'o>,
) -> Option<(&'o Observation, &'o FilterRule)> {
    edge.traces.iter().filter(|(_, trace)| FILTERED.contains(&trace.stage)).find_map(
        |(seen, trace)| {
            Some((*seen, trace.dropped_by.iter().find(|rule| rule.speaks_of().is_some())?))
        },
    )
}

/// A VPN that is up, and a filter that drops what the bridge forwards: a kill switch by filter.
///
/// Two packets that are followed at once share a rule's counter, so the rule may be named for one
/// network alone. A packet of another network that is lost at the same place without a rule was
/// lost to the same filter.
fn by_filter<'o>(
    edge: &EdgeReading<'o>,
    elsewhere: Option<(&'o Observation, &'o FilterRule)>,
    product: vpn::Vpn,
    interface: &str,
) -> Vec<Finding> {
    let nameless = edge
        .traces
        .iter()
        .any(|(_, trace)| FILTERED.contains(&trace.stage) && trace.dropped_by.is_empty());
    let by_a_vpn = filtering_rule(edge).or_else(|| elsewhere.filter(|_| nameless));
    let Some((trace_seen, rule)) = by_a_vpn else { return Vec::new() };
    let text = about(edge, "filter")
        .with("vpn", words::vpn(product))
        .with("interface", interface)
        .with("rule", &rule.text);
    let proof = cut_off(edge, written_by(text, rule))
        .supported_by([trace_seen])
        .with_detail("mechanism", "kill-switch")
        .with_detail("rule", rule.text.clone());
    of_the_network(edge, with_interface(proof, Some(interface))).alone()
}

/// Whether a policy rule or the main table itself is at work, and a priority ahead of the rule's.
fn ahead_of(text: Text, rule: Option<&Rule>) -> Text {
    match rule {
        None => text.with("routing", "main"),
        Some(rule) => {
            text.with("routing", "rule").with_any("priority", words::priority_ahead_of(rule))
        }
    }
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
    text.with_any("gateway", gateway)
}
