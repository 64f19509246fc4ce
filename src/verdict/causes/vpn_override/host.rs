//! A VPN that takes the host's own traffic away too, and the container networks' with it.

use edgeprobe_probes::route::RouteFacts;
use edgeprobe_probes::route::decision::{Decision, Flow, decide};
use edgeprobe_probes::route::tables::Tables;
use edgeprobe_probes::route::vpn::vpn_of;
use edgeprobe_probes::{Observation, Vantage};
use serde_json::json;

use crate::verdict::Effect;
use crate::verdict::catalogue::Text;
use crate::verdict::causes::shared::{lost_on_the_way, opened_by_another_uplink};
use crate::verdict::evidence::{Connection, Evidence};
use crate::verdict::rule::Proof;
use crate::verdict::words::vpn;

/// The proof, where nothing gets out of the host and a VPN's route or rule is why.
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
    let proof = Proof { effect, ..proof };
    Some(proof.supported_by([tables_seen]).explaining(lost))
}

/// The kernel refuses by a rule or a route that rejects, beside a VPN's interface, up or down.
fn rejected(tables: &Tables, seen: &Observation, route: &RouteFacts) -> Option<Proof> {
    if !seen.failed() {
        return None;
    }
    let decision = decide(tables, &Flow::own(route.destination)).filter(Decision::rejects)?;
    let (product, interface) = tables
        .links
        .iter()
        .find_map(|link| Some((vpn_of(tables, &link.name)?, link.name.as_str())))?;
    let by = match decision.route {
        Some(route) => route.to_string(),
        None => decision.rule.to_string(),
    };
    let text = Text::new("host_kill_switch")
        .with("vpn", vpn(product))
        .with("interface", interface)
        .with("rule", format!("`{by}`"));
    let proof = Proof::confirmed(Effect::Blocks, text, [seen])
        .with_detail("mechanism", json!("kill-switch"))
        .with_detail("interface", interface)
        .with_detail("rule", by);
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
    if by_another.is_empty() {
        return None;
    }
    let text = Text::new("host_tunnel").with("vpn", vpn(product)).with("interface", interface);
    let proof = Proof::confirmed(Effect::Blocks, text, [seen])
        .supported_by(by_another)
        .with_detail("mechanism", json!("full-tunnel"))
        .with_detail("interface", interface);
    Some(proof)
}
