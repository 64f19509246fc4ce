//! Services that the engine and the daemons need and that the kernel looks for on a bridge.
//!
//! The host uses a bridge's route too: its packets for an address inside the subnet go to the
//! bridge, where no service from elsewhere answers.

use std::net::IpAddr;

use edgeprobe_facts::route::decision::{Flow, decide};
use edgeprobe_facts::route::tables::Tables;
use edgeprobe_facts::{Facts, Observation, Step, Token, clean};
use ipnet::IpNet;

use crate::catalogue::Text;
use crate::causes::bridge::edge::is_default;
use crate::evidence::Evidence;
use crate::rule::Proof;
use crate::words::listed;
use crate::{Confidence, Effect};

/// Registries with public names: not a container of this device.
const PUBLIC_REGISTRIES: [&str; 4] =
    [".azurecr.io", ".azurecr.cn", ".azurecr.us", "mcr.microsoft.com"];

/// A network of the engine's that has a bridge on this host.
struct Bridged {
    name: String,
    bridge: String,
    subnet: IpNet,
    gateway: Option<IpAddr>,
    members: Vec<IpAddr>,
}

/// A service that the host needs and that no address of it answers for.
struct Lost<'o> {
    /// What is needed, as an administrator knows it.
    host: String,
    addresses: Vec<IpAddr>,
    seen: Vec<&'o Observation>,
    effect: Effect,
    /// Whether the service is certainly not a container of this device.
    is_elsewhere: bool,
}

/// The proofs that bridges take the host's packets for services other than the hub.
pub(super) fn examine(evidence: &Evidence<'_>) -> Vec<Proof> {
    let Some((tables_seen, tables)) = evidence.tables() else { return Vec::new() };
    let bridged = bridged(evidence);
    let mut proofs = Vec::new();
    for lost in lost(evidence) {
        let taken = |network: &&Bridged| {
            !lost.addresses.is_empty()
                && lost.addresses.iter().all(|address| network.takes(tables, *address))
        };
        let Some(network) = bridged.iter().find(taken) else { continue };
        let text = Text::new("covers_service")
            .with("network", &network.name)
            .with("subnet", network.subnet)
            .with("bridge", &network.bridge)
            .with("default_bridge", is_default(&network.name))
            .with("host", &lost.host)
            .with("address", listed(&lost.addresses));
        let confidence = if lost.is_elsewhere { Confidence::Confirmed } else { Confidence::Likely };
        let proof = Proof::confirmed(lost.effect, text, lost.seen)
            .supported_by([tables_seen])
            .with_confidence(confidence)
            .with_detail("network", network.name.as_str());
        proofs.push(proof);
    }
    proofs
}

impl Bridged {
    /// Whether the kernel sends the host's own packets for this address to the bridge, and no
    /// container is known there.
    fn takes(&self, tables: &Tables, address: IpAddr) -> bool {
        let route = decide(tables, &Flow::own(address)).and_then(|decision| decision.route);
        self.subnet.contains(&address)
            && self.gateway != Some(address)
            && !self.members.contains(&address)
            && route.is_some_and(|route| route.leaves_by(&self.bridge))
    }
}

/// The networks that were asked about, and all others that the engine names.
fn bridged(evidence: &Evidence<'_>) -> Vec<Bridged> {
    let edges = evidence.edges();
    let asked = edges.iter().map(|edge| Bridged {
        name: clean::line(&edge.network.name, 64),
        bridge: edge.network.bridge.clone(),
        subnet: edge.network.subnet,
        gateway: edge.network.gateway,
        members: edge.network.members.clone(),
    });
    let engine = evidence.engine().map(|(_, engine)| engine.networks.as_slice());
    let known = |bridge: &str| edges.iter().any(|edge| edge.network.bridge == bridge);
    let others = engine.unwrap_or_default().iter();
    let others = others.filter(|network| !network.bridge.as_deref().is_some_and(known));
    let others = others.flat_map(|network| {
        network.subnets.iter().filter_map(move |range| {
            Some(Bridged {
                name: clean::line(&network.name, 64),
                bridge: network.bridge.clone()?,
                subnet: range.subnet,
                gateway: range.gateway,
                members: network.members.clone(),
            })
        })
    });
    asked.chain(others).collect()
}

/// What the engine and the daemons need besides the hub and did not reach.
fn lost<'o>(evidence: &Evidence<'o>) -> Vec<Lost<'o>> {
    let mut lost: Vec<Lost<'o>> = evidence
        .registries()
        .iter()
        .filter_map(|it| of_a_registry(evidence, it.observation))
        .collect();
    lost.extend(of_provisioning(evidence));
    let host = evidence.host();
    for by in evidence.parts_by_proxy(&host) {
        let seen: Vec<&Observation> = by.missed();
        if by.nameless.is_empty() && !seen.is_empty() && seen.iter().all(|it| is_unanswered(it)) {
            let addresses = by.connections.iter().map(|c| c.facts.peer).collect();
            lost.push(Lost {
                host: by.via.url.to_string(),
                addresses: each_once(addresses),
                seen,
                effect: evidence.effect_on_parts(&host, &by.parts).0,
                is_elsewhere: false,
            });
        }
    }
    lost
}

fn of_a_registry<'o>(evidence: &Evidence<'o>, seen: &'o Observation) -> Option<Lost<'o>> {
    let Facts::Registry(facts) = &seen.facts else { return None };
    let host = facts.part.and_then(|part| facts.host(part))?;
    if !is_unanswered(seen) || !evidence.is_a_needed_service(seen) {
        return None;
    }
    let proxy = facts.failing_proxy();
    let is_public = PUBLIC_REGISTRIES.iter().any(|ending| facts.registry.ends_with(ending));
    Some(Lost {
        host: proxy.map_or_else(|| host.server.clone(), |proxy| proxy.url.to_string()),
        addresses: host.addresses.clone(),
        seen: vec![seen],
        effect: evidence.effect_of_service(seen),
        is_elsewhere: proxy.is_none() && is_public,
    })
}

fn of_provisioning<'o>(evidence: &Evidence<'o>) -> Option<Lost<'o>> {
    let connections = evidence.provisioning();
    let first = connections.first()?;
    let seen: Vec<&Observation> = connections.iter().map(|c| c.observation).collect();
    if !seen.iter().all(|seen| is_unanswered(seen)) {
        return None;
    }
    let proxy = first.facts.proxy.as_ref();
    Some(Lost {
        host: proxy.map_or_else(|| first.facts.server.clone(), |proxy| proxy.url.to_string()),
        addresses: each_once(connections.iter().map(|c| c.facts.peer).collect()),
        effect: evidence.effect_of_provisioning(),
        is_elsewhere: proxy.is_none(),
        seen,
    })
}

/// Whether nothing answered at all. A refusal is an answer.
fn is_unanswered(seen: &Observation) -> bool {
    let silent = [Token::TimedOut, Token::HostUnreachable];
    seen.failed_step() == Some(Step::Connect)
        && seen.token().is_some_and(|token| silent.contains(&token))
}

fn each_once(mut addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}
