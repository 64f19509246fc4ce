//! Where the kernel is not asked.

use std::net::SocketAddr;

use tokio::net::TcpStream;

/// Nothing is held where nobody is asked.
pub(super) type Open = ();

pub(super) fn open(_socket: &TcpStream) -> Option<Open> {
    None
}

#[allow(clippy::unused_async, reason = "as on the system where it is asked")]
pub(super) async fn by_the_kernel(_local: SocketAddr, _peer: SocketAddr) -> Option<super::Known> {
    None
}
