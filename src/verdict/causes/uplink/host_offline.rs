//! `host-offline`: the host itself has no route out.

use std::net::IpAddr;

use edgeprobe_facts::route::RouteFacts;
use edgeprobe_facts::route::tables::{Hop, Route, RouteKind};
use edgeprobe_facts::route::vpn::vpn_of;
use edgeprobe_facts::{Facts, Observation};

use crate::Effect;
use crate::attributes::{Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy};
use crate::catalogue::Text;
use crate::causes::shared::{controls, lost_on_the_way, observations};
use crate::causes::uplink::uplinks::opened_by_another_uplink;
use crate::evidence::{Connection, Evidence, ends_here};
use crate::rule::{Finding, Proof, Rule, refuted};
use crate::translation;

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Hub,
    with_a_proxy: WithAProxy::OnTheDirectWay,
    applies_to_a_child: true,
    keeps_out: &[],
    same_in_a_log: SameInALog::Cause,
    peer_in_a_log: PeerInALog::Any,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_about_a_vpn: false,
    ended_by: Party::Unknown,
    examine,
};

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let host = evidence.host();
    let mut connections = host.hub();
    connections.extend(controls(&host));
    connections.retain(Connection::connected);
    let ways = host.ways_out();
    // A proxy on the device's own link shows nothing beyond it. If it leads to the hub, a device
    // without any other way may be set up so on purpose, unless a gateway is silent.
    let meant_so = !ways.iter().any(|(_, way)| way.gateway_answers == Some(false));
    let counts = |c: &Connection<'_>| {
        c.connected() && (!host.is_on_link(c) || (c.established() && meant_so))
    };
    connections.extend(host.proxied_hub_connections().into_iter().filter(counts));
    if !connections.is_empty() {
        return refuted(Text::new("connected"), observations(&connections).into_iter().take(1));
    }
    let stands_in = !ways.iter().any(|(_, way)| is_named(evidence, way.destination));
    let answers = evidence.answers_from_beyond(stands_in);
    let unrouted = !stands_in && has_no_way_out(evidence, &ways);
    if !answers.is_empty() && !unrouted {
        return refuted(Text::new("answered"), answers.into_iter().take(1));
    }

    let elsewhere = stands_in && has_another_gateway(evidence, &ways);
    if ways.is_empty() || !ways.iter().all(ends_here) || elsewhere {
        return Vec::new();
    }
    let dead = ways.iter().find(|(way, _)| !way.failed());
    // Something was reached by another uplink: the host is not offline, it takes the wrong one.
    let by = dead.and_then(|(_, facts)| facts.interface.as_deref());
    if by.is_some_and(|by| !opened_by_another_uplink(&host, by).is_empty()) {
        return Vec::new();
    }
    let text = if let Some((_, facts)) = dead {
        Text::new("dead_gateway")
            .with("gateway", facts.gateway.map(|ip| ip.to_string()).unwrap_or_default())
            .with("interface", facts.interface.as_deref().unwrap_or("?"))
    } else {
        let why = ways.first().and_then(|(way, _)| translation::failure(way));
        why.into_iter().fold(Text::new("no_route"), |text, why| text.with("failure", why))
    };
    Proof::confirmed(Effect::Blocks, text, ways.iter().map(|(way, _)| *way))
        .explaining(lost_on_the_way(evidence))
        .alone()
}

/// Whether the kernel has no route to the hub or to any other host that was tried. Routes to the
/// site's own networks are no way out, even if a name server answers there.
fn has_no_way_out(evidence: &Evidence<'_>, ways: &[(&Observation, &RouteFacts)]) -> bool {
    let others = controls(&evidence.host());
    // A child tries its parent alone.
    let were_tried = evidence.target.parent.is_some() || !others.is_empty();
    let is_refused = |(way, _): &(&Observation, &RouteFacts)| way.failed();
    were_tried
        && !ways.is_empty()
        && ways.iter().all(is_refused)
        && others.iter().all(Connection::has_no_way)
}

/// Whether a resolver named the address. An address that no resolver named only stands in for the
/// hub's.
fn is_named(evidence: &Evidence<'_>, address: IpAddr) -> bool {
    evidence.all().iter().any(|seen| match &seen.facts {
        Facts::Dns(facts) => facts.ips().any(|ip| ip == address),
        _ => false,
    })
}

/// Whether the device has another gateway, behind which the hub may be. A default route that these
/// ways do not take does not count, and neither does a tunnel, which depends on the uplink.
fn has_another_gateway(evidence: &Evidence<'_>, ways: &[(&Observation, &RouteFacts)]) -> bool {
    let known: Vec<IpAddr> = ways.iter().filter_map(|(_, way)| way.gateway).collect();
    evidence.tables().is_some_and(|(_, tables)| {
        let leads_somewhere =
            |route: &&Route| route.kind == RouteKind::Unicast && route.destination.prefix_len() > 0;
        let is_tunnel =
            |hop: &Hop| hop.interface.as_deref().is_some_and(|name| vpn_of(tables, name).is_some());
        let mut hops = tables.routes.iter().filter(leads_somewhere).flat_map(|route| &route.hops);
        hops.any(|hop| {
            !hop.dead && !is_tunnel(hop) && hop.gateway.is_some_and(|it| !known.contains(&it))
        })
    })
}
