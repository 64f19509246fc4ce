//! Engines behind a socket of the file system.

use std::io;
use std::path::Path;

use tokio::net::UnixStream;

use super::client::Carried;
use crate::walls;

/// Docker's socket, then Podman's compatible one.
pub(super) const SOCKETS: [&str; 2] = ["/var/run/docker.sock", "/run/podman/podman.sock"];

/// The programs of engines that have to run to be of use. Moby's packages have dockerd too.
///
/// Podman is not among them: it needs no daemon and distributions bring it along, so its program
/// without a socket says nothing of the engine that the runtime will have.
pub(super) const PROGRAMS: [&str; 2] = ["dockerd", "moby"];

/// Where packages and their installers put programs.
pub(super) const PROGRAM_DIRECTORIES: [&str; 7] =
    ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/bin", "/sbin", "/snap/bin"];

/// The engine's file of settings: by packages (Moby's too), and in the snap.
pub(super) const SETTINGS: [&str; 2] =
    ["/etc/docker/daemon.json", "/var/snap/docker/current/config/daemon.json"];

/// Where dockerd keeps its process's number: by packages, and in the snap.
pub(super) const PID_FILES: [&str; 2] =
    ["/var/run/docker.pid", "/var/snap/docker/current/run/docker.pid"];

/// Whether something is at the path. What this user may not look at is taken to be there.
pub(super) fn is_present(path: &Path) -> bool {
    walls::or_with_privileges(path, Path::metadata)
        .map_or_else(|error| error.kind() == io::ErrorKind::PermissionDenied, |_| true)
}

/// Connects to the socket.
pub(super) async fn connect(path: &Path) -> io::Result<Box<dyn Carried>> {
    match UnixStream::connect(path).await {
        // Another user's engine, whose folder root alone may enter beside that user.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let path = path.to_owned();
            let connecting = move || std::os::unix::net::UnixStream::connect(path);
            let stream = walls::run_with_privileges(connecting).await??;
            stream.set_nonblocking(true)?;
            Ok(Box::new(UnixStream::from_std(stream)?))
        }
        connected => Ok(Box::new(connected?)),
    }
}
