//! Replaces addresses by addresses: two replacements have the same common prefix as the originals.
//!
//! Each bit is turned or not by a coin that the bits before it decide (Xu, Fan, Ammar and Moon 2002),
//! so that addresses of one subnet stay in one subnet, a route covers what it covered, and no two
//! addresses become one. What an address is by its place, private or loopback, or by everybody's
//! knowledge, such as 8.8.8.8, it stays.

use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Prefixes whose addresses keep so many bits: those of the registries of special-purpose addresses
/// (RFC 6890), the subnets that engines choose from, and well-known hosts.
const STEADY: &[(&str, u8)] = &[
    ("0.0.0.0/8", 32),
    ("10.0.0.0/8", 8),
    ("100.64.0.0/10", 10),
    // Tailscale's own resolver.
    ("100.100.100.100/32", 32),
    ("127.0.0.0/8", 32),
    ("169.254.0.0/16", 32),
    // Docker's pools: sixteen bits each, and twenty.
    ("172.16.0.0/12", 16),
    ("192.168.0.0/16", 20),
    ("192.0.0.0/24", 32),
    ("192.0.2.0/24", 32),
    ("198.18.0.0/15", 32),
    ("198.51.100.0/24", 32),
    ("203.0.113.0/24", 32),
    ("224.0.0.0/3", 32),
    // Azure's own: resolver and health.
    ("168.63.129.16/32", 32),
    ("1.1.1.1/32", 32),
    ("1.0.0.1/32", 32),
    ("8.8.8.8/32", 32),
    ("8.8.4.4/32", 32),
    ("9.9.9.9/32", 32),
    ("::/16", 128),
    ("64:ff9b::/32", 128),
    ("2000::/3", 3),
    ("2001:db8::/32", 128),
    ("2001:4860:4860::8888/128", 128),
    ("2001:4860:4860::8844/128", 128),
    ("2606:4700:4700::1111/128", 128),
    ("2606:4700:4700::1001/128", 128),
    ("fc00::/7", 8),
    ("fe80::/10", 64),
    ("ff00::/8", 128),
];

/// Subnets have at least so many bits: what is wider is no device's own.
const WIDEST: u8 = 8;

/// The hosts whose address is zero from the subnet to this bit are its first.
const FIRST_HOSTS: u8 = 24;

/// A prefix, by its first bits, and how many bits of its addresses stay.
#[derive(Clone, Copy, Debug)]
struct Steady {
    bits: u128,
    length: u8,
    until: u8,
}

/// The images of addresses. Another value of this type has others.
#[derive(Debug)]
pub(super) struct Addresses {
    coins: RandomState,
    v4: Vec<Steady>,
    v6: Vec<Steady>,
    /// The device's own IPv4 subnets, each with its length.
    subnets: Vec<(u128, u8)>,
}

impl Addresses {
    /// `pools` are the engine's, with the length of what it cuts from each: which subnet comes next
    /// depends on their order. In the device's own `subnets` the first hosts stay the first: a
    /// network's gateway, and the address that stands for it where no container runs.
    pub(super) fn new(
        pools: impl IntoIterator<Item = (IpNet, u8)>,
        subnets: impl IntoIterator<Item = IpNet>,
    ) -> Self {
        let known = STEADY.iter().filter_map(|(net, until)| Some((net.parse().ok()?, *until)));
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for (net, until) in known.chain(pools) {
            match net {
                IpNet::V4(net) => {
                    v4.push(Steady {
                        bits: aligned_v4(net.network()),
                        length: net.prefix_len(),
                        until,
                    });
                }
                IpNet::V6(net) => {
                    v6.push(Steady {
                        bits: net.network().to_bits(),
                        length: net.prefix_len(),
                        until,
                    });
                }
            }
        }
        let subnets = subnets.into_iter().filter_map(|net| match net {
            IpNet::V4(net) if net.prefix_len() >= WIDEST => {
                Some((aligned_v4(net.network()), net.prefix_len()))
            }
            _ => None,
        });
        let subnets = subnets.collect();
        Self { coins: RandomState::new(), v4, v6, subnets }
    }

    /// The image of an address.
    pub(super) fn ip(&self, ip: IpAddr) -> IpAddr {
        match ip {
            IpAddr::V4(v4) => IpAddr::V4(self.v4(v4)),
            IpAddr::V6(v6) => IpAddr::V6(self.v6(v6)),
        }
    }

