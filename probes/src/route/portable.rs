//! What any operating system tells of a route: the source address that a socket is given, and the
//! interface that owns it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use edgeprobe_facts::route::RouteFacts;

use crate::own;
#[cfg(not(target_os = "linux"))]
use edgeprobe_facts::route::edge::{EdgeNetwork, EdgeRouteFacts};
#[cfg(not(target_os = "linux"))]
use edgeprobe_facts::route::tables::Tables;

/// A port to connect to; nothing is sent there (RFC 863, discard).
const PORT: u16 = 9;

/// The way to a destination, as a connected UDP socket shows it. Nothing is sent.
///
/// The gateway's answer and the table are not known here.
pub(super) fn way_to(destination: IpAddr, _patience: Duration) -> io::Result<RouteFacts> {
    let any: IpAddr = match destination {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).map_err(own::denied)?;
    let peer = SocketAddr::new(destination, PORT);
    socket.connect(peer).map_err(|error| own::of_connecting(error, peer))?;
    let source = socket.local_addr()?.ip();
    let interface = netdev::get_interfaces().into_iter().find(|interface| owns(interface, source));
    Ok(RouteFacts {
        destination,
        source: Some(source),
        gateway: interface.as_ref().and_then(|interface| gateway(interface, destination)),
        gateway_answers: None,
        mtu: interface.as_ref().and_then(|interface| interface.mtu),
        interface: interface.map(|interface| crate::clean::line(&interface.name, 64)),
        table: None,
    })
}

/// The way of forwarded packets is not known here.
#[cfg(not(target_os = "linux"))]
pub(super) fn ask_edge(_: EdgeNetwork, _: IpAddr, _: Duration) -> io::Result<EdgeRouteFacts> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The tables are not known here.
#[cfg(not(target_os = "linux"))]
pub(super) fn read_tables() -> io::Result<Tables> {
    Err(io::ErrorKind::Unsupported.into())
}

fn owns(interface: &netdev::Interface, address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => interface.ipv4.iter().any(|network| network.addr() == address),
        IpAddr::V6(address) => interface.ipv6.iter().any(|network| network.addr() == address),
    }
}

/// The interface's default gateway, unless the destination is on its own link.
fn gateway(interface: &netdev::Interface, destination: IpAddr) -> Option<IpAddr> {
    let gateway = interface.gateway.as_ref()?;
    match destination {
        IpAddr::V4(address) if interface.ipv4.iter().any(|network| network.contains(&address)) => {
            None
        }
        IpAddr::V6(address) if interface.ipv6.iter().any(|network| network.contains(&address)) => {
            None
        }
        IpAddr::V4(_) => gateway.ipv4.first().copied().map(IpAddr::V4),
        IpAddr::V6(_) => gateway.ipv6.first().copied().map(IpAddr::V6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_shows_the_source_address_of_loopback() {
        let facts = way_to(Ipv4Addr::LOCALHOST.into(), Duration::ZERO).unwrap();
        assert_eq!(facts.source, Some(Ipv4Addr::LOCALHOST.into()));
        assert_eq!(facts.gateway, None);
    }
}
