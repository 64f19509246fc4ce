//! Linux: no core dump, and no other process of this user may read the memory (prctl(2),
//! `PR_SET_DUMPABLE`).

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Forbids core dumps of this process and of the programs that it starts, and reading its memory,
/// its environment and its descriptors from another process of the same user.
///
/// A kernel that refuses is no reason not to run.
pub fn forbid_dumps() {
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::debug!("the kernel still allows reading this process's memory: {error}");
    }
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::debug!("the kernel still allows core dumps: {error}");
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::{dumpable_behavior, getrlimit};

    use super::*;

    #[test]
    fn afterwards_there_is_no_dump() {
        forbid_dumps();
        assert!(matches!(dumpable_behavior(), Ok(DumpableBehavior::NotDumpable)));
        assert_eq!(getrlimit(Resource::Core).current, Some(0));
        // Files of /proc/self stay readable for this process.
        assert!(std::fs::read_to_string("/proc/self/status").unwrap().contains("CapEff"));
        assert!(std::fs::File::open("/proc/self/ns/net").is_ok());
    }
}
