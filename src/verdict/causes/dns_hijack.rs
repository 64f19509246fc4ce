//! `dns-hijack`: the name resolves, but not to IoT Hub.

use std::net::{IpAddr, Ipv4Addr};

use edgeprobe_facts::dns::{AddressKind, Resolver};
use edgeprobe_facts::{Facts, Observation, Role, Token};

use super::shared::{controls, observations, those};
use crate::verdict::catalogue::Text;
use crate::verdict::cause::CauseId;
use crate::verdict::evidence::{Answer, Connection, Evidence, View};
use crate::verdict::rule::{Finding, Proof, Rule, refuted};
use crate::verdict::words::listed;
use crate::verdict::{Confidence, Effect};

pub(super) const RULE: Rule = Rule { id: CauseId::DnsHijack, examine };

/// Why an address cannot be IoT Hub's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Suspicion {
    /// No address of the internet: what filters and portals answer.
    Sinkhole,
    /// Pinned in the hosts file, while the name servers say something else.
    HostsFile,
    /// Pinned so too, and the name servers' address is as closed as the pinned one.
    PinnedAside,
    /// Private, with no sign of a private endpoint.
    Private,
    /// Another resolver names an address where IoT Hub does answer.
    Contradicted,
    /// The hub's public one, where the name leads to a private endpoint.
    ZoneNotLinked,
}

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let host = evidence.host();
    let views = evidence.views();
    let connections: Vec<Connection<'_>> =
        views.iter().flat_map(|view| view.connections(Role::Hub)).collect();
    if zone_is_not_linked(&host) {
        return wrong_addresses(evidence, &host.hub_addresses(), Suspicion::ZoneNotLinked).alone();
    }
    // A demonstration's own hub is on localhost.
    let is_candidate = |address: &IpAddr| {
        !(evidence.target.embedded && *address == IpAddr::V4(Ipv4Addr::LOCALHOST))
    };
    let mut real: Option<IpAddr> = None;
    let mut wrong: Vec<(IpAddr, Suspicion)> = Vec::new();
    for view in views.iter().filter(|view| !evidence.is_spare(&view.vantage)) {
        let addresses = view.hub_addresses();
        // Where one of several addresses is the hub's, programs come through.
        if let Some(address) = addresses.iter().find(|address| is_genuine(**address, &connections))
        {
            real = real.or(Some(*address));
            continue;
        }
        for address in addresses.into_iter().filter(is_candidate) {
            if !wrong.iter().any(|(known, _)| *known == address) {
                let why = suspicion(evidence, address, &connections);
                wrong.extend(why.map(|why| (address, why)));
            }
        }
    }
    if let (true, Some(real)) = (wrong.is_empty(), real) {
        let mut at = those(&connections, |c| c.facts.peer == real && c.is_genuine());
        let first = at.first().map(|c| c.observation.vantage.clone());
        at.retain(|c| Some(&c.observation.vantage) == first.as_ref());
        return refuted(Text::new("genuine").with("address", real), observations(&at));
    }
    let Some((_, why)) = wrong.first().copied() else { return Vec::new() };
    let addresses: Vec<IpAddr> = wrong.iter().map(|(address, _)| *address).collect();
    wrong_addresses(evidence, &addresses, why).alone()
}

/// The proof that the name leads to these addresses in place of the right ones. It explains what
/// fails there, seen from anywhere.
fn wrong_addresses(evidence: &Evidence<'_>, addresses: &[IpAddr], why: Suspicion) -> Proof {
    let host = evidence.host();
    let names_them = |answer: &Answer<'_>| answer.facts.ips().any(|ip| addresses.contains(&ip));
    let views = evidence.views();
    let named_by: Vec<&Observation> = views
        .iter()
        .flat_map(|view| view.answers(Role::Hub))
        .filter(names_them)
        .map(|answer| answer.observation)
        .collect();
    let reached = |observation: &Observation| {
        let facts = observation.facts.endpoint();
        facts.is_some_and(|f| f.role == Role::Hub && addresses.contains(&f.peer))
    };
    let routes = host.all().filter(|observation| {
        observation.failed()
            && matches!(&observation.facts, Facts::Route(f) if addresses.contains(&f.destination))
    });
    let is_a_guess = match why {
        Suspicion::Private | Suspicion::ZoneNotLinked | Suspicion::PinnedAside => true,
        // Only where the hub is found elsewhere is it certain that it is not here.
        Suspicion::HostsFile => !is_found_elsewhere(&views, addresses),
        Suspicion::Sinkhole | Suspicion::Contradicted => false,
    };
    let confidence = if is_a_guess { Confidence::Likely } else { Confidence::Confirmed };
    let text = Text::new(variant(why))
        .with("hub", &evidence.target.hub)
        .with("address", listed(addresses));
    let server = |answer: &Answer<'_>| matches!(answer.facts.resolver, Resolver::Server(_));
    let text = match host.answers(Role::Hub).filter(names_them).find(server) {
        Some(answer) => answer.to_ask_again(text),
        None => text,
    };
    if why == Suspicion::PinnedAside {
        return Proof::confirmed(Effect::Warns, text, named_by)
            .with_confidence(confidence)
            .explaining_nothing();
    }
    Proof::confirmed(Effect::Blocks, text, named_by)
        .with_confidence(confidence)
        .explaining(evidence.all().iter().filter(|seen| seen.failed() && reached(seen)))
        .explaining(routes)
}