    /// The image of a prefix: that of all addresses in it. Bits of a host beside it stay a host's.
    pub(super) fn net(&self, net: IpNet) -> IpNet {
        let Ok(image) = IpNet::new(self.ip(net.addr()), net.prefix_len()) else { return net };
        if net.addr() == net.network() { image.trunc() } else { image }
    }

    fn v4(&self, address: Ipv4Addr) -> Ipv4Addr {
        let image = self.image(aligned_v4(address), 32, &self.v4);
        Ipv4Addr::from(u32::try_from(image >> 96).unwrap_or_default())
    }

    fn v6(&self, address: Ipv6Addr) -> Ipv6Addr {
        // An IPv4 address inside, mapped or compatible (RFC 4291) or translated (RFC 6052, RFC 8215),
        // is that address.
        let inner = matches!(
            address.segments(),
            [0, 0, 0, 0, 0, 0 | 0xffff, ..]
                | [0x64, 0xff9b, 0, 0, 0, 0, ..]
                | [0x64, 0xff9b, 1, ..]
        );
        if inner {
            let bits = address.to_bits();
            let [.., a, b, c, d] = address.octets();
            let image = self.v4(Ipv4Addr::new(a, b, c, d));
            return Ipv6Addr::from_bits((bits >> 32 << 32) | u128::from(image.to_bits()));
        }
        Ipv6Addr::from_bits(self.image(address.to_bits(), 128, &self.v6))
    }

    /// Whether the bit after these is the host's in one of the first addresses of a subnet.
    fn is_of_a_first_host(&self, before: u128, depth: u8) -> bool {
        self.subnets.iter().any(|(bits, length)| {
            depth >= *length && first_bits(before, depth.min(FIRST_HOSTS).max(*length)) == *bits
        })
    }

    /// The image of the first `length` bits, which stand at the upper end.
    fn image(&self, address: u128, length: u8, steady: &[Steady]) -> u128 {
        let mut image = 0;
        for depth in 0..length {
            let before = first_bits(address, depth);
            let bit = (address >> (127 - depth)) & 1;
            let stays = steady.iter().any(|steady| steady.holds(before, depth))
                || (length == 32 && self.is_of_a_first_host(before, depth));
            let coin = u128::from(self.coins.hash_one((length, depth, before)) & 1);
            image |= (if stays { bit } else { bit ^ coin }) << (127 - depth);
        }
        image
    }
}

impl Steady {
    /// Whether the bit after these stays: a bit on the way to the prefix, or one of those that its
    /// addresses keep.
    fn holds(&self, before: u128, depth: u8) -> bool {
        if depth < self.length {
            first_bits(self.bits, depth) == before
        } else {
            depth < self.until && first_bits(before, self.length) == self.bits
        }
    }
}

/// The address's bits at the upper end, as those of IPv6.
fn aligned_v4(address: Ipv4Addr) -> u128 {
    u128::from(address.to_bits()) << 96
}

/// The first bits alone, all others zero.
fn first_bits(bits: u128, length: u8) -> u128 {
    if length == 0 { 0 } else { bits >> (128 - length) << (128 - length) }
}

#[cfg(test)]
mod tests {
    use edgeprobe_facts::dns::AddressKind;
    use proptest::prelude::*;

    use super::*;

    fn common(one: u128, other: u128) -> u32 {
        (one ^ other).leading_zeros()
    }

    /// Public, private and special ones, as devices have them.
    fn v4() -> impl Strategy<Value = Ipv4Addr> {
        let near =
            |base: u32, bits: u32| any::<u32>().prop_map(move |any| base | (any >> (32 - bits)));
        prop_oneof![
            any::<u32>(),
            near(0x0a00_0000, 24),
            near(0xac12_0000, 16),
            near(0xc0a8_0000, 16),
            near(0x1431_6e00, 8),
        ]
        .prop_map(Ipv4Addr::from_bits)
    }

