//! Which listeners stand in each other's way on one port.

use std::net::IpAddr;

use super::{Bind, BindResult};

/// Whether a listener on one of these addresses may keep another from being bound: they are the
/// same, or one of them is every address.
///
/// A listener on `::` may take IPv4 along or not, which the kernel's tables do not say.
pub(super) fn overlap(one: IpAddr, other: IpAddr) -> bool {
    let covers = |all: IpAddr, own: IpAddr| {
        all.is_unspecified() && (all.is_ipv6() || all.is_ipv4() == own.is_ipv4())
    };
    one == other || covers(one, other) || covers(other, one)
}

/// Whether a listener is what a bind had to contend with.
pub(super) fn contends(listener: IpAddr, bind: &Bind) -> bool {
    // What was bound for IPv4 all the same shows that this one is for IPv6 alone.
    let ipv6_alone =
        listener.is_ipv6() && bind.address.is_ipv4() && bind.result == BindResult::Free;
    overlap(listener, bind.address) && !ipv6_alone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_in_its_own_way_and_in_that_of_all_addresses() {
        for (one, other, expected) in [
            ("192.168.1.50", "192.168.1.50", true),
            ("192.168.1.50", "127.0.0.1", false),
            ("0.0.0.0", "192.168.1.50", true),
            ("::", "192.168.1.50", true),
            ("::", "fd00::1", true),
            ("0.0.0.0", "fd00::1", false),
        ] {
            let [one, other] = [one, other].map(|text| text.parse().unwrap());
            assert_eq!(overlap(one, other), expected, "{one} {other}");
            assert_eq!(overlap(other, one), expected, "{other} {one}");
        }
    }

    #[test]
    fn a_listener_for_ipv6_alone_is_in_no_way_of_ipv4() {
        let bind = |result| Bind { address: "192.168.1.50".parse().unwrap(), result };
        let all = "::".parse().unwrap();
        assert!(contends(all, &bind(BindResult::InUse)));
        assert!(contends(all, &bind(BindResult::NotPermitted)));
        assert!(!contends(all, &bind(BindResult::Free)));
    }
}
