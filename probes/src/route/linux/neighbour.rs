//! Whether a neighbour answers on its link (ARP, NDP), as the kernel's neighbour table has it.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourMessage, NeighbourState,
};

use super::lookup::family;
use super::netlink::Netlink;

/// `RTNLGRP_NEIGH`: changes of the neighbour table.
pub(crate) const NEIGHBOUR_GROUP: u32 = 3;

/// More neighbours than the kernel keeps by default (`gc_thresh3` is 1024).
const LIMIT: usize = 16_384;

/// Whether the neighbour answers; none when the kernel has not asked it, or not ended asking
/// within `patience`.
pub(crate) fn answers(
    interface: u32,
    neighbour: IpAddr,
    patience: Duration,
) -> io::Result<Option<bool>> {
    answers_soon(interface, neighbour, Duration::ZERO, patience)
}

/// The same, where the kernel may take until `begins` to begin to ask it.
pub(crate) fn answers_soon(
    interface: u32,
    neighbour: IpAddr,
    begins: Duration,
    patience: Duration,
) -> io::Result<Option<bool>> {
    // Listening begins before the table is read, so that no change falls between the two.
    let changes = Netlink::listen(&[NEIGHBOUR_GROUP])?;
    let mut state = current_state(interface, neighbour)?;
    let news = |message| match message {
        RouteNetlinkMessage::NewNeighbour(entry)
            if entry.header.ifindex == interface && address(&entry) == Some(neighbour) =>
        {
            Some(entry.header.state)
        }
        _ => None,
    };
    if state.and_then(verdict).is_none() {
        // The kernel may say nothing of it when it begins to ask, so that the table is read again.
        changes.await_notification(begins, |message| {
            state = news(message).or(state);
            state.and_then(verdict).is_some()
        })?;
        if state.and_then(verdict).is_none() && !begins.is_zero() {
            state = current_state(interface, neighbour)?;
        }
    }
    if state == Some(NeighbourState::Incomplete) {
        // The kernel is asking just now, because of another packet: its result is worth the wait.
        changes.await_notification(patience, |message| {
            state = news(message).or(state);
            state != Some(NeighbourState::Incomplete)
        })?;
    }
    Ok(state.and_then(verdict))
}

/// What a state says; none for one in which the kernel has not asked.
pub(crate) fn verdict(state: NeighbourState) -> Option<bool> {
    use NeighbourState as State;
    match state {
        State::Reachable
        | State::Stale
        | State::Delay
        | State::Probe
        | State::Permanent
        | State::Noarp => Some(true),
        State::Failed | State::Incomplete => Some(false),
        _ => None,
    }
}

fn current_state(interface: u32, neighbour: IpAddr) -> io::Result<Option<NeighbourState>> {
    let known = table(interface, neighbour)?;
    Ok(known.into_iter().find(|(address, _)| *address == neighbour).map(|(_, state)| state))
}

/// The neighbours on an interface that the kernel knows, of the same family as `like`.
pub(crate) fn table(interface: u32, like: IpAddr) -> io::Result<Vec<(IpAddr, NeighbourState)>> {
    let mut question = NeighbourMessage::default();
    question.header.family = family(like);
    // Kernels older than 4.4 ignore the filter and send the whole table.
    question.attributes.push(NeighbourAttribute::IfIndex(interface));
    let dump = Netlink::dump(&RouteNetlinkMessage::GetNeighbour(question), LIMIT)?;
    let entries = dump.messages.iter().filter_map(|message| match message {
        RouteNetlinkMessage::NewNeighbour(entry) if entry.header.ifindex == interface => {
            Some((address(entry)?, entry.header.state))
        }
        _ => None,
    });
    Ok(entries.collect())
}

/// The neighbour that an entry is about.
pub(crate) fn address(entry: &NeighbourMessage) -> Option<IpAddr> {
    entry.attributes.iter().find_map(|attribute| match attribute {
        NeighbourAttribute::Destination(NeighbourAddress::Inet(address)) => Some((*address).into()),
        NeighbourAttribute::Destination(NeighbourAddress::Inet6(address)) => {
            Some((*address).into())
        }
        _ => None,
    })
}
