//! `egress-blocked`: a firewall beyond the host blocks every port that the hub needs.

use edgeprobe_probes::dns::{AddressKind, Resolver};
use edgeprobe_probes::{Facts, Observation, Role};

use super::shared::{
    at_each_vantage, controls, failures, observations, peers, place, ports, those,
};
use crate::verdict::catalogue::Text;
use crate::verdict::cause::CauseId;
use crate::verdict::evidence::{Connection, Evidence, Manner, View};
use crate::verdict::rule::{Finding, Proof, Rule, refuted};
use crate::verdict::{Confidence, Effect};

pub(super) const RULE: Rule = Rule { id: CauseId::EgressBlocked, examine };

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let host = evidence.host();
    at_each_vantage(evidence, |view| examine_view(view, &host))
}

fn examine_view(view: &View<'_>, host: &View<'_>) -> Vec<Finding> {
    let connections = view.hub();
    let connected = those(&connections, Connection::connected);
    if !connected.is_empty() {
        let text = Text::new("connected").with("port", ports(&connected));
        return refuted(text, observations(&connected));
    }
    // A site that lets HTTPS out by its proxy alone is as it is meant to be.
    let by_proxy = those(&view.by_the_way_s_proxy(), Connection::established);
    if !by_proxy.is_empty() {
        return refuted(Text::new("proxy"), observations(&by_proxy));
    }
    // What only a container network cannot reach is stopped on this host, not beyond it.
    let host_is_stopped_too = !host
        .connections(Role::Hub)
        .any(|own| own.connected() && connections.iter().any(|it| it.facts.peer == own.facts.peer));
    if connections.is_empty() || !host_is_stopped_too {
        return Vec::new();
    }
    let controls = controls(view);
    let passing = those(&controls, Connection::connected);
    let mut beyond: Vec<&Observation> = observations(&passing);
    beyond.extend(signs_of_life(view));
    let private = host.hub_has_a_private_endpoint() && view.hub_addresses_are(AddressKind::Private);
    let variant = match (passing.is_empty(), private) {
        (_, true) => "private_endpoint",
        (true, false) => "everything",
        (false, false) => "hub_only",
    };
    let silent = connections.iter().all(|c| c.manner() == Some(Manner::Silent));
    let text = Text::new(variant)
        .with("port", ports(&connections))
        .with("address", peers(&connections))
        .with("place", place(&view.vantage))
        .with("manner", Text::new(if silent { "manner.silent" } else { "manner.refused" }));
    // Without a sign that the way out works at all, the uplink may as well be dead; and an address
    // that only the hosts file knows may as well be the wrong one.
    let open = beyond.is_empty() || only_by_hosts_file(host, &connections);
    let confidence = if open { Confidence::Likely } else { Confidence::Confirmed };
    Proof::confirmed(Effect::Blocks, text, observations(&connections))
        .supported_by(beyond)
        .with_confidence(confidence)
        .explaining(failures(&those(&controls, |control| !control.connected())))
        .alone()
}

/// Whether no name server names any of the addresses, but the hosts file does.
fn only_by_hosts_file(host: &View<'_>, connections: &[Connection<'_>]) -> bool {
    let by_a_server = |peer| {
        host.answers(Role::Hub)
            .any(|it| !it.facts.from_hosts_file() && it.facts.ips().any(|ip| ip == peer))
    };
    let by_the_file = |peer| host.answers(Role::Hub).any(|it| it.facts.hosts_file.contains(&peer));
    connections.iter().all(|it| by_the_file(it.facts.peer) && !by_a_server(it.facts.peer))
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
    // Where a tunnel is the way to the hub, a server on the device's own network says nothing of it.
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
