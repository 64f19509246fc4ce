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
    use std::os::fd::AsFd as _;

    use socket2::Socket;

    use super::{SockRef, io};
    use crate::walls;

    pub(super) fn bind(socket: &SockRef<'_>, interface: &str) -> io::Result<()> {
        match socket.bind_device(Some(interface.as_bytes())) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                let socket = Socket::from(socket.as_fd().try_clone_to_owned()?);
                let interface = interface.to_owned();
                walls::with_privileges(move || socket.bind_device(Some(interface.as_bytes())))
            }
            other => other,
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    use super::{SockRef, io};

    pub(super) fn bind(_: &SockRef<'_>, _: &str) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
