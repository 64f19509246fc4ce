//! The device has no way out, or takes the wrong one.

use super::{AMQPS, BEHIND_THE_FIRST, BRIDGE_WORKS, HOST_WORKS, SECOND_UPLINK_WORKS};
use crate::claim::{Address, Answer, Claim, Question};
use crate::scenario::{Expected, Scenario};
use crate::topology::Topology;
use crate::world::GATEWAY;

const OFFLINE: Expected = Expected::blocked("host-offline").never(&[
    "egress-blocked",
    "dns-host-failure",
    "dns-container-failure",
    "bridge-no-route",
    "vpn-override",
]);

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "host-no-default-route",
        broken: "The device has no default route",
        fault: |lab| lab.sh("ip route del default"),
        proof: &[&[
            Claim::host(Question::Ping(Address::Of(GATEWAY)), Answer::Works),
            Claim::host(AMQPS, Answer::NetworkUnreachable),
            Claim::bridge(AMQPS, Answer::NetworkUnreachable),
        ]],
        expected: OFFLINE,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "host-dead-gateway",
        broken: "The device's default gateway does not exist",
        fault: |lab| lab.sh("ip route replace default via 192.168.1.254 dev $UPLINK"),
        proof: &[&[
            Claim::host(AMQPS, Answer::HostUnreachable),
            Claim::bridge(AMQPS, Answer::HostUnreachable),
        ]],
        expected: OFFLINE,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "wrong-uplink",
        broken: "The default route leaves by an uplink that leads nowhere, while the other works",
        topology: Topology { second_uplink: true, ..Topology::NORMAL },
        fault: |lab| {
            lab.router().sh("iptables -A FORWARD -i lan0 -j DROP")?;
            lab.sh(BEHIND_THE_FIRST)
        },
        proof: &[&[
            Claim::host(Question::Ping(Address::Of(GATEWAY)), Answer::Works),
            Claim::host(AMQPS, Answer::Silent),
            Claim::bridge(AMQPS, Answer::Silent),
            SECOND_UPLINK_WORKS,
        ]],
        expected: Expected::blocked("wrong-uplink").never(&[
            "host-offline",
            "egress-blocked",
            "dns-host-failure",
            "dns-container-failure",
            "vpn-override",
        ]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "wrong-uplink-dead-gateway",
        broken: "The default route leaves to a gateway that is gone, while the other uplink works",
        topology: Topology { second_uplink: true, ..Topology::NORMAL },
        fault: |lab| {
            lab.sh(BEHIND_THE_FIRST)?;
            lab.sh("ip route replace default via 192.168.1.254 dev $UPLINK metric 100")
        },
        proof: &[&[
            Claim::host(AMQPS, Answer::HostUnreachable),
            Claim::bridge(AMQPS, Answer::HostUnreachable),
            SECOND_UPLINK_WORKS,
        ]],
        expected: Expected::blocked("wrong-uplink").never(&[
            "host-offline",
            "dns-host-failure",
            "forward-blocked",
        ]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "ipv6-broken",
        broken: "The hub's name has an IPv6 address and the device an IPv6 route to nowhere",
        topology: Topology { hub_has_ipv6: true, ..Topology::NORMAL },
        fault: |lab| {
            lab.router().sh("ip -6 addr add 2a01:cb00:8a2:1::1/64 dev lan0 nodad
                ip -6 route add blackhole default; sysctl -qw net.ipv6.conf.all.forwarding=1")?;
            lab.sh("ip -6 addr add 2a01:cb00:8a2:1::50/64 dev $UPLINK nodad
                ip -6 route add default via 2a01:cb00:8a2:1::1 dev $UPLINK")
        },
        proof: &[
            HOST_WORKS,
            BRIDGE_WORKS,
            &[
                Claim::host(Question::Script("exec 3<>/dev/tcp/$HUB_IPV6/5671"), Answer::Silent),
                Claim::host(
                    Question::Script("busybox ping -6 -c 1 -W 3 2a01:cb00:8a2:1::1"),
                    Answer::Works,
                ),
            ],
        ],
        expected: Expected::warned("ipv6-broken"),
        ..Scenario::HEALTHY
    },
];
