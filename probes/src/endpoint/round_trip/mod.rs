//! The round trip of a connection by the kernel's own clock.
//!
//! A probe's time of the handshake holds the time that this device needed to look at the answer: on a
//! busy gateway some hundred milliseconds. The kernel notes the moment when the answer came.

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod linux;

#[cfg(not(target_os = "linux"))]
use elsewhere as platform;
#[cfg(target_os = "linux")]
use linux as platform;

use std::net::SocketAddr;

use edgeprobe_facts::endpoint::RoundTrips;
use tokio::net::TcpStream;

/// What the kernel knows of a connection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Known {
    /// None where no packet was answered that was sent once alone.
    pub(super) round_trips: Option<RoundTrips>,
    /// The segments that were sent: the first SYN and those with data, each as often as it was sent.
    pub(super) sent: u32,
    /// Those of them that were sent again because they were lost.
    pub(super) lost: u32,
}

/// A handle by which the kernel can be asked of a connection, until it is dropped.
#[derive(Debug)]
pub(super) struct Held {
    _open: platform::Open,
    local: SocketAddr,
    peer: SocketAddr,
}

impl Held {
    pub(super) fn of(socket: &TcpStream) -> Option<Self> {
        let (local, peer) = (socket.local_addr().ok()?, socket.peer_addr().ok()?);
        Some(Self { _open: platform::open(socket)?, local, peer })
    }

    /// What the kernel knows of the connection; none where it does not say.
    pub(super) async fn by_the_kernel(&self) -> Option<Known> {
        platform::by_the_kernel(self.local, self.peer).await
    }
}
