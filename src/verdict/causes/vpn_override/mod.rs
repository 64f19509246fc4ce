//! `vpn-override`: a VPN's routes, rules, filter or DNS on the host override the edge network.

mod host;
mod network;

use super::edge::{at_each_edge, hub_addresses};
use crate::verdict::cause::CauseId;
use crate::verdict::evidence::Evidence;
use crate::verdict::rule::{Finding, Rule};

pub(super) const RULE: Rule = Rule { id: CauseId::VpnOverride, examine };

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    if let Some(proof) = host::examine(evidence) {
        return proof.alone();
    }
    let hub = hub_addresses(evidence);
    at_each_edge(evidence, |edge| network::examine(edge, &hub))
}
