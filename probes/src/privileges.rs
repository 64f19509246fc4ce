//! Which of the privileges that probes can use does this process hold?

use std::sync::OnceLock;

/// The capability to bind the ports below 1024, by its bit in the kernel's sets (capability.h).
const NET_BIND_SERVICE: u32 = 10;

/// The capabilities that matter here, by their bit.
const USEFUL: [(u32, &str); 6] = [
    (2, "dac_read_search"),
    (NET_BIND_SERVICE, "net_bind_service"),
    (12, "net_admin"),
    (13, "net_raw"),
    (19, "sys_ptrace"),
    (21, "sys_admin"),
];

/// The capabilities that this process held before its threads were confined.
static KEPT: OnceLock<u64> = OnceLock::new();

/// Keeps in mind what the calling thread holds, which is then what this process holds.
pub(crate) fn keep() {
    KEPT.get_or_init(platform::effective);
}

fn effective() -> u64 {
    KEPT.get().copied().unwrap_or_else(platform::effective)
}

/// The useful capabilities by name, each with whether this process holds it.
pub fn useful() -> [(&'static str, bool); USEFUL.len()] {
    let set = effective();
    USEFUL.map(|(bit, name)| (name, set & (1 << bit) != 0))
}

/// The useful capabilities that this process holds, by name; none where that cannot be known.
pub fn held() -> Vec<String> {
    let held = useful().into_iter().filter(|(_, is_held)| *is_held);
    held.map(|(name, _)| name.to_owned()).collect()
}

/// Whether this process may bind every port, as far as its own user namespace goes.
#[cfg(target_os = "linux")]
pub(crate) fn may_bind_every_port() -> bool {
    effective() & (1 << NET_BIND_SERVICE) != 0
}

#[cfg(target_os = "linux")]
mod platform {
    /// The effective set of the thread that asks. The kernel is asked, as there may be no /proc.
    pub(super) fn effective() -> u64 {
        rustix::thread::capabilities(None).map_or(0, |sets| sets.effective.bits())
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    pub(super) fn effective() -> u64 {
        0
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_says_what_proc_says() {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("CapEff:")).unwrap();
        let set = u64::from_str_radix(line.trim(), 16).unwrap();
        assert_eq!(platform::effective(), set);
        assert_eq!(may_bind_every_port(), held().contains(&"net_bind_service".to_owned()));
    }
}
