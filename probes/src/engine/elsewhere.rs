//! Local engines are not known on this system; one that `DOCKER_HOST` names by TCP is.

use std::io;
use std::path::Path;

pub(super) const SOCKETS: [&str; 0] = [];
pub(super) const PROGRAMS: [&str; 0] = [];
pub(super) const PROGRAM_DIRECTORIES: [&str; 0] = [];

pub(super) fn is_present(_path: &Path) -> bool {
    false
}

#[expect(clippy::unused_async, reason = "the seam's other side waits")]
pub(super) async fn reach(_path: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
