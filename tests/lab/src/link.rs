//! A cable between two hosts.

use std::process::Command;

use crate::{Host, Result, command};

/// One end of a cable: an interface of a host and its address with the prefix length.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End<'a> {
    pub(crate) host: &'a Host,
    pub(crate) interface: &'a str,
    pub(crate) address: &'a str,
}

/// Joins two hosts by a pair of virtual Ethernet interfaces and brings both up.
pub(crate) fn join(left: End<'_>, right: End<'_>) -> Result<()> {
    let mut add = Command::new("ip");
    add.args(["link", "add", left.interface, "netns", &left.host.pid().to_string()]);
    add.args(["type", "veth", "peer", "name", right.interface]);
    add.args(["netns", &right.host.pid().to_string()]);
    command::succeed(&mut add, "")?;
    raise(left)?;
    raise(right)
}

/// Gives an interface its address and brings it up.
pub(crate) fn raise(end: End<'_>) -> Result<()> {
    let End { host, interface, address } = end;
    host.sh(&format!("ip addr add {address} dev {interface}; ip link set {interface} up")).map(drop)
}
