//! Sending in another way than programs here would: a control for the path itself.

use std::io;
use std::net::SocketAddr;

use edgeprobe_facts::endpoint::Detour;
use socket2::SockRef;
use tokio::net::TcpSocket;

use crate::{interface, own};

/// The segment size, in bytes, that no path is too narrow for: with headers 1 040 bytes, below the
/// 1 280 that every tunnel in use carries (RFC 8200 asks that much of every link of IPv6).
const SMALL_SEGMENT: u32 = 1_000;

/// A socket that connects to `peer` in this way.
///
/// Binding to an interface needs no privilege from Linux 5.7 on, and CAP_NET_RAW before.
pub(super) fn socket(peer: SocketAddr, detour: Option<&Detour>) -> io::Result<TcpSocket> {
    let socket = if peer.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let socket = socket.map_err(own::denied)?;
    match detour {
        None | Some(Detour::Tls12) => Ok(()),
        Some(Detour::SmallSegments) => SockRef::from(&socket).set_tcp_mss(SMALL_SEGMENT),
        Some(Detour::Interface(name)) => interface::bind(&socket, name),
    }
    .map_err(own::denied)?;
    Ok(socket)
}
