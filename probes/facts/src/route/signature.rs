//! The marks that a VPN, or an administrator's policy, leaves in the tables when it takes an edge
//! network's traffic away.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::author::author;
use super::decision::{Decision, Flow, decide};
use super::edge::{EdgeNetwork, EdgeRouteFacts, Lookup};
use super::tables::{MAIN_TABLE, Route, RouteKind, Rule, RuleAction, Tables};
use super::vpn::{Vpn, vpn_of};

/// How traffic of an edge network is led elsewhere than by the host's own uplink, or back to
/// elsewhere than its bridge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mechanism {
    pub kind: MechanismKind,
    pub direction: Direction,
    /// The VPN that it belongs to, where one is recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpn: Option<Vpn>,
    /// The interface that the traffic is led to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// The policy rule at work, when it is not the one that every system has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Rule>,
    /// The routes at work; none when the rule itself rejects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Route>,
}

/// The ways in which that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MechanismKind {
    /// Routes for all of the Internet lead into a tunnel: a default route, or OpenVPN's two halves.
    FullTunnel,
    /// A route for the destination alone leads into a tunnel.
    TunnelRoute,
    /// A policy rule sends everybody to a table that leads into a tunnel: wg-quick, Tailscale.
    PolicyRule,
    /// A policy rule for the network's own addresses, or for its bridge.
    SourceRule,
    /// A route or a rule rejects everything that is not meant for a tunnel.
    KillSwitch,
    /// A route inside the network's own subnet is preferred to the bridge.
    RouteShadowsSubnet,
}

/// Which of the two ways is affected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the network to the destination.
    Forward,
    /// Back to the network.
    Return,
}

/// What the tables hold against traffic between the network and the destination, forward first.
///
/// A tunnel that carries the network's traffic is named as well: whether it does, only a packet
/// can tell. `kernel` is what its own lookups gave: of a route with several hops, or with none that
/// the tables show, only the kernel knows the one that it takes.
pub fn recognise(
    tables: &Tables,
    network: &EdgeNetwork,
    destination: IpAddr,
    kernel: Option<&EdgeRouteFacts>,
) -> Vec<Mechanism> {
    let mut found = Vec::new();
    let Some(member) = network.member() else { return found };
    found.extend(forward(tables, network, member, destination, kernel));
    found.extend(back(tables, network, member));
    for shadow in shadows(tables, network) {
        if !found.iter().any(|known: &Mechanism| known.routes == shadow.routes) {
            found.push(shadow);
        }
    }
    found
}

fn forward(
    tables: &Tables,
    network: &EdgeNetwork,
    member: IpAddr,
    destination: IpAddr,
    kernel: Option<&EdgeRouteFacts>,
) -> Option<Mechanism> {
    let flow = Flow::forwarded(member, &network.bridge, destination);
    let decision = decide(tables, &flow)?;
    if decision.rejects() {
        let kind = if is_for_the_network(decision.rule) {
            MechanismKind::SourceRule
        } else {
            MechanismKind::KillSwitch
        };
        return Some(mechanism(tables, kind, Direction::Forward, decision));
    }
    let route = decision.route?;
    let interface = taken(route, kernel.map(|facts| &facts.forward));
    let led = |kind| {
        let mut found = mechanism(tables, kind, Direction::Forward, decision);
        if let Some(interface) = interface {
            found.vpn = vpn_of(tables, interface);
            found.interface = Some(interface.to_owned());
        }
        found
    };
    // A rule for the network alone is reported for every table, unless it leads where the
    // host's own packets go.
    if is_for_the_network(decision.rule) {
        let host = decide(tables, &Flow::own(destination)).and_then(|decision| decision.route);
        let host = host.and_then(|route| taken(route, kernel.map(|facts| &facts.host)));
        return (host != interface).then(|| led(MechanismKind::SourceRule));
    }
    vpn_of(tables, interface?)?;
    let kind = match route.destination.prefix_len() {
        _ if !is_ordinary(decision.rule) => MechanismKind::PolicyRule,
        0 | 1 => MechanismKind::FullTunnel,
        _ => MechanismKind::TunnelRoute,
    };
    Some(led(kind))
}

