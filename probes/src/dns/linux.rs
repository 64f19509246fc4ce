//! Where Linux keeps what its resolvers are configured with.

use edgeprobe_facts::dns::resolv_conf::{BEHIND_STUB, RESOLV_CONF};
use rustix::net::{AddressFamily, SocketType, netdevice, socket};

use super::name_servers::ResolverFiles;

/// The file that gives names to addresses before any server is asked.
pub(super) const HOSTS: &str = "/etc/hosts";

/// What the C library reads, and what systemd-resolved writes of the servers that it asks itself.
pub(super) const RESOLVER_FILES: Option<ResolverFiles<'_>> =
    Some(ResolverFiles { resolv_conf: RESOLV_CONF, behind_stub: BEHIND_STUB });

/// The number of the interface that a scope id names (`fe80::1%eth0`), in this network namespace.
pub(super) fn interface_index(name: &str) -> Option<u32> {
    let socket = socket(AddressFamily::UNIX, SocketType::DGRAM, None).ok()?;
    netdevice::name_to_index(socket, name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_have_numbers() {
        assert!(interface_index("lo").is_some());
        assert_eq!(interface_index("no-such-interface-by-far"), None);
    }
}
