//! Nothing is wrong here: whoever names a cause is mistaken.

use super::{BRIDGE_WORKS, CONTAINER_RESOLVES, HOST_WORKS};
use crate::claim::{Address, Answer, Claim, Question};
use crate::scenario::{Device, Scenario};
use crate::topology::Topology;
use crate::vpn::{Carries, DEF1, SPLIT, Tunnel, WG_QUICK};
use crate::world::COMPANY_SERVER;

/// The company's server answers through the tunnel.
const COMPANY_ANSWERS: &[Claim] =
    &[Claim::host(Question::Ping(Address::Of(COMPANY_SERVER)), Answer::Works)];

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "healthy-runtime",
        broken: "Nothing: the whole runtime is up and Edge Hub holds its ports",
        proof: &[HOST_WORKS, BRIDGE_WORKS, CONTAINER_RESOLVES],
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "healthy-engine-only",
        broken: "Nothing: an engine and no runtime yet",
        topology: Topology { device: Device::Engine, ..Topology::NORMAL },
        proof: &[HOST_WORKS, BRIDGE_WORKS],
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "healthy-no-engine",
        broken: "Nothing: a bare device on which nothing is installed",
        topology: Topology { device: Device::Bare, ..Topology::NORMAL },
        proof: &[
            HOST_WORKS,
            &[Claim::host(Question::Script("! command -v dockerd"), Answer::Works)],
        ],
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "healthy-split-tunnel",
        broken: "Nothing: a VPN carries the company's network and nothing else",
        fault: |lab| lab.connect_vpn(Tunnel::OPENVPN, Carries::HostOnly, SPLIT),
        proof: &[HOST_WORKS, BRIDGE_WORKS, CONTAINER_RESOLVES, COMPANY_ANSWERS],
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "healthy-full-tunnel",
        broken: "Nothing: an OpenVPN tunnel carries everything, the bridge's packets too",
        fault: |lab| lab.connect_vpn(Tunnel::OPENVPN, Carries::Everything, DEF1),
        proof: &[HOST_WORKS, BRIDGE_WORKS, CONTAINER_RESOLVES, COMPANY_ANSWERS],
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "healthy-full-tunnel-wireguard",
        broken: "Nothing: a WireGuard tunnel carries everything, the bridge's packets too",
        fault: |lab| lab.connect_vpn(Tunnel::WIREGUARD, Carries::Everything, WG_QUICK),
        proof: &[HOST_WORKS, BRIDGE_WORKS, CONTAINER_RESOLVES, COMPANY_ANSWERS],
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "healthy-ipv6-address-without-route",
        broken: "Nothing: the hub's name has an IPv6 address, and the device no IPv6 route",
        topology: Topology { hub_has_ipv6: true, ..Topology::NORMAL },
        proof: &[
            HOST_WORKS,
            BRIDGE_WORKS,
            &[Claim::host(
                Question::Script(
                    "busybox nslookup $HUB_NAME | grep -q $HUB_IPV6 && ! ip -6 route get $HUB_IPV6",
                ),
                Answer::Works,
            )],
        ],
        ..Scenario::HEALTHY
    },
];
