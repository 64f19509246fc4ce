//! One attempt to bind, made as an engine makes it and undone at once.

use std::io;
use std::net::{IpAddr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};

use super::{BindResult, system};
use crate::own;

/// Binds the address and port without listening, and closes the socket.
///
/// `connections` says whether the kernel's tables show connections on the port. Errors are those
/// that say nothing of the port: a lack of descriptors, or a process that may bind no port at all.
pub(super) fn attempt(address: IpAddr, port: u16, connections: bool) -> io::Result<BindResult> {
    let address = SocketAddr::new(address, port);
    let error = match bind(address, false) {
        Ok(()) => return Ok(BindResult::Free),
        Err(error) => error,
    };
    if own::token(&error).is_some() {
        return Err(error);
    }
    match error.kind() {
        io::ErrorKind::AddrInUse if system::REUSE_TELLS_LISTENERS_APART => {
            match (bind(address, true), connections) {
                (Err(error), _) if own::token(&error).is_some() => Err(error),
                (Err(_), _) => Ok(BindResult::InUse),
                (Ok(()), true) => Ok(BindResult::Lingering),
                (Ok(()), false) => Ok(BindResult::Shared),
            }
        }
        io::ErrorKind::AddrInUse => Ok(BindResult::InUse),
        io::ErrorKind::PermissionDenied if may_bind_any(address.ip()) => {
            Ok(BindResult::NotPermitted)
        }
        io::ErrorKind::PermissionDenied => Err(own::denied(error)),
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported => Ok(BindResult::Unavailable),
        _ if system::lacks_address_family(&error) => Ok(BindResult::Unavailable),
        _ => Err(error),
    }
}

/// Whether this process may bind a port that the kernel chooses, which needs no privilege.
fn may_bind_any(address: IpAddr) -> bool {
    let bound = bind(SocketAddr::new(address, 0), false);
    bound.err().is_none_or(|error| error.kind() != io::ErrorKind::PermissionDenied)
}

/// The socket is closed when this returns. IPv6 is bound alone, as engines do.
fn bind(address: SocketAddr, reuse: bool) -> io::Result<()> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))
        .map_err(own::denied)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    if reuse {
        socket.set_reuse_address(true)?;
    }
    socket.bind(&address.into())
}
