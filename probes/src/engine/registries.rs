//! The registries that the engine does not verify, as its settings name them.

use edgeprobe_facts::registry::Reference;
use ipnet::IpNet;

use crate::mask::MASK;

/// An entry of `insecure-registries` as it may be kept: a host with its port, or a network. In place
/// of anything else, which may hold a password, stands `…`.
pub(super) fn insecure(entry: &str) -> String {
    let entry = entry.trim().trim_end_matches('/');
    // The engine takes a scheme away and warns of it.
    let scheme = entry.find("://").filter(|end| *end <= "https".len());
    let bare = scheme.and_then(|end| entry.get(end + 3..)).unwrap_or(entry);
    let is_host = Reference::parse_registry(bare).is_ok_and(|registry| registry.image().is_none());
    if is_host || bare.parse::<IpNet>().is_ok() { bare.to_owned() } else { MASK.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_networks_are_kept_and_no_password() {
        for (entry, kept) in [
            ("registry.plant:5000", "registry.plant:5000"),
            ("http://registry.plant:5000/", "registry.plant:5000"),
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("[fd00::5]:5000", "[fd00::5]:5000"),
            ("user:PLANTED@registry.plant", "…"),
            ("https://user:PLANTED@registry.plant:5000", "…"),
            ("user:PLAN/TED@registry.plant", "…"),
            ("PLANTED@registry.plant", "…"),
            ("", "…"),
        ] {
            assert_eq!(insecure(entry), kept, "{entry}");
        }
    }
}
