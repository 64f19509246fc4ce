//! One attempt to bind, made as an engine makes it and undone at once.

use std::io;
use std::net::{IpAddr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};

use super::{BindResult, system};

/// Binds the address and port without listening, and closes the socket.
///
/// `connections` says whether the kernel's tables show connections on the port. Errors are those
/// that say nothing of the port, such as a lack of descriptors.
pub(super) fn attempt(address: IpAddr, port: u16, connections: bool) -> io::Result<BindResult> {
    let address = SocketAddr::new(address, port);
    let error = match bind(address, false) {
        Ok(()) => return Ok(BindResult::Free),
        Err(error) => error,
    };
    match error.kind() {
        io::ErrorKind::AddrInUse if system::REUSE_TELLS_LISTENERS_APART => {
            Ok(match (bind(address, true), connections) {
                (Err(_), _) => BindResult::InUse,
                (Ok(()), true) => BindResult::Lingering,
                (Ok(()), false) => BindResult::Shared,
            })
        }
        io::ErrorKind::AddrInUse => Ok(BindResult::InUse),
        io::ErrorKind::PermissionDenied => Ok(BindResult::NotPermitted),
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported => Ok(BindResult::Unavailable),
        _ if system::lacks_address_family(&error) => Ok(BindResult::Unavailable),
        _ => Err(error),
    }
}

/// The socket is closed when this returns. IPv6 is bound alone, as engines do.
fn bind(address: SocketAddr, reuse: bool) -> io::Result<()> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    if reuse {
        socket.set_reuse_address(true)?;
    }
    socket.bind(&address.into())
}
