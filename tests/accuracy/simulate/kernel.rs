//! The kernel's routing, written from ip-rule(8), ip-route(8) and RFC 3704 alone.
//!
//! It shares nothing with `route::decision`, by which the verdict names the rule at work: where the
//! two disagree, one of them is wrong.

use std::net::IpAddr;

use edgeprobe_facts::Token;
use edgeprobe_facts::route::tables::{Link, ReversePathFilter, Route, RouteKind, Rule, RuleAction};

use crate::world::World;

/// A packet, as far as routing looks at it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet<'a> {
    pub(crate) to: IpAddr,
    pub(crate) from: Option<IpAddr>,
    /// The interface that it came in by; none for the host's own.
    pub(crate) input: Option<&'a str>,
    /// The interface that its socket is bound to.
    pub(crate) bound: Option<&'a str>,
    pub(crate) mark: u32,
}

impl<'a> Packet<'a> {
    /// One of the host's own.
    pub(crate) fn own(to: IpAddr) -> Self {
        Self { to, from: None, input: None, bound: None, mark: 0 }
    }

    /// One that comes in by an interface.
    pub(crate) fn coming_in(input: &'a str, from: IpAddr, to: IpAddr) -> Self {
        Self { from: Some(from), input: Some(input), ..Self::own(to) }
    }
}

/// A way that the kernel sends a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Way {
    pub(crate) interface: String,
    pub(crate) gateway: Option<IpAddr>,
    pub(crate) source: Option<IpAddr>,
    pub(crate) mtu: Option<u32>,
    pub(crate) table: u32,
    pub(crate) local: bool,
}

impl World {
    /// Where the kernel sends the packet, or its error.
    pub(crate) fn way(&self, packet: Packet<'_>) -> Result<Way, Token> {
        let Some(input) = packet.input else { return self.routed(packet) };
        let link = self.tables.link(input);
        let way = self.routed(packet);
        if let (Some(link), Some(from)) = (link, packet.from)
            && !self.may_come_from(link, from, packet.mark)
        {
            // A martian source (fib_validate_source).
            return Err(Token::Blackholed);
        }
        let forwards = link.and_then(|link| link.forwarding) != Some(false)
            && self.tables.ip_forward != Some(false);
        match way {
            Ok(way) if !way.local && !forwards => Err(Token::HostUnreachable),
            way => way,
        }
    }

    /// Whether an interface's reverse path filter lets a source in.
    pub(crate) fn may_come_from(&self, link: &Link, from: IpAddr, mark: u32) -> bool {
        let back = self.routed(Packet { mark, ..Packet::own(from) });
        match link.rp_filter {
            Some(ReversePathFilter::Strict) => back.is_ok_and(|way| way.interface == link.name),
            Some(ReversePathFilter::Loose) => back.is_ok(),
            Some(ReversePathFilter::Off) | None => true,
        }
    }

    fn routed(&self, packet: Packet<'_>) -> Result<Way, Token> {
        // To nobody in particular is to this host (RFC 1122, 3.2.1.3).
        let packet = if packet.to.is_unspecified() {
            Packet { to: [127, 0, 0, 1].into(), ..packet }
        } else {
            packet
        };
        let mut rules: Vec<&Rule> =
            self.tables.rules.iter().filter(|rule| rule.ipv6 == packet.to.is_ipv6()).collect();
        rules.sort_by_key(|rule| rule.priority);
        for rule in rules.into_iter().filter(|rule| is_for(rule, packet)) {
            let table = match rule.action {
                RuleAction::Lookup { table } => table,
                RuleAction::Blackhole => return Err(Token::Blackholed),
                RuleAction::Unreachable => return Err(Token::NetworkUnreachable),
                RuleAction::Prohibit => return Err(Token::Prohibited),
                RuleAction::Nothing | RuleAction::Goto { .. } => continue,
            };
            let Some(route) = self.longest(table, packet) else { continue };
            let too_short = |limit| u32::from(route.destination.prefix_len()) <= limit;
            if rule.suppress_prefix_length.is_some_and(too_short) {
                continue;
            }
            match route.kind {
                RouteKind::Unicast | RouteKind::Local => return Ok(self.by(route)),
                RouteKind::Blackhole => return Err(Token::Blackholed),
                RouteKind::Unreachable => return Err(Token::HostUnreachable),
                RouteKind::Prohibit => return Err(Token::Prohibited),
                RouteKind::Throw | RouteKind::Other => {}
            }
        }
        Err(Token::NetworkUnreachable)
    }

    /// The longest prefix wins; of equals the smallest metric, then the first.
    fn longest(&self, table: u32, packet: Packet<'_>) -> Option<&Route> {
        let mut best: Option<&Route> = None;
        for route in &self.tables.routes {
            let leads_there = packet.bound.is_none_or(|interface| {
                route.hops.iter().all(|hop| hop.interface.as_deref() == Some(interface))
            });
            if route.table != table || !route.destination.contains(&packet.to) || !leads_there {
                continue;
            }
            let length = route.destination.prefix_len();
            let wins = best.is_none_or(|best| {
                let known = best.destination.prefix_len();
                length > known || (length == known && route.metric < best.metric)
            });
            if wins {
                best = Some(route);
            }
        }
        best
    }

    fn by(&self, route: &Route) -> Way {
        let hop = route.hops.first();
        let interface = hop.and_then(|hop| hop.interface.clone()).unwrap_or_default();
        let own = self.tables.addresses.iter().find(|own| own.interface == interface);
        Way {
            gateway: hop.and_then(|hop| hop.gateway),
            source: route.source.or(own.map(|own| own.network.addr())),
            mtu: route.mtu.or(self.tables.link(&interface).and_then(|link| link.mtu)),
            table: route.table,
            local: route.kind == RouteKind::Local,
            interface,
        }
    }
}

fn is_for(rule: &Rule, packet: Packet<'_>) -> bool {
    let from = rule.from.is_none_or(|net| packet.from.is_some_and(|from| net.contains(&from)));
    let to = rule.to.is_none_or(|net| net.contains(&packet.to));
    let input = rule.input.as_deref().is_none_or(|name| packet.input.unwrap_or("lo") == name);
    let mark = rule.mark.is_none_or(|mark| packet.mark & mark.mask == mark.value & mark.mask);
    (from && to && input && mark) != rule.inverted
}
