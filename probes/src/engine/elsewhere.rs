//! Local engines are not known on this system; one that `DOCKER_HOST` names by TCP is.

use std::io;
use std::path::Path;

use super::client::Carried;

pub(super) const SOCKETS: [&str; 0] = [];
pub(super) const PROGRAMS: [&str; 0] = [];
pub(super) const PROGRAM_DIRECTORIES: [&str; 0] = [];

/// On Windows: the runtime's own engine, by its installers of then and before, and Docker's.
pub(super) const SETTINGS: [&str; 3] = [
    r"C:\ProgramData\iotedge-moby\config\daemon.json",
    r"C:\ProgramData\iotedge-moby-data\config\daemon.json",
    r"C:\ProgramData\docker\config\daemon.json",
];

pub(super) const PID_FILES: [&str; 0] = [];

pub(super) fn is_present(_path: &Path) -> bool {
    false
}

#[expect(clippy::unused_async, reason = "the seam's other side waits")]
pub(super) async fn connect(_path: &Path) -> io::Result<Box<dyn Carried>> {
    Err(io::ErrorKind::Unsupported.into())
}
