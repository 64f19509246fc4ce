//! What IPv6 has on a device, and nobody asks for.

use edgeprobe_facts::Facts;
use edgeprobe_facts::dns::Resolver;
use edgeprobe_facts::engine::NetworkSubnet;
use edgeprobe_facts::vantage::Means;
use edgeprobe_verdict::Status;

use crate::device::*;

const SUBNET: &str = "fd00:18::/64";

/// The engine gives the runtime's network IPv6, beside IPv4 or in its place.
fn with_ipv6(device: Device, beside: bool) -> Device {
    device.changed(is_engine, |seen| {
        let Facts::Engine(facts) = &mut seen.facts else { unreachable!() };
        let subnets = &mut facts.networks[0].subnets;
        if !beside {
            subnets.clear();
        }
        subnets.push(NetworkSubnet { subnet: SUBNET.parse().unwrap(), gateway: None });
    })
}

#[test]
fn a_network_without_ipv4_is_said_not_to_be_asked_from() {
    let device = Device::networked().without(at_edge);
    let verdict = with_ipv6(device, false).expect(Status::Inconclusive, &[]);
    let missing = verdict.not_tested.iter().find(|it| it.what.contains("azure-iot-edge")).unwrap();
    assert!(missing.why.contains("no IPv4 subnet"), "{missing:#?}");
}

#[test]
fn a_borrowed_address_says_nothing_of_a_network_s_ipv6() {
    let borrowed = || {
        Device::networked().changed(is_vantage, |seen| {
            let Facts::Vantage(facts) = &mut seen.facts else { unreachable!() };
            let address = "172.18.0.99".parse().unwrap();
            facts.means = Some(Means::BorrowedAddress { address, gateway_answers: true });
        })
    };
    let by_ipv6 = |device: Device| {
        let verdict = device.verdict();
        verdict.not_tested.iter().any(|missing| missing.what.contains("by IPv6"))
    };
    let offered = |device: Device| {
        let named = name(HUB, edgeprobe_facts::Role::Hub, Resolver::System, &["2603:1030::2"]);
        device.with(named)
    };
    assert!(by_ipv6(offered(with_ipv6(borrowed(), true))));
    assert!(!by_ipv6(with_ipv6(borrowed(), true)));
    assert!(!by_ipv6(offered(borrowed())));
    assert!(!by_ipv6(offered(with_ipv6(Device::networked(), true))));
}
