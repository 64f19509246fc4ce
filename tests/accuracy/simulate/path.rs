//! What becomes of a packet on its way out, and of the answer on its way back.

use std::net::{IpAddr, Ipv4Addr};

use edgeprobe_facts::Token;
use edgeprobe_facts::ruleset::FilterRule;
use edgeprobe_facts::trace::{Answer, Stage};

use super::kernel::{Packet, Way};
use crate::world::{Block, Filter, FilterAction, Network, Uplink, World};

/// The port that name servers are asked on.
const DNS_PORT: u16 = 53;

/// Where a packet starts from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Start<'w> {
    Host {
        bound: Option<&'w str>,
    },
    /// A place on a container network, with its address there.
    Module {
        network: &'w Network,
        address: IpAddr,
    },
}

/// What it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cargo {
    /// The first packet of a TCP connection to a port.
    Tcp(u16),
    /// A question over UDP.
    Udp,
}

/// How a packet fared.
#[derive(Clone, Debug)]
pub(crate) struct Journey {
    /// Whether the host saw it come in by the bridge.
    pub(crate) entered: bool,
    /// Where it left the host, and with which source address.
    pub(crate) left: Option<(String, IpAddr)>,
    /// Whether an answer came back to the host.
    pub(crate) answered: bool,
    /// Whether the host itself refused it.
    pub(crate) rejected: Option<Answer>,
    /// The firewall's rule that dropped or refused it or the answer.
    pub(crate) dropped_by: Option<FilterRule>,
    /// How the sender learns of it.
    pub(crate) ending: Ending,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The other end has it, and its answer comes back.
    Arrived { by: Way },
    /// The host takes it for itself.
    Here,
    /// Nothing comes back.
    Silence,
    /// The kernel or somebody on the way says no.
    Error(Token),
}

impl Journey {
    fn new() -> Self {
        Self {
            entered: false,
            left: None,
            answered: false,
            rejected: None,
            dropped_by: None,
            ending: Ending::Silence,
        }
    }

    fn ending(self, ending: Ending) -> Self {
        Self { ending, ..self }
    }

    /// As somebody who watches every interface tells it.
    pub(crate) fn stage(&self) -> Stage {
        let delivered = self.answered && self.ending != Ending::Silence;
        let translated = |source: &IpAddr| !matches!(source, IpAddr::V4(v4) if is_a_modules(*v4));
        match (&self.left, self.answered) {
            _ if !self.entered => Stage::NotEntered,
            _ if delivered => Stage::Delivered,
            (None, _) if self.rejected.is_some() => Stage::RejectedByHost,
            (None, _) => Stage::LostInside,
            (Some(_), true) => Stage::ReplyLost,
            (Some((_, source)), false) if translated(source) => Stage::NoReply,
            (Some(_), false) => Stage::LeftUntranslated,
        }
    }
}

/// Whether an address is one of a local network's, which only that network's own link leads to.
fn is_of_a_lan(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(v4) if matches!(v4.octets(), [192, 168, ..]))
}

/// Whether an address is in the range that the engine gives to its networks.
fn is_a_modules(address: Ipv4Addr) -> bool {
    matches!(address.octets(), [172, 16..=31, ..])
}

impl World {
    /// Follows a packet to `to`.
    pub(crate) fn follow(&self, start: Start<'_>, to: IpAddr, cargo: Cargo) -> Journey {
        if to.is_unspecified() {
            // Nobody in particular is whoever asks (RFC 1122, 3.2.1.3), and nobody listens there.
            return Journey::new().ending(Ending::Error(Token::ConnectionRefused));
        }
        match start {
            Start::Host { bound } => self.of_the_host(bound, to, cargo),
            Start::Module { network, address } => self.of_a_module(network, address, to, cargo),
        }
    }

