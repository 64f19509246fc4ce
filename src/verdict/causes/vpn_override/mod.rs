//! `vpn-override`: a VPN's routes, rules, filter or DNS on the host override the edge network.

mod host;
mod ipsec;
mod names;
mod network;

pub(super) use names::answers_the_host_alone;

use super::edge::{at_each_edge, hub_addresses};
use super::shared::as_one;
use crate::verdict::Effect;
use crate::verdict::cause::CauseId;
use crate::verdict::evidence::Evidence;
use crate::verdict::rule::{Finding, Proof, Rule};

pub(super) const RULE: Rule = Rule { id: CauseId::VpnOverride, examine };

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let host = host::examine(evidence);
    // Where the host itself is kept out, its networks are too.
    if let Some(proof) = host.as_ref().filter(|proof| proof.effect == Effect::Blocks) {
        return proof.clone().alone();
    }
    let hub = hub_addresses(evidence);
    let edges = evidence.edges();
    let rule = edges.iter().find_map(network::filtering_rule);
    let networks = at_each_edge(evidence, |edge| match names::examine(evidence, edge) {
        Some(proof) => proof.alone(),
        None => network::examine(edge, &hub, rule),
    });
    as_one(host.map(Proof::alone).into_iter().chain([networks]))
}
