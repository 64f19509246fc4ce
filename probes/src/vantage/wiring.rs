//! The changes that connect a namespace to a bridge, each of them one message to the kernel.

use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

use edgeprobe_facts::route::tables::MAIN_TABLE;
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::link::{
    InfoData, InfoKind, InfoVeth, LinkAttribute, LinkFlags, LinkInfo, LinkMessage,
};
use netlink_packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourFlags, NeighbourMessage,
};
use netlink_packet_route::route::{
    RouteAttribute, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use super::Place;
use crate::route::linux::neighbour::{address, verdict};
use crate::route::linux::netlink::Netlink;

/// The loopback interface, in every network namespace.
const LOOPBACK: u32 = 1;

/// The name inside, as in a container.
const INNER_NAME: &str = "eth0";

/// The name on the host. The kernel puts a free number in. Tools that manage interfaces leave
/// those alone whose name begins as the engine's own do.
const OUTER_NAME: &str = "vethep%d";

/// The outer leg's hardware address. A bridge without an address of its own takes the lowest of
/// its ports', so this is as high as one can be: locally administered, and not a group's.
const OUTER_ADDRESS: [u8; 6] = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff];

/// A bridge to be joined.
pub(super) struct Port {
    pub(super) bridge: u32,
    /// The bridge's own MTU, so that it does not change by the new port.
    pub(super) bridge_mtu: u32,
    /// What the engine would give to a container.
    pub(super) mtu: u32,
}

/// Makes a pair of interfaces, one a port of the bridge and up, the other inside the place.
///
/// The pair comes into being with its inner end in the place already. An interface goes with its
/// namespace, and takes its other end along, so at no moment could one be left on the host.
pub(super) fn plug(host: &mut Netlink, place: &Place, port: &Port) -> io::Result<()> {
    // It cannot be switched on yet: the kernel does so before it knows the other end.
    let mut inner = LinkMessage::default();
    inner.attributes.push(LinkAttribute::IfName(INNER_NAME.to_owned()));
    inner.attributes.push(LinkAttribute::Mtu(port.mtu));
    inner.attributes.push(LinkAttribute::NetNsFd(place.as_fd().as_raw_fd()));

    let mut outer = LinkMessage::default();
    switch_on(&mut outer);
    outer.attributes.push(LinkAttribute::IfName(OUTER_NAME.to_owned()));
    outer.attributes.push(LinkAttribute::Mtu(port.bridge_mtu));
    outer.attributes.push(LinkAttribute::Address(OUTER_ADDRESS.to_vec()));
    outer.attributes.push(LinkAttribute::Controller(port.bridge));
    outer.attributes.push(LinkAttribute::LinkInfo(vec![
        LinkInfo::Kind(InfoKind::Veth),
        LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(inner))),
    ]));
    host.change(RouteNetlinkMessage::NewLink(outer), NLM_F_CREATE | NLM_F_EXCL)
}

/// Both ends of the pair: the inner one's index inside, the outer one's on the host.
pub(super) fn legs(inside: &mut Netlink) -> io::Result<(u32, u32)> {
    let mut question = LinkMessage::default();
    question.attributes.push(LinkAttribute::IfName(INNER_NAME.to_owned()));
    let answer = inside.ask(RouteNetlinkMessage::GetLink(question))?;
    let RouteNetlinkMessage::NewLink(inner) = answer else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    let outer = inner.attributes.iter().find_map(|attribute| match attribute {
        LinkAttribute::Link(index) => Some(*index),
        _ => None,
    });
    Ok((inner.header.index, outer.ok_or(io::ErrorKind::NotFound)?))
}

/// Takes the pair away.
pub(super) fn unplug(host: &mut Netlink, outer: u32) -> io::Result<()> {
    let mut leg = LinkMessage::default();
    leg.header.index = outer;
    host.change(RouteNetlinkMessage::DelLink(leg), 0)
}

/// Switches on the loopback interface and this one.
pub(super) fn up(inside: &mut Netlink, interface: u32) -> io::Result<()> {
    for index in [LOOPBACK, interface] {
        let mut link = LinkMessage::default();
        link.header.index = index;
        switch_on(&mut link);
        inside.change(RouteNetlinkMessage::SetLink(link), 0)?;
    }
    Ok(())
}

fn switch_on(link: &mut LinkMessage) {
    link.header.flags = LinkFlags::Up;
    link.header.change_mask = LinkFlags::Up;
}

/// Asks on the link who has an address (ARP). An interface without an address asks as RFC 5227
/// wants it: from 0.0.0.0, so that no host takes the question for a claim.
pub(super) fn ask_who_has(inside: &mut Netlink, interface: u32, whom: Ipv4Addr) -> io::Result<()> {
    // What is known already would not be asked again.
    drop(forget(inside, interface, whom));
    let mut question = neighbour(interface, whom);
    question.header.flags = NeighbourFlags::Use;
    inside.change(RouteNetlinkMessage::NewNeighbour(question), NLM_F_CREATE)
}

/// Waits until one of the neighbours has answered, and adds those that have to `answered`. False
/// when none did within `patience`.
pub(super) fn await_answer(
    news: &Netlink,
    answered: &mut HashSet<IpAddr>,
    patience: Duration,
) -> io::Result<bool> {
    news.await_notification(patience, |message| match message {
        RouteNetlinkMessage::NewNeighbour(entry) => match address(&entry) {
            Some(from) if verdict(entry.header.state) == Some(true) => answered.insert(from),
            _ => false,
        },
        _ => false,
    })
}

/// Makes the kernel forget a neighbour on an interface.
pub(super) fn forget(netlink: &mut Netlink, interface: u32, whom: Ipv4Addr) -> io::Result<()> {
    netlink.change(RouteNetlinkMessage::DelNeighbour(neighbour(interface, whom)), 0)
}

fn neighbour(interface: u32, whom: Ipv4Addr) -> NeighbourMessage {
    let mut message = NeighbourMessage::default();
    message.header.family = AddressFamily::Inet;
    message.header.ifindex = interface;
    message.attributes.push(NeighbourAttribute::Destination(NeighbourAddress::Inet(whom)));
    message
}

/// Gives the interface an address.
pub(super) fn assign(
    inside: &mut Netlink,
    interface: u32,
    address: Ipv4Addr,
    prefix_length: u8,
) -> io::Result<()> {
    let mut message = AddressMessage::default();
    message.header.family = AddressFamily::Inet;
    message.header.index = interface;
    message.header.prefix_len = prefix_length;
    message.attributes.push(AddressAttribute::Local(address.into()));
    message.attributes.push(AddressAttribute::Address(address.into()));
    inside.change(RouteNetlinkMessage::NewAddress(message), NLM_F_CREATE | NLM_F_EXCL)
}

/// Sends everything to the gateway that is not on the link.
pub(super) fn default_route(
    inside: &mut Netlink,
    interface: u32,
    gateway: Ipv4Addr,
) -> io::Result<()> {
    let mut message = RouteMessage::default();
    message.header.address_family = AddressFamily::Inet;
    message.header.table = u8::try_from(MAIN_TABLE).unwrap_or_default();
    message.header.protocol = RouteProtocol::Boot;
    message.header.scope = RouteScope::Universe;
    message.header.kind = RouteType::Unicast;
    message.attributes.push(RouteAttribute::Gateway(gateway.into()));
    message.attributes.push(RouteAttribute::Oif(interface));
    inside.change(RouteNetlinkMessage::NewRoute(message), NLM_F_CREATE | NLM_F_EXCL)
}