    fn of_the_host(&self, bound: Option<&str>, to: IpAddr, cargo: Cargo) -> Journey {
        let journey = Journey::new();
        let way = match self.way(Packet { bound, ..Packet::own(to) }) {
            Err(token) => return journey.ending(Ending::Error(token)),
            Ok(way) if way.local => return journey.ending(Ending::Here),
            Ok(way) => way,
        };
        if !self.neighbour_answers(&way, to) {
            // Address resolution gives up before a connection does, and a datagram is just lost.
            return journey.ending(match cargo {
                Cargo::Tcp(_) => Ending::Error(Token::HostUnreachable),
                Cargo::Udp => Ending::Silence,
            });
        }
        let ending = self.beyond(&way, way.source, to, cargo);
        let lets_in = self
            .tables
            .link(&way.interface)
            .is_none_or(|link| bound.is_some() || self.may_come_from(link, to, 0));
        match ending {
            Ending::Arrived { .. } if !lets_in => journey.ending(Ending::Silence),
            ending => journey.ending(ending),
        }
    }

    fn of_a_module(&self, network: &Network, address: IpAddr, to: IpAddr, cargo: Cargo) -> Journey {
        let mut journey = Journey::new();
        if to.is_ipv6() {
            return journey.ending(Ending::Error(Token::NetworkUnreachable));
        }
        // A module looks for addresses of its own network on its own link.
        if network.subnet.contains(&to) && to != network.gateway {
            return journey.ending(match cargo {
                Cargo::Tcp(_) => Ending::Error(Token::HostUnreachable),
                Cargo::Udp => Ending::Silence,
            });
        }
        journey.entered = true;
        let packet =
            Packet { mark: self.firewall.mark, ..Packet::coming_in(&network.bridge, address, to) };
        let forwards = self.forwards(&network.bridge);
        let way = match self.way(packet) {
            Ok(way) if way.local => return journey.ending(Ending::Here),
            Ok(way) => way,
            // What forwards nothing, and what discards in silence, says nothing.
            Err(Token::Blackholed) => return journey,
            Err(_) if !forwards => return journey,
            Err(token) => {
                let code = match token {
                    Token::Prohibited => 13,
                    Token::HostUnreachable => 1,
                    _ => 0,
                };
                return journey.refused(code);
            }
        };
        if let Some(filter) = self.filter(&network.bridge, &way.interface, cargo) {
            return journey.stopped(filter);
        }
        if !self.neighbour_answers(&way, to) {
            return journey.refused(1);
        }
        let source = self.translated(network, address, &way);
        journey.left = Some((way.interface.clone(), source));
        let ending = self.beyond(&way, Some(source), to, cargo);
        if !matches!(ending, Ending::Arrived { .. } | Ending::Error(_)) {
            return journey.ending(ending);
        }
        journey.answered = true;
        if let Some(filter) = self.filter_of_answers(&way.interface, network, to) {
            let dropped_by = Some(filter.rule.clone());
            return Journey { dropped_by, ..journey };
        }
        if !self.comes_back(network, address, &way, to) {
            // The engine lets pass only what goes to and from its bridges.
            let dropped_by = self.firewall.policy.clone();
            return Journey { dropped_by, ..journey };
        }
        journey.ending(ending)
    }

    fn forwards(&self, bridge: &str) -> bool {
        self.tables.ip_forward != Some(false)
            && self.tables.link(bridge).and_then(|link| link.forwarding) != Some(false)
    }

    /// Whether whoever must take the packet next answers on its link.
    fn neighbour_answers(&self, way: &Way, to: IpAddr) -> bool {
        match (way.gateway, self.uplink_of(&way.interface)) {
            (Some(_), Some(uplink)) => uplink.gateway_answers != Some(false),
            // Somebody on the device's own network: its router, or nobody. Tunnels have no neighbours.
            (None, Some(uplink)) if uplink.gateway_answers.is_some() => self.is_a_router(to),
            _ => true,
        }
    }

    fn is_a_router(&self, address: IpAddr) -> bool {
        self.uplinks
            .iter()
            .any(|uplink| uplink.gateway == Some(address) && uplink.gateway_answers == Some(true))
    }

    fn translated(&self, network: &Network, address: IpAddr, way: &Way) -> IpAddr {
        let masqueraded = self
            .firewall
            .masquerades
            .iter()
            .any(|it| it.subnet == network.subnet && !it.but.contains(&way.interface));
        if masqueraded { way.source.unwrap_or(address) } else { address }
    }

