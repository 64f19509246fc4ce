//! Name servers behind a VPN, which answer the host and not its containers.

use std::net::IpAddr;

use edgeprobe_probes::dns::{DnsFacts, Resolver};
use edgeprobe_probes::route::signature::Mechanism;
use edgeprobe_probes::{Facts, Observation, Role};

use super::network::of_the_network;
use crate::verdict::causes::bridge::edge::about;
use crate::verdict::evidence::{Answer, EdgeReading, Evidence};
use crate::verdict::rule::Proof;
use crate::verdict::words::{self, listed};
use crate::verdict::{Confidence, Effect};

/// The proof, where containers may reach the hub and every name server that they ask lies behind a
/// VPN and does not answer them.
pub(super) fn examine(evidence: &Evidence<'_>, edge: &EdgeReading<'_>) -> Option<Proof> {
    let answers: Vec<Answer<'_>> = edge.view.answers(Role::Hub).collect();
    let unanswered = answers.iter().all(|answer| answer.observation.failed() && !answer.denies());
    if answers.is_empty() || !unanswered || edge.is_cut_off() || edge.fails_alone() {
        return None;
    }
    let behind = behind_a_vpn(evidence, edge)?;
    let (_, vpn) = behind.first()?;
    if behind.iter().any(|(_, vpn)| carries_the_network(edge, vpn)) {
        return None;
    }
    let servers: Vec<IpAddr> = behind.iter().map(|(server, _)| *server).collect();
    let to_the_host = answers_to_the_host(evidence, &servers);
    if to_the_host.is_empty() {
        return None;
    }
    let hub = &evidence.target.hub;
    let text = about(edge, "dns").with("resolver", listed(&servers)).with("hub", hub);
    let text = text.with_any("vpn", vpn.vpn.map(words::vpn));
    let text = text.with_any("interface", vpn.interface.as_ref());
    let routes: Vec<String> = vpn.routes.iter().map(ToString::to_string).collect();
    let rule = vpn.rule.as_ref().map(ToString::to_string);
    let controls = edge.view.answers(Role::Control).map(|answer| answer.observation);
    let proof =
        Proof::confirmed(Effect::Blocks, text, answers.iter().map(|answer| answer.observation))
            .supported_by(to_the_host)
            .supported_by(edge.kernels_word())
            .explaining(controls.filter(|control| control.failed()))
            .explaining(edge.ways.iter().map(|(way, _)| *way).filter(|way| way.failed()))
            // No question is followed on its way: a filter for them alone would look the same.
            .with_confidence(Confidence::Likely)
            .with_detail("mechanism", "dns")
            .with_detail("interface", vpn.interface.clone())
            .with_detail("routes", routes)
            .with_detail("rule", rule);
    Some(of_the_network(edge, proof))
}

/// Whether it is a VPN's doing that the network's name servers do not answer it.
pub(in crate::verdict::causes) fn answers_the_host_alone(
    evidence: &Evidence<'_>,
    edge: &EdgeReading<'_>,
) -> bool {
    examine(evidence, edge).is_some()
}

/// The name servers that the network asks, with the VPN that the kernel leads its questions to;
/// nothing where one of them lies elsewhere.
fn behind_a_vpn(
    evidence: &Evidence<'_>,
    edge: &EdgeReading<'_>,
) -> Option<Vec<(IpAddr, Mechanism)>> {
    let known = known_servers(evidence);
    edge.ways
        .iter()
        .map(|(_, way)| way.destination)
        .filter(|destination| known.contains(destination))
        .map(|server| {
            // A network without IPv6 reaches no IPv6 server, VPN or not.
            let mut mechanisms = edge.mechanisms(server).into_iter().filter(|_| server.is_ipv4());
            Some((server, mechanisms.find(|it| it.vpn.is_some() && it.interface.is_some())?))
        })
        .collect()
}

/// What is known to be a name server: the kernel was asked the way to other addresses as well, and
/// to one of no meaning where no name had led anywhere yet.
fn known_servers(evidence: &Evidence<'_>) -> Vec<IpAddr> {
    let asked = evidence.all().iter().filter_map(|observation| match &observation.facts {
        Facts::Dns(DnsFacts { resolver: Resolver::Server(at), .. }) => Some(at.ip()),
        _ => None,
    });
    let told = evidence.engine().into_iter().flat_map(|(_, engine)| engine.settings.dns.clone());
    asked.chain(told).collect()
}

/// Whether the VPN carries the network's connections to the hub: it lets the network's packets
/// pass then, and what keeps its questions from the name servers is something else.
fn carries_the_network(edge: &EdgeReading<'_>, vpn: &Mechanism) -> bool {
    edge.opened.iter().any(|connection| {
        let mechanisms = edge.mechanisms(connection.facts.peer);
        mechanisms.iter().any(|mechanism| mechanism.interface == vpn.interface)
    })
}

/// What the host was told by these servers.
fn answers_to_the_host<'o>(evidence: &Evidence<'o>, servers: &[IpAddr]) -> Vec<&'o Observation> {
    let asked = |answer: &Answer<'_>| matches!(answer.facts.resolver, Resolver::Server(at) if servers.contains(&at.ip()));
    let host = evidence.host();
    let answers: Vec<Answer<'o>> = host.answers(Role::Hub).filter(asked).collect();
    answers.into_iter().map(|answer| answer.observation).filter(|seen| !seen.failed()).collect()
}
