//! What this process may use, seen to before anything is begun.

use std::hint::black_box;

/// Bytes of memory that must be to be had. A run needs some twenty mebibytes, and what a peer may have
/// it read beside that has limits of its own. More than what the allocator remembers of a size that was
/// given back.
const NEEDED: usize = 33 * 1024 * 1024;

/// Refuses to run in too little memory: what cannot be allocated later ends the process at once, without
/// a word. And takes as many open files as it may have.
///
/// An error is the lines that tell it: to look for secrets in them would take memory.
pub(super) fn prepare() -> Result<(), String> {
    platform::take_open_files();
    platform::have_open_files().map_err(|error| {
        format!(
            "error: cannot open what a run opens: {error}\n\
             hint: allow it more open files, for example by `ulimit -n 1024`"
        )
    })?;
    is_to_be_had(NEEDED).then_some(()).ok_or_else(|| {
        let needed = NEEDED / 1024 / 1024;
        format!(
            "error: too little memory: {needed} MiB more are not available\n\
             hint: allow edgeprobe 64 MiB of address space, for example by `ulimit -v 65536`"
        )
    })
}

/// Whether so many bytes could be allocated. None of them is used.
fn is_to_be_had(bytes: usize) -> bool {
    let mut memory: Vec<u8> = Vec::new();
    black_box(&mut memory).try_reserve_exact(bytes).is_ok()
}

#[cfg(unix)]
mod platform {
    use std::io;
    use std::os::unix::net::UnixStream;

    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    /// As many as a run opens at once, and more.
    const OPEN_FILES: u64 = 4096;

    /// Whether seven more files can be opened: what waits for all others panics without its own.
    pub(super) fn have_open_files() -> io::Result<()> {
        let pairs = [UnixStream::pair()?, UnixStream::pair()?, UnixStream::pair()?];
        let [(one, _), ..] = &pairs;
        one.try_clone().map(drop)
    }

    /// Raises this process's own limit of open files, which is often lower than the one that it may set.
    pub(super) fn take_open_files() {
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let wanted = maximum.map_or(OPEN_FILES, |maximum| maximum.min(OPEN_FILES));
        if current.is_some_and(|current| current < wanted) {
            // Without more, what cannot be opened is not tested.
            let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
        }
    }
}

#[cfg(not(unix))]
mod platform {
    pub(super) fn take_open_files() {}

    #[expect(clippy::unnecessary_wraps, reason = "the seam's other side may fail")]
    pub(super) fn have_open_files() -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_no_machine_has_is_not_to_be_had() {
        assert!(is_to_be_had(1024));
        assert!(!is_to_be_had(usize::MAX / 2));
    }
}
