//! `egress-blocked`: a firewall, beyond the host or on it, blocks every port that the hub needs.

use std::collections::BTreeSet;
use std::net::IpAddr;

use edgeprobe_facts::dns::{AddressKind, Resolver};
use edgeprobe_facts::{Facts, Observation, Role, Vantage};

use super::egress::Egress;
use crate::attributes::{
    KeptOut, Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy,
};
use crate::catalogue::Text;
use crate::causes::shared::{
    at_each_vantage, controls, failures, observations, peers, place, ports, those,
};
use crate::causes::uplink::uplinks::{interface, opened_by_another_uplink};
use crate::evidence::{Connection, Evidence, Manner, View};
use crate::rule::{Finding, Proof, Rule, refuted};
use crate::translation;
use crate::{Confidence, Effect};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Hub,
    with_a_proxy: WithAProxy::OnTheDirectWay,
    applies_to_a_child: false,
    keeps_out: &[KeptOut::StoppedDaemons],
    same_in_a_log: SameInALog::Cause,
    peer_in_a_log: PeerInALog::Any,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_about_a_vpn: false,
    ended_by: Party::Network,
    examine,
};

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    at_each_vantage(evidence, |view| examine_view(evidence, view))
}

fn examine_view<'o>(evidence: &Evidence<'o>, view: &View<'o>) -> Vec<Finding> {
    match Egress::from_view(evidence, view) {
        Egress::Open(open) => {
            let text = Text::new("connected").with("port", ports(&open));
            refuted(text, observations(&open))
        }
        Egress::OpenByProxy(open) => refuted(Text::new("proxy"), observations(&open)),
        Egress::OpenToANetwork(open) => {
            by_its_own_filter(evidence, view, &open).map(Proof::alone).unwrap_or_default()
        }
        Egress::EndsHere(stopped) => by_this_host(evidence, view, &stopped).alone(),
        Egress::ClosedBeyond { stopped_here, sent, left } => {
            closed_beyond(evidence, view, (&stopped_here, &sent), left).alone()
        }
        Egress::NotTried | Egress::StoppedOnTheWayHere => Vec::new(),
    }
}

/// The proof that the packets of these connections leave this device and no answer comes. `left` is
/// one that was followed, where the host was not asked to connect.
fn closed_beyond<'o>(
    evidence: &Evidence<'o>,
    view: &View<'o>,
    (stopped_here, sent): (&[Connection<'o>], &[Connection<'o>]),
    left: Option<&'o Observation>,
) -> Proof {
    let (host, alone) = (&evidence.host(), evidence.is_without_the_host());
    let controls = or_the_hosts(controls(view), host);
    let passing = those(&controls, Connection::connected);
    let mut beyond: Vec<&Observation> = observations(&passing);
    beyond.extend(signs_of_life(view));
    let private = host.hub_has_a_private_endpoint() && view.hub_addresses_are(AddressKind::Private);
    let host_was_tried =
        view.vantage == Vantage::Host || host.connections(Role::Hub).next().is_some();
    let variant = match (passing.is_empty(), private) {
        _ if !host_was_tried => "host_untried",
        (_, true) => "private_endpoint",
        (true, false) if controls.is_empty() => "hub_alone",
        (true, false) => "everything",
        (false, false) => "hub_only",
    };
    // Without a sign that the way out works, the uplink may be dead. An address that only the hosts
    // file knows may be wrong. Without a control, the fault may be the hub's or this host's.
    let open = alone
        || beyond.is_empty()
        || only_by_hosts_file(host, sent)
        || matches!(variant, "host_untried" | "hub_alone");
    let confidence = if open { Confidence::Likely } else { Confidence::Confirmed };
    let text = sentence(evidence, view, variant, sent);
    let by_another = by_another_uplink(view);
    let text = match by_another.first().and_then(|control| interface(control)) {
        Some(other) => text.with("other", other).followed_by("by_another_uplink"),
        None => text,
    };
    Proof::confirmed(Effect::Blocks, text, observations(sent))
        .supported_by(beyond)
        .supported_by(left)
        .supported_by(by_another)
        .with_confidence(confidence)
        .explaining(failures(stopped_here))
        .explaining(failures(&those(&controls, |control| !control.connected())))
}

/// The host's connections to the hub that another uplink let through.
fn by_another_uplink<'o>(view: &View<'o>) -> Vec<&'o Observation> {
    let Some(usual) = view.interface_to(|_| true) else { return Vec::new() };
    let mut opened = opened_by_another_uplink(view, usual);
    opened.retain(|control| control.facts.endpoint().is_some());
    opened
}

/// The controls of a view, or those of its host: a network is behind the same site.
fn or_the_hosts<'o>(own: Vec<Connection<'o>>, host: &View<'o>) -> Vec<Connection<'o>> {
    if own.is_empty() { controls(host) } else { own }
}

