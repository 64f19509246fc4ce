//! The kernel's settings for forwarding (ip-sysctl), of the calling thread's network namespace.

use std::path::Path;

use edgeprobe_facts::route::tables::ReversePathFilter;

use crate::bounded;

/// `net.ipv4.ip_forward`.
pub(super) fn ip_forward() -> Option<bool> {
    number("ip_forward").map(|value| value != 0)
}

/// Whether IPv4 packets that come in by this interface are forwarded.
pub(super) fn forwarding(interface: &str) -> Option<bool> {
    setting(interface, "forwarding").map(|value| value != 0)
}

/// How source addresses are checked on this interface: the stricter of its own setting and that
/// for all, where the kernel takes the larger number.
pub(super) fn rp_filter(interface: &str) -> Option<ReversePathFilter> {
    match setting(interface, "rp_filter")?.max(setting("all", "rp_filter")?) {
        0 => Some(ReversePathFilter::Off),
        1 => Some(ReversePathFilter::Strict),
        2 => Some(ReversePathFilter::Loose),
        _ => None,
    }
}

fn setting(interface: &str, name: &str) -> Option<u32> {
    // The kernel forbids these in names; a name from elsewhere must not lead out of the folder.
    if interface.contains('/') || interface.starts_with('.') {
        return None;
    }
    number(&format!("conf/{interface}/{name}"))
}

/// One number of a few digits.
fn number(path: &str) -> Option<u32> {
    bounded::text(&Path::new("/proc/sys/net/ipv4").join(path), 64).ok()?.trim().parse().ok()
}
