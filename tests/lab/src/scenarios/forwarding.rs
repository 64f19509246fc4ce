//! The kernel does not forward, or drops what comes back.

use super::{BRIDGE_SILENT, HOST_WORKS};
use crate::claim::{Address, Answer, Claim, Question};
use crate::scenario::{Expected, Scenario};
use crate::topology::Topology;
use crate::world::SECOND_GATEWAY;

const NOT_FORWARDING: Expected = Expected::blocked("ip-forward-disabled").never(&[
    "forward-blocked",
    "nat-missing",
    "bridge-no-route",
    "vpn-override",
    "dns-container-failure",
]);

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "ip-forward-off",
        broken: "The kernel forwards nothing: net.ipv4.ip_forward is 0",
        fault: |lab| lab.sh("sysctl -qw net.ipv4.ip_forward=0"),
        proof: &[HOST_WORKS, BRIDGE_SILENT],
        expected: NOT_FORWARDING,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "ip-forward-off-on-bridge",
        broken: "The kernel forwards nothing from the bridge: its own forwarding is 0",
        fault: |lab| lab.sh("sysctl -qw net.ipv4.conf.$BRIDGE.forwarding=0"),
        proof: &[HOST_WORKS, BRIDGE_SILENT],
        expected: NOT_FORWARDING,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "ip-forward-off-on-uplink",
        broken: "The kernel forwards no answer that comes in by the uplink: its own forwarding is 0",
        fault: |lab| lab.sh("sysctl -qw net.ipv4.conf.$UPLINK.forwarding=0"),
        proof: &[HOST_WORKS, BRIDGE_SILENT],
        expected: NOT_FORWARDING,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "reverse-path-strict",
        broken: "A strict rp_filter drops the replies, for the way back is another uplink",
        topology: Topology { second_uplink: true, ..Topology::NORMAL },
        // The mark is out of sight for the reverse lookup; a rule on the interface would not be.
        fault: |lab| {
            lab.sh("ip route replace default via 192.168.8.1 dev eth1
                ip route add default via $GATEWAY dev $UPLINK table 79
                iptables -t mangle -A PREROUTING -i $BRIDGE -j MARK --set-mark 79
                ip rule add pref 100 fwmark 79 lookup 79
                sysctl -qw net.ipv4.conf.$UPLINK.rp_filter=1")
        },
        proof: &[
            HOST_WORKS,
            BRIDGE_SILENT,
            &[Claim::host(Question::Ping(Address::Of(SECOND_GATEWAY)), Answer::Works)],
        ],
        expected: Expected::blocked("reverse-path-filter").never(&[
            "forward-blocked",
            "nat-missing",
            "vpn-override",
            "wrong-uplink",
            "dns-container-failure",
        ]),
        ..Scenario::HEALTHY
    },
];
