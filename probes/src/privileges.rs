//! Which of the privileges that probes can use does this process hold?

/// The capabilities that matter here, by their bit in the kernel's sets (capability.h).
const USEFUL: [(u32, &str); 5] = [
    (10, "net_bind_service"),
    (12, "net_admin"),
    (13, "net_raw"),
    (19, "sys_ptrace"),
    (21, "sys_admin"),
];

/// The useful capabilities that this process holds, by name; none where that cannot be known.
pub fn held() -> Vec<String> {
    // Linux alone has this file; elsewhere nothing is claimed.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let set = effective(&status).unwrap_or(0);
    USEFUL
        .iter()
        .filter(|(bit, _)| set & (1 << bit) != 0)
        .map(|(_, name)| (*name).to_owned())
        .collect()
}

/// The effective set in the text of `/proc/self/status`.
fn effective(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_effective_set_is_read() {
        assert_eq!(effective("Name:\tx\nCapEff:\t0000000000001000\n"), Some(1 << 12));
        assert_eq!(effective("Name:\tx\n"), None);
    }
}
