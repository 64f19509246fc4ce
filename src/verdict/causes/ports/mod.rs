//! The ports that Edge Hub maps.

pub(super) mod port_in_use;
pub(super) mod port_not_permitted;

use std::net::IpAddr;

use edgeprobe_facts::ports::{Bind, BindResult, PortFacts};
use edgeprobe_facts::{Observation, Token};

use crate::evidence::Evidence;

/// How one port stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PortState {
    /// This user may not bind it.
    NotPermitted,
    /// This device does not have the address that it is published on.
    NoSuchAddress(IpAddr),
    /// Edge Hub holds it, or may hold it.
    EdgeHubs,
    /// Another process holds it.
    Held,
    /// The engine runs without root, and the kernel refuses the port to users.
    NotPermittedToTheEngine,
    /// It could not be bound for another reason.
    Failed,
    /// It can be bound.
    Free,
}

/// Each port with its state.
fn states<'o>(
    evidence: &Evidence<'o>,
) -> impl Iterator<Item = (&'o Observation, &'o PortFacts, PortState)> {
    evidence.ports().map(|(port, facts)| (port, facts, state(evidence, port, facts)))
}

fn state(evidence: &Evidence<'_>, port: &Observation, facts: &PortFacts) -> PortState {
    let is_edge_hubs = facts.has_edge_hub() || evidence.may_be_edge_hubs(facts);
    let missing = facts.binds.iter().find(|bind| bind.result == BindResult::Unavailable);
    let is_rootless = evidence.engine().is_some_and(|(_, engine)| engine.rootless);
    match (port.token(), missing) {
        (Some(Token::BindNotPermitted), _) => PortState::NotPermitted,
        (Some(Token::AddressNotAvailable), Some(missing)) => {
            PortState::NoSuchAddress(missing.address)
        }
        _ if port.failed() && is_edge_hubs => PortState::EdgeHubs,
        (Some(Token::AddressInUse), _) if port.failed() => PortState::Held,
        _ if is_rootless && is_refused_to_users(facts) => PortState::NotPermittedToTheEngine,
        _ if port.failed() => PortState::Failed,
        _ => PortState::Free,
    }
}

/// Whether no process holds the port, and only a privileged user may bind it.
fn is_refused_to_users(facts: &PortFacts) -> bool {
    let refused = |bind: &Bind| bind.result == BindResult::NotPermitted;
    !facts.may_bind && facts.holders.is_empty() && facts.binds.iter().any(refused)
}
