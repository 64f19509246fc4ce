//! What kind of address a name resolves to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The part of the address space that an address belongs to.
///
/// IoT Hub's public addresses are [`Public`](Self::Public). A private one is legitimate only with a
/// private endpoint; the others never are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AddressKind {
    /// Globally routable.
    Public,
    /// RFC 1918, RFC 6598 or RFC 4193 space.
    Private,
    /// This device itself.
    Loopback,
    /// Link-local: never routed.
    LinkLocal,
    /// What filters answer in place of an address: unspecified, documentation, benchmarking,
    /// multicast, broadcast and other reserved space.
    Sinkhole,
}

impl AddressKind {
    pub fn from_address(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => v4_kind(v4),
            IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or_else(|| v6_kind(v6), v4_kind),
        }
    }
}

/// By the IANA registry of special-purpose IPv4 addresses (RFC 6890).
fn v4_kind(v4: Ipv4Addr) -> AddressKind {
    let [a, b, c, _] = v4.octets();
    match (a, b, c) {
        (127, ..) => AddressKind::Loopback,
        (169, 254, _) => AddressKind::LinkLocal,
        (10, ..) | (172, 16..=31, _) | (192, 168, _) | (100, 64..=127, _) => AddressKind::Private,
        (0 | 224..=255, ..) => AddressKind::Sinkhole,
        (192, 0, 0 | 2) | (198, 18..=19, _) | (198, 51, 100) | (203, 0, 113) => {
            AddressKind::Sinkhole
        }
        _ => AddressKind::Public,
    }
}

/// By the IANA registry of special-purpose IPv6 addresses (RFC 6890).
fn v6_kind(v6: Ipv6Addr) -> AddressKind {
    let [first, second, ..] = v6.segments();
    match first {
        _ if v6.is_loopback() => AddressKind::Loopback,
        0xfe80..=0xfebf => AddressKind::LinkLocal,
        0xfc00..=0xfdff => AddressKind::Private,
        // The well-known prefix of NAT64 (RFC 6052) is how an IPv6-only network reaches IoT Hub.
        0x0064 if second == 0xff9b => AddressKind::Public,
        0x2001 if second == 0x0db8 => AddressKind::Sinkhole,
        0x2000..=0x3fff => AddressKind::Public,
        _ => AddressKind::Sinkhole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart() {
        for (address, kind) in [
            ("20.49.110.2", AddressKind::Public),
            ("10.1.2.3", AddressKind::Private),
            ("172.31.255.1", AddressKind::Private),
            ("172.32.0.1", AddressKind::Public),
            ("100.64.0.1", AddressKind::Private),
            ("127.0.0.53", AddressKind::Loopback),
            ("169.254.1.1", AddressKind::LinkLocal),
            ("0.0.0.0", AddressKind::Sinkhole),
            ("198.18.0.1", AddressKind::Sinkhole),
            ("::", AddressKind::Sinkhole),
            ("::1", AddressKind::Loopback),
            ("::ffff:10.0.0.1", AddressKind::Private),
            ("64:ff9b::1431:6e02", AddressKind::Public),
            ("2603:1030::1", AddressKind::Public),
            ("fd00::1", AddressKind::Private),
            ("2001:db8::1", AddressKind::Sinkhole),
        ] {
            assert_eq!(AddressKind::from_address(address.parse().unwrap()), kind, "{address}");
        }
    }
}
