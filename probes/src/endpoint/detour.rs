//! Sending in another way than programs here would: a control for the path itself.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use socket2::SockRef;
use tokio::net::TcpSocket;

use crate::{interface, own};

/// The segment size, in bytes, that no path is too narrow for: with headers 1 040 bytes, below the
/// 1 280 that every tunnel in use carries (RFC 8200 asks that much of every link of IPv6).
const SMALL_SEGMENT: u32 = 1_000;

/// A way that is not the usual one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Detour {
    /// With segments of at most 1 000 bytes in both directions: what passes then and not otherwise
    /// was too large for the path.
    SmallSegments,
    /// Out by this interface, whatever the routes say.
    Interface(String),
    /// Offering TLS 1.2 alone: what goes on then and not otherwise was objected to for its version.
    #[serde(rename = "tls_1_2")]
    Tls12,
}

/// Writes a phrase for a person, without blanks so that it can stand in an id.
impl fmt::Display for Detour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SmallSegments => f.write_str("in-small-segments"),
            Self::Interface(name) => write!(f, "by-{}", crate::clean::line(name, 15)),
            Self::Tls12 => f.write_str("with-tls-1.2-alone"),
        }
    }
}

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
