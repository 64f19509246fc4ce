//! No route leads from the bridge to the hub, and no VPN has a part in it.

use super::{AMQPS, BRIDGE_SILENT, HOST_WORKS};
use crate::claim::{Answer, Claim};
use crate::scenario::{Expected, Scenario};
use crate::vpn::{Carries, SPLIT, Tunnel};

const NO_ROUTE: Expected = Expected::blocked("bridge-no-route").never(&[
    "vpn-override",
    "forward-blocked",
    "nat-missing",
    "ip-forward-disabled",
    "dns-container-failure",
]);

/// Tailscale without an exit node.
const IDLE_TAILSCALE: &str = "ip route add 100.100.100.100/32 dev tailscale0 table 52
    ip rule add pref 5270 lookup 52";

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "bridge-unreachable-table",
        broken: "A policy rule sends the bridge's packets to a table in which nothing is reachable",
        fault: |lab| {
            lab.sh("ip route add unreachable default table 77
                ip rule add pref 100 iif $BRIDGE lookup 77")
        },
        proof: &[HOST_WORKS, &[Claim::bridge(AMQPS, Answer::HostUnreachable)]],
        expected: NO_ROUTE,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "bridge-prohibited-beside-a-vpn",
        broken: "Somebody's policy rule prohibits the bridge's packets, beside a VPN that leaves no mark on it",
        fault: |lab| {
            lab.connect_vpn(Tunnel::OPENVPN, Carries::HostOnly, SPLIT)?;
            lab.sh("ip rule add pref 100 from $SUBNET type prohibit")
        },
        proof: &[HOST_WORKS, &[Claim::bridge(AMQPS, Answer::HostUnreachable)]],
        expected: NO_ROUTE,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "bridge-unreachable-beside-tailscale",
        broken: "A policy rule sends the bridge's packets nowhere, beside a Tailscale that is idle",
        fault: |lab| {
            lab.connect_vpn(Tunnel::TAILSCALE, Carries::HostOnly, IDLE_TAILSCALE)?;
            lab.sh("ip route add unreachable default table 77
                ip rule add pref 100 iif $BRIDGE lookup 77")
        },
        proof: &[HOST_WORKS, &[Claim::bridge(AMQPS, Answer::HostUnreachable)]],
        expected: NO_ROUTE,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "bridge-blackhole-rule",
        broken: "A policy rule swallows whatever comes in from the bridge",
        fault: |lab| lab.sh("ip rule add pref 100 iif $BRIDGE type blackhole"),
        proof: &[HOST_WORKS, BRIDGE_SILENT],
        expected: NO_ROUTE,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "bridge-host-rule-only",
        broken: "Only the host's own address may use the default route, which stands in a table of its own",
        fault: |lab| {
            lab.sh("ip route add default via $GATEWAY dev $UPLINK table 78
                ip rule add pref 32800 iif lo lookup 78
                ip route del default")
        },
        proof: &[HOST_WORKS, &[Claim::bridge(AMQPS, Answer::NetworkUnreachable)]],
        expected: NO_ROUTE,
        ..Scenario::HEALTHY
    },
];
