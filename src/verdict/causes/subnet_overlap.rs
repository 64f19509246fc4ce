//! `subnet-overlap`: the bridge subnet covers an address that the device needs.

use std::net::IpAddr;

use edgeprobe_probes::dns::Resolver;
use edgeprobe_probes::route::overlap::{overlaps, swallowed};
use edgeprobe_probes::route::vpn::vpn_of;
use edgeprobe_probes::{Observation, Role};

use super::edge::{about, at_each_edge, cut_off};
use crate::verdict::Effect;
use crate::verdict::cause::CauseId;
use crate::verdict::evidence::{EdgeReading, Evidence};
use crate::verdict::rule::{Finding, Proof, Rule, refuted};
use crate::verdict::words::listed;

pub(super) const RULE: Rule = Rule { id: CauseId::SubnetOverlap, examine };

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let host = evidence.host();
    let mut needed = host.hub_addresses();
    for answer in host.answers(Role::Hub) {
        if let Resolver::Server(address) = answer.facts.resolver {
            needed.push(address.ip());
        }
    }
    let named_by: Vec<&Observation> =
        host.answers(Role::Hub).map(|answer| answer.observation).collect();
    at_each_edge(evidence, |edge| examine_edge(edge, &needed, &named_by))
}

fn examine_edge(
    edge: &EdgeReading<'_>,
    needed: &[IpAddr],
    named_by: &[&Observation],
) -> Vec<Finding> {
    let Some((seen, tables)) = edge.tables else { return Vec::new() };
    // The bridge's own addresses are the engine's, a resolver on the gateway for example.
    let covered: Vec<IpAddr> = swallowed(edge.network, needed)
        .into_iter()
        .filter(|address| Some(*address) != edge.network.gateway)
        .collect();
    if !covered.is_empty() {
        let words: Vec<String> = covered.iter().map(ToString::to_string).collect();
        let text = about(edge, "covers").with("address", listed(&words));
        return cut_off(edge, text)
            .supported_by(named_by.iter().copied())
            .supported_by([seen])
            .alone();
    }
    // A VPN's route inside the subnet is that VPN's doing, and told as such.
    let others: Vec<String> = overlaps(tables, edge.network)
        .into_iter()
        .filter(|claim| {
            claim.interface.as_deref().is_none_or(|name| vpn_of(tables, name).is_none())
        })
        // A route for a whole range that the subnet lies in claims nothing of it in particular.
        .filter(|claim| edge.network.subnet.contains(&claim.network))
        .map(|claim| claim.network.to_string())
        .collect();
    if others.is_empty() {
        return refuted(about(edge, "apart"), [seen]);
    }
    let text = about(edge, "shares").with("address", listed(&others));
    Proof::confirmed(Effect::Warns, text, [seen]).alone()
}
