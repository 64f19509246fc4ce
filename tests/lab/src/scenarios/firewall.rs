//! The host's own firewall drops, rejects or does not translate what the bridge sends.

use super::{AMQPS, BRIDGE_SILENT, BRIDGE_WORKS, HOST_WORKS, HTTPS};
use crate::claim::{Answer, Claim};
use crate::scenario::{Expected, Scenario};

const BLOCKED: Expected = Expected::blocked("forward-blocked").never(&[
    "nat-missing",
    "ip-forward-disabled",
    "bridge-no-route",
    "vpn-override",
    "egress-blocked",
    "dns-container-failure",
]);

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "forward-policy-drop",
        broken: "A firewall's reload flushed the engine's rules and left FORWARD's policy at DROP",
        fault: |lab| lab.sh("iptables -P FORWARD DROP; iptables -F FORWARD"),
        proof: &[HOST_WORKS, BRIDGE_SILENT],
        expected: BLOCKED,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "forward-docker-user-drop",
        broken: "A rule in DOCKER-USER drops what comes from the bridge",
        fault: |lab| lab.sh("iptables -I DOCKER-USER -i $BRIDGE -j DROP"),
        proof: &[HOST_WORKS, BRIDGE_SILENT],
        expected: BLOCKED,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "forward-nft-drop",
        broken: "An nftables firewall of the host's own drops what is forwarded, whatever the engine accepts",
        fault: |lab| {
            lab.sh("nft add table inet firewall
                nft add chain inet firewall forward '{ type filter hook forward priority 10; policy drop; }'")
        },
        proof: &[HOST_WORKS, BRIDGE_SILENT],
        expected: BLOCKED,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "forward-reject-admin",
        broken: "A rule rejects what the bridge forwards as administratively prohibited, as firewalld does",
        fault: |lab| {
            lab.sh("iptables -I FORWARD -i $BRIDGE -j REJECT --reject-with icmp-admin-prohibited")
        },
        proof: &[
            HOST_WORKS,
            &[
                Claim::bridge(AMQPS, Answer::HostUnreachable),
                Claim::bridge(HTTPS, Answer::HostUnreachable),
            ],
        ],
        expected: BLOCKED,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "forward-reject-port",
        broken: "A rule rejects what the bridge forwards as if nobody listened",
        fault: |lab| lab.sh("iptables -I FORWARD -i $BRIDGE -j REJECT"),
        proof: &[
            HOST_WORKS,
            &[Claim::bridge(AMQPS, Answer::Refused), Claim::bridge(HTTPS, Answer::Refused)],
        ],
        expected: BLOCKED,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "nat-flushed",
        broken: "The engine's masquerade rules were flushed: the bridge's addresses leave untranslated",
        fault: |lab| lab.sh("iptables -t nat -F POSTROUTING"),
        proof: &[HOST_WORKS, BRIDGE_SILENT],
        expected: Expected::blocked("nat-missing").never(&[
            "forward-blocked",
            "egress-blocked",
            "bridge-no-route",
            "vpn-override",
            "dns-container-failure",
        ]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "amqp-dropped-on-bridge",
        broken: "A rule drops the AMQP port for the bridge alone",
        fault: |lab| lab.sh("iptables -I DOCKER-USER -i $BRIDGE -p tcp --dport 5671 -j DROP"),
        proof: &[
            HOST_WORKS,
            &[Claim::bridge(AMQPS, Answer::Silent), Claim::bridge(HTTPS, Answer::Works)],
        ],
        expected: Expected::degraded("amqp-port-blocked")
            .never(&["forward-blocked", "nat-missing"]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "host-output-drop",
        broken: "The host's own firewall drops what its programs send to the hub, and no container's",
        fault: |lab| {
            lab.sh("nft add table inet site
                nft add chain inet site output '{ type filter hook output priority 0; }'
                nft add rule inet site output ip daddr 20.49.110.2 drop")
        },
        proof: &[
            BRIDGE_WORKS,
            &[Claim::host(AMQPS, Answer::Silent), Claim::host(HTTPS, Answer::Silent)],
        ],
        expected: Expected::blocked("egress-blocked").never(&[
            "forward-blocked",
            "host-offline",
            "wrong-uplink",
            "vpn-override",
        ]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "host-output-without-amqp",
        broken: "The host's own firewall lets its programs out to 53 and 443 alone",
        fault: |lab| {
            lab.sh("nft add table inet site
                nft add chain inet site output '{ type filter hook output priority 0; }'
                nft add rule inet site output oifname $UPLINK tcp dport 5671 drop")
        },
        proof: &[
            BRIDGE_WORKS,
            &[Claim::host(AMQPS, Answer::Silent), Claim::host(HTTPS, Answer::Works)],
        ],
        // Edge Agent is in a container, and nothing on the host speaks AMQP.
        expected: Expected::warned("amqp-port-blocked"),
        ..Scenario::HEALTHY
    },
];
