//! What this process may use, seen to before anything is begun.

use std::hint::black_box;

use super::problem::Problem;

/// Bytes of memory that must be to be had. A run needs some twenty mebibytes, and what a peer may have
/// it read beside that has limits of its own. More than what the allocator remembers of a size that was
/// given back.
const NEEDED: usize = 33 * 1024 * 1024;

/// Refuses to run in too little memory: what cannot be allocated later ends the process at once, without
/// a word. And takes as many open files as it may have.
pub(super) fn prepare() -> Result<(), Problem> {
    platform::take_open_files();
    is_to_be_had(NEEDED).then_some(()).ok_or_else(|| {
        let needed = NEEDED / 1024 / 1024;
        Problem::new(format!("too little memory: {needed} MiB more are not available"))
            .hint("allow edgeprobe 64 MiB of address space, for example by `ulimit -v 65536`")
    })
}

/// Whether so many bytes could be allocated. None of them is used.
fn is_to_be_had(bytes: usize) -> bool {
    let mut memory: Vec<u8> = Vec::new();
    black_box(&mut memory).try_reserve_exact(bytes).is_ok()
}

#[cfg(unix)]
mod platform {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    /// As many as a run opens at once, and more.
    const OPEN_FILES: u64 = 4096;

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