/// The proof that this host keeps its own packets from the hub, which a container network of the
/// same device reaches by these connections: nothing beyond the device tells the two apart.
fn by_its_own_filter<'o>(
    evidence: &Evidence<'o>,
    view: &View<'o>,
    through: &[Connection<'o>],
) -> Option<Proof> {
    let stopped = view.hub();
    let vantage = &through.first()?.observation.vantage;
    let edges = evidence.edges();
    let edge = edges.iter().find(|edge| edge.view.vantage == *vantage)?;
    let peers: Vec<IpAddr> = stopped.iter().map(|own| own.facts.peer).collect();
    let own = view.interface_to(|to| peers.contains(to));
    let forwarded = edge.ways_to(&peers).find_map(|(_, way)| way.forward.interface());
    let (variant, confidence) = match (own, forwarded) {
        (Some(own), Some(forwarded)) if own != forwarded => ("other_way", Confidence::Likely),
        (Some(_), Some(_)) => ("own_filter", Confidence::Confirmed),
        _ => ("own_filter", Confidence::Likely),
    };
    let text = sentence(evidence, view, variant, &stopped)
        .with("network", place(&edge.view.vantage))
        .with_any("interface", own)
        .with_any("other", forwarded);
    let controls = those(&controls(view), |control| !control.connected());
    let proof = Proof::confirmed(Effect::Blocks, text, observations(&stopped));
    Some(
        proof
            .supported_by(observations(through))
            .explaining(failures(&controls))
            .with_confidence(confidence),
    )
}

/// The proof that this host's own way to the hub ends here. Nothing is known of the way beyond.
fn by_this_host(evidence: &Evidence<'_>, view: &View<'_>, stopped: &[Connection<'_>]) -> Proof {
    let host = evidence.host();
    let ways: Vec<_> = stopped.iter().filter_map(|it| host.way_to(it.facts.peer)).collect();
    let silent = ways.iter().find(|(way, _)| !way.failed()).and_then(|(_, way)| way.gateway);
    let text = if let Some(gateway) = silent {
        sentence(evidence, view, "next_hop", stopped).with("gateway", gateway)
    } else {
        let refused = ways.first().map(|(way, _)| *way);
        let refused = refused.or_else(|| stopped.first().map(|it| it.observation));
        sentence(evidence, view, "own_route", stopped)
            .with_any("failure", refused.and_then(translation::failure))
    };
    Proof::confirmed(Effect::Blocks, text, observations(stopped))
        .supported_by(ways.iter().map(|(way, _)| *way))
        .explaining(ways.iter().map(|(way, _)| *way).filter(|way| way.failed()))
        .with_confidence(Confidence::Likely)
}

fn sentence(
    evidence: &Evidence<'_>,
    view: &View<'_>,
    variant: &'static str,
    connections: &[Connection<'_>],
) -> Text {
    let silent = connections.iter().all(|c| c.manner() == Some(Manner::Silent));
    Text::new(variant)
        .with("hub", &evidence.target.hub)
        .with("port", ports(connections))
        .with("address", peers(connections))
        .with("place", place(&view.vantage))
        .with("manner", Text::new(if silent { "manner.silent" } else { "manner.refused" }))
}

/// Whether only the hosts file names the addresses, and the name servers' addresses are not closed
/// too.
fn only_by_hosts_file(host: &View<'_>, connections: &[Connection<'_>]) -> bool {
    let by_servers = host.answers(Role::Hub).filter(|it| !it.facts.from_hosts_file());
    let by_servers: BTreeSet<IpAddr> = by_servers.flat_map(|it| it.facts.ips()).collect();
    let by_the_file = host.answers(Role::Hub).flat_map(|it| it.facts.hosts_file.iter());
    let by_the_file: BTreeSet<&IpAddr> = by_the_file.collect();
    let mut others =
        host.connections(Role::Hub).filter(|it| by_servers.contains(&it.facts.peer)).peekable();
    let others_are_closed = others.peek().is_some() && others.all(|it| !it.connected());
    !others_are_closed
        && connections
            .iter()
            .map(|it| &it.facts.peer)
            .all(|peer| by_the_file.contains(peer) && !by_servers.contains(peer))
}

/// What shows that packets leave this device: an answer from a name server on another machine, or
/// a gateway that answers on its link.
fn signs_of_life<'o>(view: &View<'o>) -> Vec<&'o Observation> {
    let by_another_machine = |resolver: &Resolver| match resolver {
        Resolver::Server(address) => !address.ip().is_loopback(),
        Resolver::System => false,
    };
    let answers = view
        .answers(Role::Hub)
        .filter(|answer| !answer.observation.failed() && by_another_machine(&answer.facts.resolver))
        .map(|answer| answer.observation);
    // Where a tunnel leads to the hub, an answer from the device's own network shows nothing of it.
    let by_a_tunnel = view
        .ways_out()
        .into_iter()
        .any(|(_, facts)| facts.interface.is_some() && facts.gateway.is_none());
    let answers = answers.filter(move |_| !by_a_tunnel);
    let gateways = view.all().filter(|observation| {
        matches!(&observation.facts, Facts::Route(facts) if facts.gateway_answers == Some(true))
    });
    answers.chain(gateways).collect()
}
