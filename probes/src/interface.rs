//! Sending by one interface, whatever the routes say.

use std::io;

use socket2::SockRef;

/// Binds a socket to an interface.
///
/// It needs no privilege from Linux 5.7 on, and CAP_NET_RAW before. Fails with
/// [`io::ErrorKind::Unsupported`] on other systems.
pub(crate) fn bind<'s>(socket: impl Into<SockRef<'s>>, interface: &str) -> io::Result<()> {
    platform::bind(&socket.into(), interface)
}

#[cfg(target_os = "linux")]
mod platform {
    use super::{SockRef, io};

    pub(super) fn bind(socket: &SockRef<'_>, interface: &str) -> io::Result<()> {
        socket.bind_device(Some(interface.as_bytes()))
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    use super::{SockRef, io};

    pub(super) fn bind(_: &SockRef<'_>, _: &str) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
