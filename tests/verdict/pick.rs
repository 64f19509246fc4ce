//! Which observations a scenario speaks of.

use edgeprobe_facts::endpoint::Transport;
use edgeprobe_facts::engine::RUNTIME_NETWORK;
use edgeprobe_facts::{Facts, Observation, Role, Vantage};

use crate::network::DEFAULT;

pub(crate) fn at_host(observation: &Observation) -> bool {
    observation.vantage == Vantage::Host
}

pub(crate) fn at_edge(observation: &Observation) -> bool {
    observation.vantage == Vantage::Bridge(RUNTIME_NETWORK.to_owned())
}

pub(crate) fn at_default(observation: &Observation) -> bool {
    observation.vantage == Vantage::Bridge(DEFAULT.to_owned())
}

pub(crate) fn is_vantage(observation: &Observation) -> bool {
    matches!(observation.facts, Facts::Vantage(_))
}

pub(crate) fn is_tables(observation: &Observation) -> bool {
    matches!(observation.facts, Facts::RouteTables(_))
}

pub(crate) fn is_edge_route(observation: &Observation) -> bool {
    matches!(observation.facts, Facts::EdgeRoute(_))
}

pub(crate) fn is_engine(observation: &Observation) -> bool {
    matches!(observation.facts, Facts::Engine(_))
}

pub(crate) fn is_hub_name(observation: &Observation) -> bool {
    matches!(&observation.facts, Facts::Dns(facts) if facts.role == Role::Hub)
}

pub(crate) fn is_control_name(observation: &Observation) -> bool {
    matches!(&observation.facts, Facts::Dns(facts) if facts.role == Role::Control)
}

pub(crate) fn is_route(observation: &Observation) -> bool {
    matches!(observation.facts, Facts::Route(_))
}

/// Picks the hub's connections on one transport.
pub(crate) fn on(transport: Transport) -> impl Fn(&Observation) -> bool {
    move |observation| {
        let facts = observation.facts.endpoint();
        facts.is_some_and(|f| f.role == Role::Hub && f.transport == transport)
    }
}

/// Picks the hub's connections on 443.
pub(crate) fn on_443(observation: &Observation) -> bool {
    let facts = observation.facts.endpoint();
    facts.is_some_and(|f| f.role == Role::Hub && f.transport.default_port() == 443)
}

/// Picks all connections to the hub.
pub(crate) fn to_hub(observation: &Observation) -> bool {
    observation.facts.endpoint().is_some_and(|facts| facts.role == Role::Hub)
}

/// Picks all connections to the control host.
pub(crate) fn to_control(observation: &Observation) -> bool {
    observation.facts.endpoint().is_some_and(|facts| facts.role == Role::Control)
}

/// Picks the probe of one port.
pub(crate) fn of_port(port: u16) -> impl Fn(&Observation) -> bool {
    move |observation| matches!(&observation.facts, Facts::Ports(facts) if facts.port == port)
}
