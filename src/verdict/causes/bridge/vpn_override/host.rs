//! A VPN that takes the host's own traffic away too, and the container networks' with it.

use std::net::IpAddr;

use edgeprobe_facts::route::RouteFacts;
use edgeprobe_facts::route::author::author;
use edgeprobe_facts::route::decision::{Decision, Flow, decide};
use edgeprobe_facts::route::tables::{Link, MAIN_TABLE, Route, Tables};
use edgeprobe_facts::route::vpn::{Vpn, vpn_of};
use edgeprobe_facts::{Observation, Vantage, clean};
use serde_json::json;

use crate::Effect;
use crate::catalogue::Text;
use crate::causes::shared::lost_on_the_way;
use crate::causes::uplink::uplinks::opened_by_another_uplink;
use crate::evidence::{Connection, EdgeReading, Evidence};
use crate::rule::Proof;
use crate::words::vpn;

/// The proof that nothing leaves the host because of a VPN's route or rule.
pub(super) fn examine(evidence: &Evidence<'_>) -> Option<Proof> {
    let (tables_seen, tables) = evidence.tables()?;
    let host = evidence.host();
    // A VPN for IPv4 leaves the device its IPv6, where it has any; container networks have none.
    let (ipv4, ipv6): (Vec<_>, Vec<_>) =
        host.hub().into_iter().partition(|connection| connection.facts.peer.is_ipv4());
    if ipv4.iter().any(Connection::connected) {
        return None;
    }
    let mut ways = host.ways_out().into_iter();
    let (route_seen, route) = ways.find(|(_, facts)| facts.destination.is_ipv4())?;
    let proof = rejected(tables, route_seen, route)
        .or_else(|| lost_in_the_tunnel(evidence, tables, route_seen, route))?;
    let effect =
        if ipv6.iter().any(Connection::connected) { Effect::Warns } else { Effect::Blocks };
    let lost = lost_on_the_way(evidence)
        .into_iter()
        .filter(|observation| effect == Effect::Blocks || observation.vantage == Vantage::Host);
    let proof = about_the_networks(evidence, Proof { effect, ..proof });
    Some(proof.supported_by([tables_seen]).explaining(lost))
}

/// The proof with the container networks that are cut off with the host, the runtime's own first.
fn about_the_networks(evidence: &Evidence<'_>, proof: Proof) -> Proof {
    if proof.effect != Effect::Blocks {
        return proof;
    }
    let edges = evidence.edges();
    let mut edges: Vec<&EdgeReading<'_>> = edges.iter().collect();
    edges.sort_by_key(|edge| evidence.is_unused(&edge.view.vantage));
    let names: Vec<String> = edges.iter().map(|edge| clean::line(&edge.network.name, 64)).collect();
    match names.first().cloned() {
        Some(first) => proof.with_detail("network", first).with_detail("networks", names),
        None => proof,
    }
}

/// The kernel refuses by a rule or a route that rejects and that a VPN's client wrote, whether its
/// interface is up or down.
fn rejected(tables: &Tables, seen: &Observation, route: &RouteFacts) -> Option<Proof> {
    if !seen.failed() {
        return None;
    }
    let decision = decide(tables, &Flow::own(route.destination)).filter(Decision::rejects)?;
    let product = author(tables, &decision)?;
    let made = |link: &&Link| vpn_of(tables, &link.name);
    // The link of a userspace WireGuard has an unknown kind once its routes are gone.
    let link = tables.links.iter().find(|link| made(link) == Some(product));
    let link = link.or_else(|| tables.links.iter().find(|link| made(link) == Some(Vpn::Other)))?;
    let interface = link.name.as_str();
    let by = match decision.route {
        Some(route) => route.to_string(),
        None => decision.rule.to_string(),
    };
    let text = Text::new("host_kill_switch")
        .with("vpn", vpn(product))
        .with("interface", interface)
        .with("rule", format!("`{by}`"));
    let routes: Vec<String> = decision.route.iter().map(ToString::to_string).collect();
    let proof = Proof::confirmed(Effect::Blocks, text, [seen])
        .with_detail("mechanism", json!("kill-switch"))
        .with_detail("interface", interface)
        .with_detail("routes", routes)
        .with_detail("rule", rule_of(&decision));
    Some(proof)
}

/// Everything leaves by a VPN's interface and nothing comes back, while another uplink works.
fn lost_in_the_tunnel(
    evidence: &Evidence<'_>,
    tables: &Tables,
    seen: &Observation,
    route: &RouteFacts,
) -> Option<Proof> {
    let interface = route.interface.as_deref()?;
    let product = vpn_of(tables, interface)?;
    let by_another = opened_by_another_uplink(&evidence.host(), interface);
    // If something answers through the tunnel, the tunnel works, and a filter behind it blocks the
    // hub.
    if by_another.is_empty() || !evidence.answered_by(interface).is_empty() {
        return None;
    }
    let text = Text::new("host_tunnel").with("vpn", vpn(product)).with("interface", interface);
    let (routes, rule) = into_the_tunnel(tables, interface, route.destination);
    let proof = Proof::confirmed(Effect::Blocks, text, [seen])
        .supported_by(by_another)
        .with_detail("mechanism", json!("full-tunnel"))
        .with_detail("interface", interface)
        .with_detail("routes", routes)
        .with_detail("rule", rule);
    Some(proof)
}

/// The routes that lead everything into a tunnel, both halves of a pair, and the rule that leads to
/// their table.
fn into_the_tunnel(
    tables: &Tables,
    interface: &str,
    destination: IpAddr,
) -> (Vec<String>, Option<String>) {
    let Some(decision) = decide(tables, &Flow::own(destination)) else { return (Vec::new(), None) };
    let Some(decisive) = decision.route else { return (Vec::new(), None) };
    let alike = |route: &&Route| {
        (route.table, route.destination.prefix_len())
            == (decisive.table, decisive.destination.prefix_len())
            && route.destination.addr().is_ipv4() == destination.is_ipv4()
            && route.leaves_by(interface)
    };
    let routes = tables.routes.iter().filter(alike).map(ToString::to_string).collect();
    (routes, rule_of(&decision))
}

/// The rule, unless every device has it.
fn rule_of(decision: &Decision<'_>) -> Option<String> {
    let ordinary = decision.route.is_some_and(|route| route.table == MAIN_TABLE);
    (!ordinary).then(|| decision.rule.to_string())
}
