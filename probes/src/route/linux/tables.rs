//! Reads the kernel's links, addresses, routes and rules.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use edgeprobe_facts::route::tables::{
    Address, Hop, Link, LinkKind, MAIN_TABLE, Route, RouteKind, Tables,
};
use ipnet::IpNet;
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::link::{
    LinkAttribute, LinkExtentMask, LinkFlags, LinkInfo, LinkLayerType, LinkMessage,
};
use netlink_packet_route::route::{
    RouteAttribute, RouteMessage, RouteNextHop, RouteNextHopFlags, RouteType,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use super::lookup::{address, mtu, via};
use super::netlink::{Dump, Netlink};
use super::{NAME_LENGTH, rules, settings, xfrm};
use crate::clean;

/// More than an edge device has of any of these; a router with a full table of the Internet has
/// more routes, and is then judged by the first of them, and by all that policies and bridges need.
const LIMIT: usize = 8192;

/// The names of interfaces by their index.
pub(super) type Names = HashMap<u32, String>;

/// Reads everything, in the network namespace of the calling thread.
pub(crate) fn read() -> io::Result<Tables> {
    let mut tables = Tables { complete: true, ..Tables::default() };
    let links = links()?;
    let names: Names =
        links.messages.iter().filter_map(|message| link_name(link_of(message)?)).collect();
    tables.links = each(&links, |message| read_link(link_of(message)?, &names));
    let addresses =
        Netlink::dump(&RouteNetlinkMessage::GetAddress(AddressMessage::default()), LIMIT)?;
    tables.addresses = each(&addresses, |message| match message {
        RouteNetlinkMessage::NewAddress(message) => read_address(message, &names),
        _ => None,
    });
    tables.complete = links.complete && addresses.complete;
    let bridged = bridged(&tables);
    for family in [AddressFamily::Inet, AddressFamily::Inet6] {
        let mut question = RouteMessage::default();
        question.header.address_family = family;
        let question = RouteNetlinkMessage::GetRoute(question);
        let routes = Netlink::dump_choosing(&question, LIMIT, |route| is_vital(route, &bridged));
        let rules = rules::dump(family, LIMIT);
        // A kernel without IPv6 has neither.
        let (routes, rules) = match (routes, rules) {
            (Ok(routes), Ok(rules)) => (routes, rules),
            _ if family == AddressFamily::Inet6 => continue,
            (Err(error), _) | (_, Err(error)) => return Err(error),
        };
        tables.complete &= routes.complete && rules.complete;
        tables.routes.extend(each(&routes, |message| match message {
            RouteNetlinkMessage::NewRoute(message) => read_route(message, &names),
            _ => None,
        }));
        tables.rules.extend(each(&rules, rules::read));
    }
    tables.ip_forward = settings::ip_forward();
    tables.ipsec = xfrm::policies().ok();
    Ok(tables)
}

/// The networks of the bridges, among which are the engine's.
fn bridged(tables: &Tables) -> Vec<IpNet> {
    let is_bridge = |name: &str| tables.link(name).is_some_and(|it| it.kind == LinkKind::Bridge);
    let of_bridges = tables.addresses.iter().filter(|address| is_bridge(&address.interface));
    of_bridges.map(|address| address.network.trunc()).collect()
}

/// Whether a route is kept however many others there are: those of policies' tables, those for the
/// whole Internet or half of it, those that reject, and those that lead to containers or shadow them.
pub(super) fn is_vital(message: &RouteNetlinkMessage, bridged: &[IpNet]) -> bool {
    let RouteNetlinkMessage::NewRoute(message) = message else { return true };
    let header = &message.header;
    let table = message.attributes.iter().find_map(|attribute| match attribute {
        RouteAttribute::Table(table) => Some(*table),
        _ => None,
    });
    let rejects =
        matches!(header.kind, RouteType::BlackHole | RouteType::Unreachable | RouteType::Prohibit);
    let destination = message.attributes.iter().find_map(|attribute| match attribute {
        RouteAttribute::Destination(to) => {
            IpNet::new(address(to)?, header.destination_prefix_length).ok()
        }
        _ => None,
    });
    let meets = |network: &IpNet| {
        destination.is_some_and(|it| it.contains(network) || network.contains(&it))
    };
    table.unwrap_or_else(|| header.table.into()) != MAIN_TABLE
        || header.destination_prefix_length <= 1
        || rejects
        || bridged.iter().any(meets)
}

fn links() -> io::Result<Dump> {
    let mut question = LinkMessage::default();
    // Counters are of no interest here, and they are the larger part of the answer.
    question.attributes.push(LinkAttribute::ExtMask(vec![LinkExtentMask::SkipStats]));
    Netlink::dump(&RouteNetlinkMessage::GetLink(question), LIMIT)
}

fn each<T>(dump: &Dump, read: impl FnMut(&RouteNetlinkMessage) -> Option<T>) -> Vec<T> {
    dump.messages.iter().filter_map(read).collect()
}

fn link_of(message: &RouteNetlinkMessage) -> Option<&LinkMessage> {
    match message {
        RouteNetlinkMessage::NewLink(link) => Some(link),
        _ => None,
    }
}

pub(super) fn link_name(message: &LinkMessage) -> Option<(u32, String)> {
    message.attributes.iter().find_map(|attribute| match attribute {
        LinkAttribute::IfName(name) => Some((message.header.index, clean::line(name, NAME_LENGTH))),
        _ => None,
    })
}

pub(super) fn read_link(message: &LinkMessage, names: &Names) -> Option<Link> {
    let name = names.get(&message.header.index)?.clone();
    let flags = message.header.flags;
    let mut link = Link {
        kind: kind_by_layer(message.header.link_layer_type),
        mtu: None,
        up: flags.contains(LinkFlags::Up),
        carrier: flags.contains(LinkFlags::LowerUp),
        master: None,
        forwarding: settings::forwarding(&name),
        rp_filter: settings::rp_filter(&name),
        name,
    };
    for attribute in &message.attributes {
        match attribute {
            LinkAttribute::Mtu(mtu) => link.mtu = Some(*mtu),
            LinkAttribute::Controller(index) => link.master = names.get(index).cloned(),
            LinkAttribute::LinkInfo(infos) => {
                if let Some(kind) = infos.iter().find_map(kind_by_info) {
                    link.kind = kind;
                }
            }
            _ => {}
        }
    }
    Some(link)
}

/// What a link is that the kernel gives no kind for.
fn kind_by_layer(layer: LinkLayerType) -> LinkKind {
    match layer {
        LinkLayerType::Loopback => LinkKind::Loopback,
        LinkLayerType::Ether => LinkKind::Ethernet,
        LinkLayerType::Ppp => LinkKind::Ppp,
        LinkLayerType::Rawip => LinkKind::Wwan,
        LinkLayerType::Tunnel | LinkLayerType::Tunnel6 | LinkLayerType::Sit => LinkKind::IpTunnel,
        other => LinkKind::Other(format!("{other:?}").to_lowercase()),
    }
}

fn kind_by_info(info: &LinkInfo) -> Option<LinkKind> {
    let LinkInfo::Kind(kind) = info else { return None };
    let kind = kind.to_string();
    Some(match kind.as_str() {
        "bridge" => LinkKind::Bridge,
        "veth" => LinkKind::Veth,
        "tun" => LinkKind::Tun,
        "wireguard" => LinkKind::Wireguard,
        "xfrm" | "vti" | "vti6" => LinkKind::Ipsec,
        "ppp" => LinkKind::Ppp,
        "ipip" | "ip6tnl" | "sit" | "gre" | "gretap" | "ip6gre" | "ip6gretap" => LinkKind::IpTunnel,
        "wwan" | "rmnet" => LinkKind::Wwan,
        other => LinkKind::Other(clean::line(other, 32)),
    })
}

pub(super) fn read_address(message: &AddressMessage, names: &Names) -> Option<Address> {
    let mut found = None;
    for attribute in &message.attributes {
        match attribute {
            // On a link with a peer, this one is the host's own and the other the peer's.
            AddressAttribute::Local(address) => found = Some(*address),
            AddressAttribute::Address(address) => found = found.or(Some(*address)),
            _ => {}
        }
    }
    Some(Address {
        interface: names.get(&message.header.index)?.clone(),
        network: IpNet::new(found?, message.header.prefix_len).ok()?,
    })
}

pub(super) fn read_route(message: &RouteMessage, names: &Names) -> Option<Route> {
    let header = &message.header;
    let kind = match header.kind {
        RouteType::Unicast => RouteKind::Unicast,
        RouteType::Local => RouteKind::Local,
        RouteType::BlackHole => RouteKind::Blackhole,
        RouteType::Unreachable => RouteKind::Unreachable,
        RouteType::Prohibit => RouteKind::Prohibit,
        RouteType::Throw => RouteKind::Throw,
        RouteType::Broadcast | RouteType::Multicast | RouteType::Anycast => return None,
        _ => RouteKind::Other,
    };
    let any: IpAddr = match header.address_family {
        AddressFamily::Inet => Ipv4Addr::UNSPECIFIED.into(),
        AddressFamily::Inet6 => Ipv6Addr::UNSPECIFIED.into(),
        _ => return None,
    };
    let mut route = Route {
        destination: IpNet::new(any, header.destination_prefix_length).ok()?,
        table: header.table.into(),
        kind,
        hops: Vec::new(),
        metric: 0,
        mtu: None,
        source: None,
    };
    for attribute in &message.attributes {
        match attribute {
            RouteAttribute::Destination(to) => {
                route.destination =
                    IpNet::new(address(to)?, header.destination_prefix_length).ok()?;
            }
            RouteAttribute::Table(table) => route.table = *table,
            RouteAttribute::Priority(metric) => route.metric = *metric,
            RouteAttribute::PrefSource(source) => route.source = address(source),
            RouteAttribute::Metrics(metrics) => route.mtu = mtu(metrics),
            RouteAttribute::MultiPath(hops) => {
                route.hops = hops.iter().map(|hop| next_hop(hop, names)).collect();
            }
            _ => {}
        }
    }
    if route.hops.is_empty() && !kind.rejects() && kind != RouteKind::Throw {
        let bits = header.flags.bits().to_le_bytes();
        let flags = RouteNextHopFlags::from_bits_retain(bits[0]);
        route.hops.extend(single_hop(&message.attributes, flags, names));
    }
    Some(route)
}

fn next_hop(hop: &RouteNextHop, names: &Names) -> Hop {
    let gateway = single_hop(&hop.attributes, hop.flags, names).and_then(|hop| hop.gateway);
    Hop {
        interface: names.get(&hop.interface_index).cloned(),
        gateway,
        dead: hop.flags.contains(RouteNextHopFlags::Dead),
    }
}

fn single_hop(
    attributes: &[RouteAttribute],
    flags: RouteNextHopFlags,
    names: &Names,
) -> Option<Hop> {
    let mut hop =
        Hop { interface: None, gateway: None, dead: flags.contains(RouteNextHopFlags::Dead) };
    for attribute in attributes {
        match attribute {
            RouteAttribute::Oif(index) => hop.interface = names.get(index).cloned(),
            RouteAttribute::Gateway(gateway) => hop.gateway = address(gateway),
            RouteAttribute::Via(gateway) => hop.gateway = via(gateway),
            _ => {}
        }
    }
    (hop.interface.is_some() || hop.gateway.is_some()).then_some(hop)
}