    proptest! {
        #[test]
        fn what_two_addresses_have_in_common_they_keep(one in v4(), other in v4()) {
            let addresses = Addresses::new([], []);
            let (a, b) = (addresses.v4(one), addresses.v4(other));
            prop_assert_eq!(
                common(aligned_v4(one), aligned_v4(other)),
                common(aligned_v4(a), aligned_v4(b)),
                "{} {}", a, b
            );
        }

        #[test]
        fn an_address_keeps_its_kind(bits in any::<u128>(), v4 in v4()) {
            let addresses = Addresses::new([], []);
            for ip in [IpAddr::V4(v4), IpAddr::V6(Ipv6Addr::from_bits(bits))] {
                let image = addresses.ip(ip);
                prop_assert_eq!(AddressKind::from_address(ip), AddressKind::from_address(image), "{} {}", ip, image);
                prop_assert_eq!(ip.is_multicast(), image.is_multicast());
                prop_assert_eq!(image, addresses.ip(ip), "always the same");
            }
        }

        #[test]
        fn a_prefix_covers_what_it_covered(one in v4(), other in v4(), length in 0u8..=32) {
            let addresses = Addresses::new([], []);
            let net = IpNet::new(IpAddr::V4(one), length).unwrap().trunc();
            let image = addresses.net(net);
            prop_assert_eq!(image.trunc(), image);
            prop_assert_eq!(
                net.contains(&IpAddr::V4(other)),
                image.contains(&addresses.ip(IpAddr::V4(other)))
            );
        }

        #[test]
        fn v6_keeps_what_it_has_in_common(one in any::<u128>(), flip in 0u32..128) {
            let addresses = Addresses::new([], []);
            let other = one ^ (1 << (127 - flip));
            let [a, b] = [one, other].map(|bits| addresses.v6(Ipv6Addr::from_bits(bits)).to_bits());
            prop_assert_eq!(common(a, b), flip);
        }
    }

    #[test]
    fn what_everybody_knows_stays() {
        let addresses = Addresses::new([], []);
        for known in [
            "127.0.0.53",
            "0.0.0.0",
            "8.8.8.8",
            "168.63.129.16",
            "169.254.169.254",
            "::1",
            "::",
            "255.255.255.0",
            "100.100.100.100",
        ] {
            let ip: IpAddr = known.parse().unwrap();
            assert_eq!(addresses.ip(ip), ip);
        }
        for half in ["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "::/0"] {
            let net: IpNet = half.parse().unwrap();
            assert_eq!(addresses.net(net), net);
        }
    }

    #[test]
    fn public_addresses_and_hosts_are_other_ones() {
        // One of many may be its own image by the fall of the coins.
        let addresses = Addresses::new([], []);
        let own = (0..=255u8)
            .flat_map(|last| [Ipv4Addr::new(20, 49, last, 2), Ipv4Addr::new(10, 1, last, 2)])
            .filter(|address| addresses.v4(*address) == *address);
        assert!(own.count() < 64);
    }

    #[test]
    fn an_address_inside_another_is_that_address() {
        let addresses = Addresses::new([], []);
        let v4: Ipv4Addr = "20.49.110.2".parse().unwrap();
        assert_eq!(addresses.v6(v4.to_ipv6_mapped()), addresses.v4(v4).to_ipv6_mapped());
        let translated = addresses.v6("64:ff9b::1431:6e02".parse().unwrap()).to_bits();
        assert_eq!(translated, 0x0064_ff9b << 96 | u128::from(addresses.v4(v4).to_bits()));
        let own = addresses.v4(v4).to_bits();
        for (text, prefix) in [("64:ff9b:1:aaaa::", 0x0064_ff9b_0001_aaaa << 64), ("::", 0)] {
            let whole = format!("{text}20.49.110.2").parse().unwrap();
            assert_eq!(addresses.v6(whole).to_bits(), prefix | u128::from(own), "{text}");
        }
        for known in ["::", "::1"] {
            assert_eq!(addresses.v6(known.parse().unwrap()), known.parse::<Ipv6Addr>().unwrap());
        }
    }

    #[test]
    fn the_order_of_a_pool_s_subnets_stays() {
        let base: IpNet = "10.200.0.0/16".parse().unwrap();
        let addresses = Addresses::new([(base, 24)], []);
        for third in [0, 1, 7, 255] {
            let net: IpNet = format!("10.200.{third}.0/24").parse().unwrap();
            assert_eq!(addresses.net(net), net);
        }
    }

    #[test]
    fn the_first_hosts_of_a_subnet_stay_the_first() {
        let subnet: IpNet = "10.33.0.0/16".parse().unwrap();
        let addresses = Addresses::new([], [subnet]);
        let image = addresses.net(subnet);
        for host in 1..=255u8 {
            let [a, b, ..] = match image.addr() {
                IpAddr::V4(v4) => v4.octets(),
                IpAddr::V6(v6) => panic!("{v6}"),
            };
            let own = addresses.v4(Ipv4Addr::new(10, 33, 0, host));
            assert_eq!(own, Ipv4Addr::new(a, b, 0, host));
        }
        let inside: IpNet = "10.33.0.0/24".parse().unwrap();
        assert_eq!(addresses.net(inside).addr(), image.addr());
    }
}
