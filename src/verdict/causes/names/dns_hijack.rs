//! `dns-hijack`: the name resolves, but not to IoT Hub.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use edgeprobe_facts::dns::{AddressKind, Resolver};
use edgeprobe_facts::{Facts, Observation, Role, Token};

use crate::attributes::{Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy};
use crate::catalogue::Text;
use crate::causes::shared::{controls, observations, those};
use crate::evidence::{Answer, Connection, Evidence, Pin, PinnedBy, UsedBy, View};
use crate::rule::{Finding, Proof, Rule, refuted};
use crate::words::listed;
use crate::{Confidence, Effect};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Hub,
    with_a_proxy: WithAProxy::OnTheDirectWay,
    applies_to_a_child: false,
    keeps_out: &[],
    same_in_a_log: SameInALog::Cause,
    peer_in_a_log: PeerInALog::Any,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_about_a_vpn: false,
    ended_by: Party::Unknown,
    examine,
};

/// Why an address cannot be IoT Hub's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Suspicion {
    /// No address of the internet: what filters and portals answer.
    Sinkhole,
    /// Pinned in the hosts file, while the name servers say something else.
    HostsFile,
    /// Pinned too, and the name servers' address is also closed.
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
    let known = Known::from_views(&views, &connections);
    let mut real: Option<IpAddr> = None;
    let mut looked_at: BTreeSet<IpAddr> = BTreeSet::new();
    let mut wrong: Vec<(IpAddr, Suspicion)> = Vec::new();
    for view in views.iter().filter(|view| !evidence.is_unused(&view.vantage)) {
        let addresses = view.hub_addresses();
        // If one of several addresses is the hub's, programs reach it.
        if let Some(address) = addresses.iter().find(|address| known.genuine.contains(address)) {
            real = real.or(Some(*address));
            continue;
        }
        let new = addresses.into_iter().filter(is_candidate).filter(|it| looked_at.insert(*it));
        wrong.extend(new.filter_map(|address| Some((address, known.suspicion(address)?))));
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
    let wrong: BTreeSet<IpAddr> = addresses.iter().copied().collect();
    let host = evidence.host();
    let names_them = |answer: &Answer<'_>| answer.facts.ips().any(|ip| wrong.contains(&ip));
    let views = evidence.views();
    let named_by: Vec<&Observation> = views
        .iter()
        .flat_map(|view| view.answers(Role::Hub))
        .filter(names_them)
        .map(|answer| answer.observation)
        .collect();
    let reached = |observation: &Observation| {
        let facts = observation.facts.endpoint();
        facts.is_some_and(|f| f.role == Role::Hub && wrong.contains(&f.peer))
    };
    let routes = host.all().filter(|observation| {
        observation.failed()
            && matches!(&observation.facts, Facts::Route(f) if wrong.contains(&f.destination))
    });
    let is_a_guess = match why {
        Suspicion::Private | Suspicion::ZoneNotLinked | Suspicion::PinnedAside => true,
        // The address is certainly wrong only where the hub answers at another one.
        Suspicion::HostsFile => !is_found_elsewhere(&views, &wrong),
        Suspicion::Sinkhole | Suspicion::Contradicted => false,
    };
    let pin = Pin::of(evidence, &wrong)
        .filter(|pin| why == Suspicion::HostsFile || matches!(pin.by, PinnedBy::SearchList(_)));
    // A name of the search list's is not the hub's, whatever is found at its address.
    let is_a_guess = match &pin {
        Some(_) => !is_found_elsewhere(&views, &wrong),
        None => is_a_guess,
    };
    let confidence = if is_a_guess { Confidence::Likely } else { Confidence::Confirmed };
    let text = match &pin {
        Some(pin) => pin.sentence(),
        None => Text::new(variant(why)),
    };
    let text = text.with("hub", &evidence.target.hub).with("address", listed(addresses));
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
    let proof = Proof::confirmed(gravest(evidence, &wrong), text, named_by)
        .with_confidence(confidence)
        .explaining(evidence.all().iter().filter(|seen| seen.failed() && reached(seen)))
        .explaining(routes);
    match pin {
        Some(pin) => pin.details(proof),
        None => proof,
    }
}

