//! The kernel's own route lookup (`RTM_GETROUTE`), as `ip route get` asks it.

use std::io;
use std::net::IpAddr;

use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteFlags, RouteMessage, RouteMetric, RouteType, RouteVia,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use rustix::io::Errno;

use super::netlink::Netlink;

const TCP: u8 = 6;

/// A TCP packet whose way is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query {
    pub(crate) destination: IpAddr,
    pub(crate) source: Option<IpAddr>,
    /// The index of the interface that the packet comes in by; none for the host's own packets.
    pub(crate) input: Option<u32>,
}

impl Query {
    /// A packet of the host's own, from whichever source address the kernel chooses.
    pub(crate) fn own(destination: IpAddr) -> Self {
        Self { destination, source: None, input: None }
    }
}

/// The way that the kernel would send.
#[derive(Clone, Debug, Default)]
pub(crate) struct Way {
    pub(crate) source: Option<IpAddr>,
    pub(crate) output: Option<u32>,
    pub(crate) gateway: Option<IpAddr>,
    /// The MTU that the route sets or that was learned for the destination.
    pub(crate) mtu: Option<u32>,
    pub(crate) table: Option<u32>,
    /// Whether the packet ends on this host.
    pub(crate) local: bool,
}

/// Asks the kernel. An error is its answer: ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL.
pub(crate) fn look_up(netlink: &mut Netlink, query: &Query) -> io::Result<Way> {
    let answer = netlink.ask(RouteNetlinkMessage::GetRoute(question(query)))?;
    let RouteNetlinkMessage::NewRoute(route) = answer else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    // For IPv6, some kernels answer with the rejecting route instead of with its error.
    match route.header.kind {
        RouteType::BlackHole => Err(Errno::INVAL.into()),
        RouteType::Unreachable => Err(Errno::HOSTUNREACH.into()),
        RouteType::Prohibit => Err(Errno::ACCESS.into()),
        _ => Ok(way(&route)),
    }
}

fn question(query: &Query) -> RouteMessage {
    let mut message = RouteMessage::default();
    let header = &mut message.header;
    let bits = if query.destination.is_ipv4() { 32 } else { 128 };
    header.address_family = family(query.destination);
    header.destination_prefix_length = bits;
    // Otherwise the answer names the main table, whichever table it came from.
    header.flags = RouteFlags::LookupTable;
    message.attributes.push(RouteAttribute::Destination(query.destination.into()));
    // The kernel would take UDP. Those older than 4.18 have no rules for protocols, nor this word.
    message.attributes.push(RouteAttribute::IpProto(TCP));
    if let Some(source) = query.source {
        message.header.source_prefix_length = bits;
        message.attributes.push(RouteAttribute::Source(source.into()));
    }
    if let Some(input) = query.input {
        message.attributes.push(RouteAttribute::Iif(input));
    }
    message
}

pub(super) fn way(route: &RouteMessage) -> Way {
    let mut way = Way { table: Some(route.header.table.into()), ..Way::default() };
    for attribute in &route.attributes {
        match attribute {
            RouteAttribute::PrefSource(source) => way.source = address(source),
            RouteAttribute::Oif(index) => way.output = Some(*index),
            RouteAttribute::Gateway(gateway) => way.gateway = address(gateway),
            RouteAttribute::Via(gateway) => way.gateway = via(gateway),
            RouteAttribute::Table(table) => way.table = Some(*table),
            RouteAttribute::Metrics(metrics) => way.mtu = mtu(metrics),
            _ => {}
        }
    }
    way
}

pub(super) fn family(address: IpAddr) -> AddressFamily {
    if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 }
}

pub(super) fn address(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(address) => Some((*address).into()),
        RouteAddress::Inet6(address) => Some((*address).into()),
        _ => None,
    }
}

/// A gateway of the other family: IPv4 by way of an IPv6 router (RFC 8950).
pub(super) fn via(gateway: &RouteVia) -> Option<IpAddr> {
    match gateway {
        RouteVia::Inet(address) => Some((*address).into()),
        RouteVia::Inet6(address) => Some((*address).into()),
        _ => None,
    }
}

pub(super) fn mtu(metrics: &[RouteMetric]) -> Option<u32> {
    metrics.iter().find_map(|metric| match metric {
        RouteMetric::Mtu(mtu) if *mtu > 0 => Some(*mtu),
        _ => None,
    })
}
