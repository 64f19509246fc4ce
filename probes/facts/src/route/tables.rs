//! The host's links, addresses, routes and policy rules, as typed values that can be kept and
//! judged elsewhere.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The number of the main routing table.
pub const MAIN_TABLE: u32 = 254;

/// Everything that decides where this host sends what it forwards, but for the firewall.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tables {
    pub links: Vec<Link>,
    pub addresses: Vec<Address>,
    /// The routes of all tables, without those for broadcast and multicast.
    pub routes: Vec<Route>,
    /// The policy rules of both families, each family in the order in which the kernel asks them.
    pub rules: Vec<Rule>,
    /// The sysctl `net.ipv4.ip_forward`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_forward: Option<bool>,
    /// The policies of the kernel's IPsec for IPv4 that take packets without an interface or a mark;
    /// absent where they cannot be read, which takes CAP_NET_ADMIN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipsec: Option<Vec<IpsecPolicy>>,
    /// Whether nothing was left out, for its number or because it could not be read.
    pub complete: bool,
}

impl Tables {
    /// The link of this name.
    pub fn link(&self, name: &str) -> Option<&Link> {
        self.links.iter().find(|link| link.name == name)
    }
}

/// A policy of IPsec: which packets are encrypted, must have been, or are dropped (ip-xfrm(8)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IpsecPolicy {
    pub direction: IpsecDirection,
    #[schemars(with = "String")]
    pub source: IpNet,
    #[schemars(with = "String")]
    pub destination: IpNet,
    /// The smaller, the earlier it is asked.
    pub priority: u32,
    /// Whether it drops.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub blocks: bool,
    /// Whether it encrypts what it lets out, and lets in only what was encrypted; one that does not
    /// lets packets pass as they are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub encrypts: bool,
}

/// Writes it as `ip xfrm policy` takes it.
impl fmt::Display for IpsecPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let direction = match self.direction {
            IpsecDirection::In => "in",
            IpsecDirection::Out => "out",
            IpsecDirection::Forward => "fwd",
        };
        write!(f, "src {} dst {} dir {direction}", self.source, self.destination)?;
        if self.blocks { f.write_str(" action block") } else { Ok(()) }
    }
}

/// Which packets a policy of IPsec is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IpsecDirection {
    /// For this host.
    In,
    /// Leaving it, its own and those that it forwards.
    Out,
    /// To be forwarded by it.
    Forward,
}

/// An interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Link {
    pub name: String,
    pub kind: LinkKind,
    /// Bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
    /// Whether it is switched on.
    pub up: bool,
    /// Whether something is at its other end. A bridge without a running container has none.
    pub carrier: bool,
    /// The bridge or bond that it is a port of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub master: Option<String>,
    /// Whether the kernel forwards IPv4 packets that come in by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwarding: Option<bool>,
    /// How IPv4 source addresses are checked that come in by it, the setting for all included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rp_filter: Option<ReversePathFilter>,
}

/// What an interface is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    Loopback,
    /// A network card: nothing that software has made.
    Ethernet,
    Bridge,
    /// One of two ends; a container's other end is in its own network namespace.
    Veth,
    /// A tunnel whose far end is a program: OpenVPN, Tailscale, most vendors' clients.
    Tun,
    Wireguard,
    /// IPsec with an interface of its own (xfrm, vti).
    Ipsec,
    /// PPP: a modem, PPPoE, L2TP or PPTP.
    Ppp,
    /// IP in IP, GRE and their like.
    IpTunnel,
    /// A cellular modem.
    Wwan,
    /// Another kind, as the kernel calls it.
    Other(String),
}

/// How the kernel checks that a packet came in by the way that an answer would leave (RFC 3704).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReversePathFilter {
    Off,
    /// By the very same interface, or it is dropped.
    Strict,
    /// Any interface will do, as long as there is a way back.
    Loose,
}

/// An address of this host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Address {
    pub interface: String,
    /// The address, with the length of its network's prefix.
    #[schemars(with = "String")]
    pub network: IpNet,
}

/// A route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Route {
    #[schemars(with = "String")]
    pub destination: IpNet,
    pub table: u32,
    pub kind: RouteKind,
    /// The next hops: several for a multipath route, none for a route that rejects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hops: Vec<Hop>,
    /// The smaller, the more it is preferred among routes to the same destination.
    pub metric: u32,
    /// Bytes, where the route sets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
    /// The source address for the host's own packets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<IpAddr>,
}

impl Route {
    /// Whether it leads out by this interface.
    pub fn leaves_by(&self, interface: &str) -> bool {
        self.hops.iter().any(|hop| hop.interface.as_deref() == Some(interface))
    }

    /// Every interface that it leads out by.
    pub fn interfaces(&self) -> impl Iterator<Item = &str> {
        self.hops.iter().filter_map(|hop| hop.interface.as_deref())
    }

    /// The gateway that it takes by an interface.
    pub fn gateway_by(&self, interface: &str) -> Option<IpAddr> {
        let by = |hop: &&Hop| hop.interface.as_deref() == Some(interface);
        self.hops.iter().filter(by).find_map(|hop| hop.gateway)
    }

    /// The first interface that it leads out by.
    pub fn interface(&self) -> Option<&str> {
        self.hops.iter().find_map(|hop| hop.interface.as_deref())
    }
}

/// Where a route leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hop {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<IpAddr>,
    /// Whether the kernel has put it out of use, because its interface is down.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dead: bool,
}

/// What a route does with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RouteKind {
    /// Sends it on.
    Unicast,
    /// Keeps it on this host.
    Local,
    /// Discards it in silence.
    Blackhole,
    /// Discards it and says "host unreachable".
    Unreachable,
    /// Discards it and says "administratively prohibited".
    Prohibit,
    /// Sends it to the next policy rule, as if this table had no route.
    Throw,
    /// Something that is not known here.
    Other,
}

impl RouteKind {
    /// Whether it ends every packet's way.
    pub fn rejects(self) -> bool {
        matches!(self, Self::Blackhole | Self::Unreachable | Self::Prohibit)
    }
}

/// A policy rule: which packets ask which table (ip-rule(8)).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rule {
    /// Rules are asked from the smallest to the largest.
    pub priority: u32,
    /// Whether it is a rule for IPv6.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ipv6: bool,
    /// Whether it holds for the packets that do not match.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inverted: bool,
    #[schemars(with = "Option<String>")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<IpNet>,
    #[schemars(with = "Option<String>")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<IpNet>,
    /// The interface that the packet came in by; `lo` for the host's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// The interface that the sending socket is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
    /// The protocol above IP, by its number; 6 is TCP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<u8>,
    /// Further selectors that are not taken apart here, by their names in ip-rule(8).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other: Vec<String>,
    pub action: RuleAction,
    /// Routes of the table with a prefix of this length or less do not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppress_prefix_length: Option<u32>,
}

/// A mark that the firewall or the sending program puts on a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mark {
    pub value: u32,
    pub mask: u32,
}

/// What a rule does with the packets that it holds for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleAction {
    /// Asks a table.
    Lookup { table: u32 },
    /// Goes on at the rule of this priority.
    Goto { priority: u32 },
    /// Goes on at the next rule.
    #[default]
    Nothing,
    /// Discards the packet in silence.
    Blackhole,
    /// Discards it and says "network unreachable".
    Unreachable,
    /// Discards it and says "administratively prohibited".
    Prohibit,
}

impl RuleAction {
    /// Whether it ends every packet's way.
    pub fn rejects(self) -> bool {
        matches!(self, Self::Blackhole | Self::Unreachable | Self::Prohibit)
    }
}