/// What it does that the name leads to these addresses: what only Edge Hub is told stops its messages
/// and not Edge Agent.
fn gravest(evidence: &Evidence<'_>, wrong: &BTreeSet<IpAddr>) -> Effect {
    let misled = |view: &&View<'_>| view.hub_addresses().iter().any(|it| wrong.contains(it));
    let views = evidence.views();
    let used = views.iter().filter(misled).map(|view| evidence.used_by(&view.vantage));
    let effect = used.filter(|used| *used != UsedBy::NoPart).map(|used| match used {
        UsedBy::EdgeAgent => Effect::Blocks,
        UsedBy::EdgeHub | UsedBy::NoPart => Effect::Degrades,
    });
    effect.min().unwrap_or(Effect::Blocks)
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

/// Whether IoT Hub itself answers at another address than these.
fn is_found_elsewhere(views: &[View<'_>], addresses: &BTreeSet<IpAddr>) -> bool {
    let mut connections = views.iter().flat_map(|view| view.connections(Role::Hub));
    connections.any(|c| c.is_genuine() && !addresses.contains(&c.facts.peer))
}

/// What is known of the addresses that the hub's name leads to.
struct Known {
    /// Where IoT Hub itself answers.
    genuine: BTreeSet<IpAddr>,
    /// Where a connection opens.
    open: BTreeSet<IpAddr>,
    /// What a hosts file pins.
    pinned: BTreeSet<IpAddr>,
    /// What name servers say.
    by_servers: BTreeSet<IpAddr>,
    /// Whether a name server says anything of the name; that there is no such name is an answer too.
    servers_speak: bool,
    /// Whether the addresses from name servers were tried and no connection opens.
    servers_are_closed: bool,
    has_a_private_endpoint: bool,
}

impl Known {
    fn from_views(views: &[View<'_>], connections: &[Connection<'_>]) -> Self {
        let answers = || views.iter().flat_map(|view| view.answers(Role::Hub));
        let by_servers = || answers().filter(|answer| !answer.facts.from_hosts_file());
        let speaks = |answer: Answer<'_>| {
            !answer.observation.failed() || answer.observation.token() == Some(Token::DnsNxdomain)
        };
        let peers = |of: &[Connection<'_>]| of.iter().map(|it| it.facts.peer).collect();
        let servers: BTreeSet<IpAddr> = by_servers().flat_map(|it| it.facts.ips()).collect();
        let served = those(connections, |it| servers.contains(&it.facts.peer));
        Self {
            genuine: peers(&those(connections, Connection::is_genuine)),
            open: peers(&those(connections, Connection::connected)),
            pinned: answers().flat_map(|answer| answer.facts.hosts_file.iter().copied()).collect(),
            by_servers: servers,
            servers_speak: by_servers().any(speaks),
            servers_are_closed: !served.is_empty() && !served.iter().any(Connection::connected),
            has_a_private_endpoint: views.iter().any(View::hub_has_a_private_endpoint),
        }
    }

    /// The reason against an address at which IoT Hub did not answer.
    fn suspicion(&self, address: IpAddr) -> Option<Suspicion> {
        let pinned = self.pinned.contains(&address) && !self.by_servers.contains(&address);
        match AddressKind::from_address(address) {
            _ if pinned && self.servers_speak => {
                let closed_alike = self.servers_are_closed && !self.open.contains(&address);
                Some(if closed_alike { Suspicion::PinnedAside } else { Suspicion::HostsFile })
            }
            AddressKind::Sinkhole | AddressKind::Loopback | AddressKind::LinkLocal => {
                Some(Suspicion::Sinkhole)
            }
            AddressKind::Private if !self.has_a_private_endpoint => Some(Suspicion::Private),
            _ if !self.genuine.is_empty() => Some(Suspicion::Contradicted),
            _ => None,
        }
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
