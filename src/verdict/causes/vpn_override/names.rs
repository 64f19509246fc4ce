//! Name servers behind a VPN, which answer the host and not its containers.

use std::net::IpAddr;

use edgeprobe_probes::dns::Resolver;
use edgeprobe_probes::route::signature::Mechanism;
use edgeprobe_probes::{Observation, Role};

use super::network::of_the_network;
use crate::verdict::causes::edge::about;
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
    let servers: Vec<IpAddr> = behind.iter().map(|(server, _)| *server).collect();
    let to_the_host = answers_to_the_host(evidence, &servers);
    if to_the_host.is_empty() {
        return None;
    }
    // Only a connection shows that packets of the network pass at all.
    let confidence =
        if edge.opened.is_empty() { Confidence::Likely } else { Confidence::Confirmed };
    let hub = &evidence.target.hub;
    let text = about(edge, "dns").with("resolver", listed(&servers)).with("hub", hub);
    let text = vpn.vpn.into_iter().fold(text, |text, it| text.with("vpn", words::vpn(it)));
    let text = vpn.interface.iter().fold(text, |text, name| text.with("interface", name));
    let routes: Vec<String> = vpn.routes.iter().map(ToString::to_string).collect();
    let rule = vpn.rule.as_ref().map(ToString::to_string);
    let controls = edge.view.answers(Role::Control).map(|answer| answer.observation);
    let proof =
        Proof::confirmed(Effect::Blocks, text, answers.iter().map(|answer| answer.observation))
            .supported_by(to_the_host)
            .supported_by(edge.kernels_word())
            .explaining(controls.filter(|control| control.failed()))
            .explaining(edge.ways.iter().map(|(way, _)| *way).filter(|way| way.failed()))
            .with_confidence(confidence)
            .with_detail("mechanism", "dns")
            .with_detail("interface", vpn.interface.clone())
            .with_detail("routes", routes)
            .with_detail("rule", rule);
    Some(of_the_network(edge, proof))
}

/// The name servers that the network asks, with the VPN that the kernel leads its questions to;
/// nothing where one of them lies elsewhere.
fn behind_a_vpn(
    evidence: &Evidence<'_>,
    edge: &EdgeReading<'_>,
) -> Option<Vec<(IpAddr, Mechanism)>> {
    let others: Vec<IpAddr> = evidence
        .host()
        .hub_addresses()
        .into_iter()
        .chain(evidence.addresses_of_the_proxy())
        .collect();
    edge.ways
        .iter()
        .map(|(_, way)| way.destination)
        .filter(|server| !others.contains(server))
        .map(|server| {
            let mut mechanisms = edge.mechanisms(server).into_iter();
            Some((server, mechanisms.find(|mechanism| mechanism.vpn.is_some())?))
        })
        .collect()
}

/// What the host was told by these servers.
fn answers_to_the_host<'o>(evidence: &Evidence<'o>, servers: &[IpAddr]) -> Vec<&'o Observation> {
    let asked = |answer: &Answer<'_>| matches!(answer.facts.resolver, Resolver::Server(at) if servers.contains(&at.ip()));
    let host = evidence.host();
    let answers: Vec<Answer<'o>> = host.answers(Role::Hub).filter(asked).collect();
    answers.into_iter().map(|answer| answer.observation).filter(|seen| !seen.failed()).collect()
}
