//! `vpn-override`: a VPN's routes, rules, filter or DNS on the host override the edge network.

mod host;
mod ipsec;
mod names;
mod network;

use crate::Effect;
use crate::attributes::{
    KeptOut, Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy,
};
use crate::causes::bridge::edge::{at_each_edge, hub_addresses};
use crate::causes::names::containers::ContainersNames;
use crate::causes::shared::as_one;
use crate::evidence::Evidence;
use crate::rule::{Finding, Proof, Rule};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Hub,
    with_a_proxy: WithAProxy::OnTheHostsRoutes,
    applies_to_a_child: true,
    keeps_out: &[KeptOut::CutOff],
    same_in_a_log: SameInALog::Cause,
    peer_in_a_log: PeerInALog::Any,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_about_a_vpn: true,
    ended_by: Party::Vpn,
    examine,
};

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let host = host::examine(evidence);
    // Where the host itself is cut off, its networks are too.
    if let Some(proof) = host.as_ref().filter(|proof| proof.effect == Effect::Blocks) {
        return proof.clone().alone();
    }
    let hub = hub_addresses(evidence);
    let edges = evidence.edges();
    let rule = edges.iter().find_map(network::filtering_rule);
    let networks =
        at_each_edge(evidence, |edge| match ContainersNames::from_edge(evidence, edge) {
            ContainersNames::BehindAVpn(behind) => names::proof(evidence, edge, &behind).alone(),
            _ => network::examine(edge, &hub, rule),
        });
    as_one(host.map(Proof::alone).into_iter().chain([networks]))
}