/// The interface that the kernel takes of a route's.
fn taken<'a>(route: &'a Route, kernel: Option<&'a Lookup>) -> Option<&'a str> {
    let alone = if route.hops.len() == 1 { route.interface() } else { None };
    alone.or_else(|| kernel?.interface()).or_else(|| route.interface())
}

fn back(tables: &Tables, network: &EdgeNetwork, member: IpAddr) -> Option<Mechanism> {
    let decision = decide(tables, &Flow::own(member))?;
    if decision.route.is_some_and(|route| is_at_home(route, network)) {
        return None;
    }
    let inside = decision.route.is_some_and(|route| network.subnet.contains(&route.destination));
    // The bridge has no route while it has no address; then nothing shadows it.
    if !inside && !has_route(tables, network) {
        return None;
    }
    let kind = match (inside, decision.rejects()) {
        (true, _) => MechanismKind::RouteShadowsSubnet,
        (false, true) => MechanismKind::KillSwitch,
        (false, false) => MechanismKind::PolicyRule,
    };
    Some(mechanism(tables, kind, Direction::Return, decision))
}

/// Every route inside the subnet that is preferred to the bridge for its own addresses.
fn shadows(tables: &Tables, network: &EdgeNetwork) -> Vec<Mechanism> {
    let inside = tables
        .routes
        .iter()
        .filter(|route| network.subnet.contains(&route.destination) && !is_at_home(route, network));
    inside
        .filter_map(|route| {
            let decision = decide(tables, &Flow::own(route.destination.addr()))?;
            (decision.route == Some(route)).then(|| {
                mechanism(tables, MechanismKind::RouteShadowsSubnet, Direction::Return, decision)
            })
        })
        .collect()
}

fn mechanism(
    tables: &Tables,
    kind: MechanismKind,
    direction: Direction,
    decision: Decision<'_>,
) -> Mechanism {
    let interface = decision.route.and_then(Route::interface);
    let vpn = match interface {
        Some(interface) => vpn_of(tables, interface),
        None => author(tables, &decision),
    };
    Mechanism {
        kind,
        direction,
        vpn,
        interface: interface.map(str::to_owned),
        rule: (!is_ordinary(decision.rule)).then(|| decision.rule.clone()),
        routes: decision.route.map(|route| with_other_half(tables, route)).unwrap_or_default(),
    }
}

/// A half of the Internet together with the other one that leads the same way.
fn with_other_half(tables: &Tables, route: &Route) -> Vec<Route> {
    let is_twin = |other: &&Route| {
        route.destination.prefix_len() == 1
            && other.destination.prefix_len() == 1
            && other.destination.addr().is_ipv4() == route.destination.addr().is_ipv4()
            && other.table == route.table
            && other.interface() == route.interface()
    };
    let twins: Vec<Route> = tables.routes.iter().filter(is_twin).cloned().collect();
    if twins.is_empty() { vec![route.clone()] } else { twins }
}

/// Whether the rule picks out the network's packets by where they come from.
fn is_for_the_network(rule: &Rule) -> bool {
    !rule.inverted && (rule.from.is_some() || rule.input.is_some())
}

/// Whether the rule is one of those that every system has: all packets to the main table, without
/// more ado.
fn is_ordinary(rule: &Rule) -> bool {
    let main = RuleAction::Lookup { table: MAIN_TABLE };
    rule.action == main && rule.from.is_none() && rule.input.is_none() && rule.mark.is_none()
        || matches!(rule.action, RuleAction::Lookup { table: 253 | 255 })
}

/// Whether the route leads to the bridge, or to the host's own address on it.
fn is_at_home(route: &Route, network: &EdgeNetwork) -> bool {
    route.leaves_by(&network.bridge) || route.kind == RouteKind::Local
}

fn has_route(tables: &Tables, network: &EdgeNetwork) -> bool {
    tables.routes.iter().any(|route| {
        route.leaves_by(&network.bridge) && route.destination.contains(&network.subnet)
    })
}

#[cfg(test)]
mod tests;
