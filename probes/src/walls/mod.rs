//! The walls between what may do everything and what reads the bytes of strangers.
//!
//! On Linux privileges belong to a thread, and a thread has those of the one that starts it. So
//! [`raise`] starts one thread that keeps the privileges of this program, and takes them from the
//! calling thread: from then on this thread, and each one that it starts, reads what strangers have
//! written and may do little else. What needs a privilege is asked of the first thread, as a function
//! ([`with_privileges`]) that hands back sockets, files or bytes.
//!
//! A module that asks so stands in the list of tests/architecture.rs. docs/security.md says what the
//! walls stop and what they do not.

#[cfg_attr(target_os = "linux", path = "linux/mod.rs")]
#[cfg_attr(not(target_os = "linux"), path = "elsewhere.rs")]
mod system;
mod worker;

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::OnceLock;

pub use worker::with_privileges;
pub(crate) use worker::{in_worker, run_with_privileges, start_with_privileges};

/// The folders below which a confined thread opens files itself, for reading.
const OPEN_TO_ALL: [&str; 2] = ["/proc", "/sys"];

/// A wall that could not be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wall {
    /// Threads that read what strangers have written keep this program's capabilities.
    Capabilities,
    /// They may gain privileges by starting a program (`no_new_privs`).
    NewPrivileges,
    /// They may open every file that this user may open (Landlock).
    Files,
    /// They may make every system call (seccomp).
    SystemCalls,
}

/// The walls that this process lacks, once that is known.
static MISSING: OnceLock<Vec<Wall>> = OnceLock::new();

/// Starts the privileged thread and confines the calling one, with all threads that it starts later.
///
/// Called once, before there is any other thread. What this system does not have of the walls is
/// [`missing`]. Without a privileged thread none stands, as then nothing could be asked of it.
pub fn raise() {
    crate::privileges::keep();
    let missing = match worker::start() {
        Ok(()) => confine(),
        Err(error) => {
            tracing::debug!("the privileged thread cannot be started: {error}");
            Wall::ALL.to_vec()
        }
    };
    MISSING.get_or_init(|| missing);
}

/// The walls that do not stand: those that this system does not have, or all where none was raised.
pub fn missing() -> &'static [Wall] {
    MISSING.get().map_or(&Wall::ALL, Vec::as_slice)
}

impl Wall {
    const ALL: [Self; 4] =
        [Self::Capabilities, Self::NewPrivileges, Self::Files, Self::SystemCalls];
}

/// Confines the calling thread, where the walls were raised, and returns the walls that it lacks.
pub(crate) fn confine() -> Vec<Wall> {
    if worker::is_there() { system::confine() } else { Vec::new() }
}

/// Takes from the calling thread what a program that it starts does not need.
pub(crate) fn confine_program() {
    if worker::is_there() {
        system::drop_privileges();
    }
}

/// Opens a file for reading, where this user may open it.
pub fn open(path: &Path) -> io::Result<File> {
    opened_with_privileges(path, |path| File::open(path))
}

/// Opens something at a path: on this thread what the kernel tells of itself, as far as this thread may,
/// and with privileges all else that is there.
pub fn opened_with_privileges<T: Send + 'static>(
    path: &Path,
    open: impl Fn(&Path) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    if OPEN_TO_ALL.iter().any(|folder| path.starts_with(folder)) {
        return or_with_privileges(path, open);
    }
    match path.metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(error),
        _ => {
            let path = path.to_owned();
            with_privileges(move || open(&path))
        }
    }
}

/// Does something that needs no privilege most of the time, such as looking whether a file is there: on
/// this thread, and with privileges where it may not.
pub fn or_with_privileges<T: Send + 'static>(
    path: &Path,
    work: impl Fn(&Path) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    match work(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let path = path.to_owned();
            with_privileges(move || work(&path))
        }
        other => other,
    }
}
