//! The host's own ways out, and what shows that they lead somewhere.

use std::net::IpAddr;

use edgeprobe_facts::dns::Resolver;
use edgeprobe_facts::route::RouteFacts;
use edgeprobe_facts::route::decision::{Flow, decide};
use edgeprobe_facts::{Facts, Observation, Role, Token};

use super::{Connection, Evidence, View};

impl<'o> View<'o> {
    /// The kernel's way to an address.
    pub(crate) fn way_to(&self, address: IpAddr) -> Option<(&'o Observation, &'o RouteFacts)> {
        let by_destination = || {
            // Of several ways to one address the first counts.
            let ways = self.ways_out().into_iter().rev();
            ways.map(|(seen, facts)| (facts.destination, (seen, facts))).collect()
        };
        self.seen.ways_by_destination.get_or_init(by_destination).get(&address).copied()
    }

    /// The interface by which the kernel sends to these addresses, where it is the same for all.
    pub(crate) fn interface_to(&self, counts: impl Fn(&IpAddr) -> bool) -> Option<&'o str> {
        let ways = self.ways_out().into_iter().filter(|(_, facts)| counts(&facts.destination));
        let mut interfaces = ways.filter_map(|(_, facts)| facts.interface.as_deref());
        let first = interfaces.next()?;
        interfaces.all(|interface| interface == first).then_some(first)
    }
}

/// Whether a way ends on this device or its link: the kernel has none, or its gateway is silent.
pub(crate) fn ends_here((seen, facts): &(&Observation, &RouteFacts)) -> bool {
    seen.failed() || facts.gateway_answers == Some(false)
}

impl<'o> Evidence<'o> {
    /// The host's connections that show that an interface leads somewhere: other hosts that were
    /// reached by it, and refusals of the hub's, which somebody sent.
    pub(crate) fn answered_by(&self, interface: &str) -> Vec<Connection<'o>> {
        let host = self.host();
        let refused = |c: &Connection<'o>| c.token() == Some(Token::ConnectionRefused);
        let controls = host.connections(Role::Control).filter(Connection::connected);
        let hub = host.connections(Role::Hub).filter(refused);
        controls.chain(hub).filter(|c| c.is_direct() && self.leaves_by(c, interface)).collect()
    }

    /// Whether the host sends what belongs to a connection by this interface and no other.
    fn leaves_by(&self, connection: &Connection<'_>, interface: &str) -> bool {
        let Some((_, tables)) = self.tables() else { return false };
        let route = decide(tables, &Flow::own(connection.facts.peer)).and_then(|it| it.route);
        route.is_some_and(|route| route.interfaces().all(|by| by == interface))
    }

    /// The answers, good or bad, to the host from name servers beyond its own links: those that the
    /// kernel reaches by a gateway. Where its routes are not known, `unknown` says whether those of any
    /// other machine are meant.
    pub(crate) fn answers_from_beyond(&self, unknown: bool) -> Vec<&'o Observation> {
        let host = self.host();
        let names = host.all().filter_map(|seen| match &seen.facts {
            Facts::Dns(facts) if facts.role != Role::Detour => Some((seen, facts)),
            _ => None,
        });
        names
            .filter(|(seen, _)| was_answered(seen))
            .filter(|(_, facts)| match facts.resolver {
                Resolver::Server(server) => self.is_beyond_the_link(server.ip(), unknown),
                Resolver::System => false,
            })
            .map(|(seen, _)| seen)
            .collect()
    }

    fn is_beyond_the_link(&self, server: IpAddr, unknown: bool) -> bool {
        let Some((_, tables)) = self.tables() else { return unknown && !server.is_loopback() };
        let route = decide(tables, &Flow::own(server)).and_then(|decision| decision.route);
        route.is_some_and(|route| route.hops.iter().any(|hop| hop.gateway.is_some()))
    }
}

/// Whether a name server said anything at all, good or bad.
pub(crate) fn was_answered(observation: &Observation) -> bool {
    let bad = [Token::DnsNxdomain, Token::DnsNoAddress, Token::DnsServfail, Token::DnsRefused];
    !observation.failed() || observation.token().is_some_and(|token| bad.contains(&token))
}