/// Whether the name leads to a private endpoint, this resolver gives the public address, and the
/// hub cannot be used there: either it answers and goes no further, or it is closed while other
/// hosts are reached. Where public access is on, the same answer does no harm.
fn zone_is_not_linked(host: &View<'_>) -> bool {
    let connections = host.hub();
    let public = host.hub_has_a_private_endpoint() && host.hub_addresses_are(AddressKind::Public);
    let usable = host.transports().iter().any(|transport| host.works(*transport) == Some(true));
    let turned_away = connections.iter().any(|c| c.is_accepted() && c.observation.failed());
    let closed = connections.iter().all(|c| !c.connected());
    let others_are_reached = || controls(host).iter().any(Connection::connected);
    public
        && !usable
        && !connections.is_empty()
        && (turned_away || (closed && others_are_reached()))
}

/// Whether IoT Hub itself answers at the address.
fn is_genuine(address: IpAddr, connections: &[Connection<'_>]) -> bool {
    connections.iter().any(|c| c.facts.peer == address && c.is_genuine())
}

/// Whether IoT Hub itself answers at another address than these.
fn is_found_elsewhere(views: &[View<'_>], addresses: &[IpAddr]) -> bool {
    let mut connections = views.iter().flat_map(|view| view.connections(Role::Hub));
    connections.any(|c| c.is_genuine() && !addresses.contains(&c.facts.peer))
}

/// What speaks against an address at which no IoT Hub answered.
fn suspicion(
    evidence: &Evidence<'_>,
    address: IpAddr,
    connections: &[Connection<'_>],
) -> Option<Suspicion> {
    let views = evidence.views();
    let answers: Vec<Answer<'_>> = views.iter().flat_map(|view| view.answers(Role::Hub)).collect();
    let elsewhere = connections.iter().any(|c| c.facts.peer != address && c.is_genuine());
    let pinned = answers.iter().any(|a| a.facts.hosts_file.contains(&address));
    let by_a_server =
        answers.iter().any(|a| !a.facts.from_hosts_file() && a.facts.ips().any(|ip| ip == address));
    // That there is no such name is an answer too.
    let speaks = |a: &&Answer<'_>| {
        !a.observation.failed() || a.observation.token() == Some(Token::DnsNxdomain)
    };
    let by_others = answers.iter().filter(speaks).any(|a| !a.facts.from_hosts_file());
    if pinned && !by_a_server && by_others {
        let served = |c: &&Connection<'_>| {
            let mut by_servers = answers.iter().filter(|a| !a.facts.from_hosts_file());
            c.facts.peer != address
                && by_servers.any(|a| a.facts.ips().any(|ip| ip == c.facts.peer))
        };
        let here = connections.iter().filter(|c| c.facts.peer == address);
        let there: Vec<&Connection<'_>> = connections.iter().filter(served).collect();
        let closed_alike = !there.is_empty()
            && here.chain(there.iter().copied()).all(|connection| !connection.connected());
        return Some(if closed_alike { Suspicion::PinnedAside } else { Suspicion::HostsFile });
    }
    match AddressKind::of(address) {
        AddressKind::Sinkhole | AddressKind::Loopback | AddressKind::LinkLocal => {
            Some(Suspicion::Sinkhole)
        }
        AddressKind::Private if !views.iter().any(View::hub_has_a_private_endpoint) => {
            Some(Suspicion::Private)
        }
        _ if elsewhere => Some(Suspicion::Contradicted),
        _ => None,
    }
}

fn variant(why: Suspicion) -> &'static str {
    match why {
        Suspicion::Sinkhole => "sinkhole",
        Suspicion::HostsFile => "hosts_file",
        Suspicion::PinnedAside => "pinned_aside",
        Suspicion::Private => "private",
        Suspicion::Contradicted => "contradicted",
        Suspicion::ZoneNotLinked => "zone_not_linked",
    }
}
