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
use tokio::net::TcpStream;

/// Milliseconds of the shortest round trip that the kernel has seen on the connection; none where it
/// does not say.
pub(super) async fn by_the_kernel(socket: &TcpStream) -> Option<f64> {
    platform::by_the_kernel(socket.local_addr().ok()?, socket.peer_addr().ok()?).await
}
