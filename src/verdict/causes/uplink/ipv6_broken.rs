//! `ipv6-broken`: IPv6 addresses are offered that cannot be reached.

use std::net::IpAddr;

use edgeprobe_facts::{Facts, Observation, Role};

use crate::Effect;
use crate::attributes::{Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy};
use crate::catalogue::Text;
use crate::causes::shared::{at_each_vantage, observations, peers, place, those};
use crate::evidence::{Connection, Evidence, View};
use crate::rule::{Finding, Proof, Rule, refuted};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Hub,
    with_a_proxy: WithAProxy::TheSame,
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
    at_each_vantage(evidence, examine_view)
}

fn examine_view(view: &View<'_>) -> Vec<Finding> {
    let of_the_hub = of_one_host(view, &view.hub(), "unreachable", Role::Hub);
    let proved = |finding: &Finding| matches!(finding, Finding::Proved(_));
    if of_the_hub.iter().any(proved) {
        return of_the_hub;
    }
    let service: Vec<Connection<'_>> = view.connections(Role::Provisioning).collect();
    let of_the_service = of_one_host(view, &service, "service", Role::Provisioning);
    if of_the_service.iter().any(proved) { of_the_service } else { of_the_hub }
}

/// Reads the connections to one host, whose names have this role.
fn of_one_host(
    view: &View<'_>,
    connections: &[Connection<'_>],
    variant: &'static str,
    role: Role,
) -> Vec<Finding> {
    let by_ipv6 = those(connections, |c| c.facts.peer.is_ipv6());
    let by_ipv4 = those(connections, |c| c.facts.peer.is_ipv4() && c.connected());
    let connected = those(&by_ipv6, Connection::connected);
    if by_ipv6.is_empty() {
        let addresses = view.deciding_answers(role);
        let resolved = addresses.iter().map(|a| a.observation).filter(|o| !o.failed());
        let resolved: Vec<&Observation> = resolved.collect();
        return if resolved.is_empty() { Vec::new() } else { refuted(Text::new("none"), resolved) };
    }
    if !connected.is_empty() {
        return refuted(Text::new("connected"), observations(&connected));
    }
    // Where this device has no IPv6 at all, programs know so at once and go on with IPv4.
    if by_ipv6.iter().all(Connection::has_no_way) {
        return refuted(Text::new("absent"), observations(&by_ipv6));
    }
    if by_ipv4.is_empty() {
        return Vec::new();
    }
    let routes = view.all().filter(|observation| {
        observation.failed()
            && matches!(&observation.facts, Facts::Route(facts) if facts.destination.is_ipv6())
    });
    let host = by_ipv6.first().map(|c| c.facts.server.clone()).unwrap_or_default();
    let text = Text::new(variant)
        .with("host", host)
        .with("address", peers(&by_ipv6))
        .with("place", place(&view.vantage))
        .with_any("interface", view.interface_to(IpAddr::is_ipv6));
    Proof::confirmed(Effect::Warns, text, observations(&by_ipv6))
        .supported_by(observations(&by_ipv4))
        .explaining(routes)
        .alone()
}
