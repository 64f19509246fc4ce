//! Where the kernel is not asked.

use std::net::SocketAddr;

#[allow(clippy::unused_async, reason = "as on the system where it is asked")]
pub(super) async fn by_the_kernel(_local: SocketAddr, _peer: SocketAddr) -> Option<f64> {
    None
}
