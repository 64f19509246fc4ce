//! Which rule and which route decide a packet's way, by the host's tables alone.
//!
//! The kernel answers where it would send, but not which rule made it so. Asked with the same
//! tables, this comes to the same answer and names the rule and the route.

use std::net::IpAddr;

use ipnet::IpNet;

use super::tables::{Mark, Route, RouteKind, Rule, RuleAction, Tables};

/// The number of TCP, which everything that the runtime needs is carried by.
const TCP: u8 = 6;

/// A TCP packet, as far as rules look at it.
#[derive(Clone, Debug)]
pub struct Flow<'a> {
    pub destination: IpAddr,
    /// None for a packet whose source address is still to be chosen.
    pub source: Option<IpAddr>,
    /// The interface that it comes in by; `None` for the host's own packets.
    pub input: Option<&'a str>,
    /// The mark that the firewall puts on it.
    pub mark: u32,
}

impl<'a> Flow<'a> {
    /// A packet of the host's own.
    pub fn own(destination: IpAddr) -> Self {
        Self { destination, source: None, input: None, mark: 0 }
    }

    /// A packet that comes in by `input`.
    pub fn forwarded(source: IpAddr, input: &'a str, destination: IpAddr) -> Self {
        Self { destination, source: Some(source), input: Some(input), mark: 0 }
    }
}

/// What decides a packet's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision<'a> {
    pub rule: &'a Rule,
    /// None when the rule itself rejects.
    pub route: Option<&'a Route>,
}

impl Decision<'_> {
    /// Whether the packet's way ends here.
    pub fn rejects(&self) -> bool {
        self.route.map_or(self.rule.action.rejects(), |route| route.kind.rejects())
    }
}

/// The rule and the route that decide; none when no table has a route.
///
/// Rules that look at the user, ports or the type of service are taken not to match, as the kernel
/// does when it is asked without these.
pub fn decide<'a>(tables: &'a Tables, flow: &Flow<'_>) -> Option<Decision<'a>> {
    let mut next = 0;
    for rule in tables.rules.iter().filter(|rule| rule.ipv6 == flow.destination.is_ipv6()) {
        if rule.priority < next || !holds(rule, flow) {
            continue;
        }
        match rule.action {
            RuleAction::Nothing => {}
            RuleAction::Goto { priority } => next = priority,
            RuleAction::Lookup { table } => {
                if let Some(route) = best(tables, table, flow.destination)
                    && route.kind != RouteKind::Throw
                    && !suppressed(rule, route)
                {
                    return Some(Decision { rule, route: Some(route) });
                }
            }
            RuleAction::Blackhole | RuleAction::Unreachable | RuleAction::Prohibit => {
                return Some(Decision { rule, route: None });
            }
        }
    }
    None
}

/// Whether the rule is one for this packet.
fn holds(rule: &Rule, flow: &Flow<'_>) -> bool {
    let matches = covers(rule.from, flow.source)
        && covers(rule.to, Some(flow.destination))
        && rule.mark.is_none_or(|mark| marked(flow.mark, mark))
        && rule.input.as_deref().is_none_or(|input| flow.input.unwrap_or("lo") == input)
        && rule.protocol.is_none_or(|protocol| protocol == TCP)
        // A packet has an outgoing interface before it is routed only if its socket is bound.
        && rule.output.is_none()
        && rule.other.is_empty();
    matches != rule.inverted
}

fn covers(network: Option<IpNet>, address: Option<IpAddr>) -> bool {
    match (network, address) {
        (None, _) => true,
        (Some(network), Some(address)) => network.contains(&address),
        (Some(_), None) => false,
    }
}

fn marked(value: u32, mark: Mark) -> bool {
    (value ^ mark.value) & mark.mask == 0
}

/// The table's route with the longest prefix, and of these the one with the smallest metric.
fn best(tables: &Tables, table: u32, destination: IpAddr) -> Option<&Route> {
    tables
        .routes
        .iter()
        .filter(|route| route.table == table && route.destination.contains(&destination))
        .filter(|route| route.hops.is_empty() || !route.hops.iter().all(|hop| hop.dead))
        // The first of equals wins, as in the kernel.
        .min_by_key(|route| (u8::MAX - route.destination.prefix_len(), route.metric))
}

fn suppressed(rule: &Rule, route: &Route) -> bool {
    rule.suppress_prefix_length
        .is_some_and(|length| u32::from(route.destination.prefix_len()) <= length)
}