    /// Whether the answer finds its way from the uplink to the module.
    fn comes_back(&self, network: &Network, address: IpAddr, way: &Way, from: IpAddr) -> bool {
        let lets_in =
            self.tables.link(&way.interface).is_none_or(|link| self.may_come_from(link, from, 0));
        // The answer is translated back before it is routed.
        let back = self.way(Packet::coming_in(&way.interface, from, address));
        lets_in && back.is_ok_and(|back| back.interface == network.bridge)
    }

    fn filter(&self, input: &str, output: &str, cargo: Cargo) -> Option<&Filter> {
        self.firewall.filters.iter().find(|filter| {
            filter.input.as_deref().is_none_or(|name| name == input)
                && filter.output.as_deref().is_none_or(|name| name == output)
                && match cargo {
                    Cargo::Tcp(port) => filter.ports.is_empty() || filter.ports.contains(&port),
                    Cargo::Udp => filter.ports.is_empty() || filter.ports == [DNS_PORT],
                }
        })
    }

    /// A filter that names the uplink as its input is for the answers.
    fn filter_of_answers(&self, uplink: &str, network: &Network, _from: IpAddr) -> Option<&Filter> {
        self.firewall.filters.iter().find(|filter| {
            filter.input.as_deref() == Some(uplink)
                && filter.output.as_deref().is_none_or(|name| name == network.bridge)
        })
    }

    /// What becomes of a packet that has left the device.
    fn beyond(&self, way: &Way, source: Option<IpAddr>, to: IpAddr, cargo: Cargo) -> Ending {
        let arrived = Ending::Arrived { by: way.clone() };
        let Some(uplink) = self.uplink_of(&way.interface) else {
            // Another module's link, where nobody waits for this.
            return Ending::Silence;
        };
        // Nobody outside knows the way to a container's own address.
        let own = source.is_none_or(|source| {
            self.tables.addresses.iter().any(|it| it.network.addr() == source)
        });
        if !own || (to.is_ipv6() && !uplink.ipv6) {
            return Ending::Silence;
        }
        if way.gateway.is_none() && uplink.gateway_answers.is_some() {
            return arrived;
        }
        // Another site's private addresses lead nowhere.
        if is_of_a_lan(to) {
            return Ending::Silence;
        }
        if !uplink.alive || !(uplink.of_the_site || self.tunnels_pass()) {
            return Ending::Silence;
        }
        match self.blocked(uplink, to, cargo) {
            Some(block) if block.resets => Ending::Error(Token::ConnectionRefused),
            Some(_) => Ending::Silence,
            None => arrived,
        }
    }

    /// Whether a tunnel's own packets get out of the site.
    fn tunnels_pass(&self) -> bool {
        let works = |uplink: &Uplink| uplink.alive && uplink.gateway_answers != Some(false);
        self.uplinks.iter().any(|uplink| uplink.of_the_site && works(uplink))
    }

    fn blocked(&self, uplink: &Uplink, to: IpAddr, cargo: Cargo) -> Option<&Block> {
        let Cargo::Tcp(port) = cargo else { return None };
        if !uplink.of_the_site {
            return None;
        }
        self.site.blocks.iter().find(|block| {
            block.to.is_none_or(|address| address == to)
                && (block.ports.is_empty() || block.ports.contains(&port))
        })
    }
}

impl Journey {
    /// The host's kernel answers by ICMP.
    fn refused(self, code: u8) -> Self {
        let rejected = Some(Answer::Unreachable { code });
        let ending = Ending::Error(of_icmp(code));
        Self { rejected, ending, ..self }
    }

    fn stopped(self, filter: &Filter) -> Self {
        let journey = Self { dropped_by: Some(filter.rule.clone()), ..self };
        match filter.action {
            FilterAction::Drop => journey,
            FilterAction::Reject(code) => journey.refused(code),
            FilterAction::Reset => Self {
                rejected: Some(Answer::Reset),
                ending: Ending::Error(Token::ConnectionRefused),
                ..journey
            },
        }
    }
}

/// The error that a connection ends with for a code of ICMP's "destination unreachable".
fn of_icmp(code: u8) -> Token {
    match code {
        0 | 6 | 9 => Token::NetworkUnreachable,
        3 => Token::ConnectionRefused,
        _ => Token::HostUnreachable,
    }
}
