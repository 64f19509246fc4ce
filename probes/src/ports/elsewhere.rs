//! What is not known on this system: socket tables, processes and users.

use std::io;
use std::time::Instant;

use super::{Socket, SocketProcess};

/// `SO_REUSEADDR` may take a port from a listener here, so it is never set.
pub(super) const REUSE_TELLS_LISTENERS_APART: bool = false;

pub(super) fn lacks_address_family(_error: &io::Error) -> bool {
    false
}

/// Ports need no privilege here.
pub(super) fn may_bind(_port: u16) -> bool {
    true
}

pub(super) fn sees_every_process() -> bool {
    false
}

pub(super) fn sockets(_port: u16) -> Option<Vec<Socket>> {
    None
}

pub(super) fn holders(_inodes: &[u64], _until: Instant) -> Vec<()> {
    Vec::new()
}

pub(super) fn describe((): &()) -> Option<SocketProcess> {
    None
}

pub(super) fn passwd() -> String {
    String::new()
}
