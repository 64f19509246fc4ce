//! Addresses of a subnet that are likely to be free.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::Ipv4Net;

/// How many addresses are tried at most.
const COUNT: usize = 8;

/// The highest addresses of the subnet that are not known to be taken.
///
/// Engines give out addresses from the bottom, so the top is where none is missed. `seed` differs
/// between processes and shifts the order, so that two that borrow at the same time, neither of
/// which answers for its address yet, do not meet.
pub(super) fn candidates(subnet: Ipv4Net, taken: &[IpAddr], seed: u32) -> Vec<Ipv4Addr> {
    // The highest address of all is the broadcast address.
    let highest = u32::from(subnet.broadcast()).saturating_sub(1);
    let lowest = u32::from(subnet.network()).saturating_add(1);
    let free = (lowest..=highest)
        .rev()
        .map(Ipv4Addr::from)
        .filter(|address| !taken.contains(&IpAddr::V4(*address)));
    let mut found: Vec<_> = free.take(COUNT).collect();
    if let Some(shift) = seed.checked_rem(u32::try_from(found.len()).unwrap_or(u32::MAX)) {
        found.rotate_left(usize::try_from(shift).unwrap_or(0));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn the_top_of_the_subnet_comes_first_without_its_broadcast_address() {
        let found = candidates("172.18.0.0/16".parse().unwrap(), &[], 0);
        assert_eq!(found[0], Ipv4Addr::new(172, 18, 255, 254));
        assert_eq!(found.len(), COUNT);
    }

    #[test]
    fn taken_addresses_and_the_gateway_are_never_proposed() {
        let taken = addresses(&["10.0.0.1", "10.0.0.6", "10.0.0.4"]);
        let found = candidates("10.0.0.0/29".parse().unwrap(), &taken, 0);
        assert_eq!(
            found,
            ["10.0.0.5", "10.0.0.3", "10.0.0.2"].map(|text| text.parse::<Ipv4Addr>().unwrap())
        );
    }

    #[test]
    fn a_full_subnet_gives_none() {
        let taken = addresses(&["10.0.0.1", "10.0.0.2"]);
        assert_eq!(candidates("10.0.0.0/30".parse().unwrap(), &taken, 7), Vec::<Ipv4Addr>::new());
        assert_eq!(candidates("10.0.0.1/32".parse().unwrap(), &[], 7), Vec::<Ipv4Addr>::new());
    }

    #[test]
    fn two_processes_begin_at_different_addresses() {
        let subnet = "172.18.0.0/16".parse().unwrap();
        assert_ne!(candidates(subnet, &[], 1)[0], candidates(subnet, &[], 2)[0]);
    }
}
