//! A VPN on the host overrides the edge network, in each way that the usual clients have.

use super::{AMQPS, BRIDGE_SILENT, HOST_WORKS};
use crate::claim::{Answer, Claim, Question};
use crate::scenario::{Expected, Scenario};
use crate::vpn::{Carries, DEF1, EXIT_NODE, SPLIT, Tunnel, WG_QUICK};

/// What a careless reading of a tunnel's symptoms says.
const NOT: &[&str] =
    &["nat-missing", "forward-blocked", "bridge-no-route", "egress-blocked", "host-offline"];

const OVERRIDDEN: Expected = Expected::blocked("vpn-override").never(NOT);

/// The kernel would send what comes from the bridge into tun0.
const LEAVES_BY_TUN0: &[Claim] = &[Claim::host(
    Question::Script(
        "ip route get $HUB from ${SUBNET%.0.0/16}.77.7 iif $BRIDGE | grep -q 'dev tun0'",
    ),
    Answer::Works,
)];

/// The kernel would send what is meant for a container into the tunnel.
const CONTAINER_IS_SHADOWED: &[Claim] = &[Claim::host(
    Question::Script("! ip route get ${SUBNET%.0.0/16}.0.2 | grep -q \"dev $BRIDGE\""),
    Answer::Works,
)];

/// The client lets the bridge's addresses into its tunnel for the site alone, by a table and a rule
/// of its own. That mark is what tells its rejecting rule from anybody's.
const SITE_FOR_MODULES: &str = "ip route add 10.20.0.0/16 dev tun0
    ip route add 10.20.0.0/16 dev tun0 table 99
    ip rule add pref 99 from $SUBNET lookup 99";

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "vpn-openvpn-def1",
        broken: "OpenVPN's two /1 routes send the bridge's packets into a tunnel that drops them",
        fault: |lab| lab.connect_vpn(Tunnel::OPENVPN, Carries::HostOnly, DEF1),
        proof: &[HOST_WORKS, BRIDGE_SILENT, LEAVES_BY_TUN0],
        expected: OVERRIDDEN,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "vpn-openvpn-def1-dead",
        broken: "OpenVPN's two /1 routes send everything into a tunnel whose far side has died",
        fault: |lab| lab.connect_vpn(Tunnel::OPENVPN, Carries::Nothing, DEF1),
        proof: &[
            BRIDGE_SILENT,
            LEAVES_BY_TUN0,
            &[
                Claim::host(AMQPS, Answer::Silent),
                Claim::host(
                    Question::Script(
                        "curl -sk --max-time 4 --interface $UPLINK https://$HUB -o /dev/null",
                    ),
                    Answer::Works,
                ),
            ],
        ],
        expected: OVERRIDDEN,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "vpn-wg-quick",
        broken: "wg-quick's table 51820 sends the bridge's packets into a tunnel that drops them",
        fault: |lab| lab.connect_vpn(Tunnel::WIREGUARD, Carries::HostOnly, WG_QUICK),
        proof: &[
            HOST_WORKS,
            BRIDGE_SILENT,
            &[Claim::host(
                Question::Script(
                    "ip route get $HUB from ${SUBNET%.0.0/16}.77.7 iif $BRIDGE | grep -q 'dev wg0 table 51820'",
                ),
                Answer::Works,
            )],
        ],
        expected: OVERRIDDEN,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "vpn-tailscale-exit-node",
        broken: "Tailscale's table 52 has no throw route for the bridge: replies go into the tunnel",
        fault: |lab| lab.connect_vpn(Tunnel::TAILSCALE, Carries::Everything, EXIT_NODE),
        proof: &[HOST_WORKS, BRIDGE_SILENT, CONTAINER_IS_SHADOWED],
        expected: OVERRIDDEN,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "vpn-route-inside-subnet",
        broken: "The VPN pushed a route inside the bridge's subnet, so replies to it go into the tunnel",
        fault: |lab| {
            lab.connect_vpn(Tunnel::OPENVPN, Carries::HostOnly, SPLIT)?;
            // Both halves: the address in use, low or high, is in one of them.
            lab.sh("ip route add ${SUBNET%/16}/17 dev tun0
                ip route add ${SUBNET%.0.0/16}.128.0/17 dev tun0")
        },
        proof: &[HOST_WORKS, BRIDGE_SILENT, CONTAINER_IS_SHADOWED],
        expected: OVERRIDDEN,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "vpn-route-same-prefix",
        broken: "The VPN's route for the bridge's very prefix stands before the bridge's own",
        fault: |lab| {
            lab.connect_vpn(Tunnel::OPENVPN, Carries::HostOnly, SPLIT)?;
            lab.sh("ip route prepend $SUBNET dev tun0")
        },
        proof: &[HOST_WORKS, BRIDGE_SILENT, CONTAINER_IS_SHADOWED],
        expected: OVERRIDDEN,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "vpn-route-lower-metric",
        broken: "The bridge's own route has a metric, and the VPN's for the same prefix a lower one",
        fault: |lab| {
            lab.connect_vpn(Tunnel::OPENVPN, Carries::HostOnly, SPLIT)?;
            lab.sh("ip route del $SUBNET dev $BRIDGE
                ip route add $SUBNET dev $BRIDGE src $BRIDGE_ADDRESS metric 425
                ip route add $SUBNET dev tun0 metric 50")
        },
        proof: &[HOST_WORKS, BRIDGE_SILENT, CONTAINER_IS_SHADOWED],
        expected: OVERRIDDEN,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "vpn-kill-switch-unreachable",
        broken: "The tunnel is down and the VPN's kill switch made everything unreachable",
        fault: |lab| {
            lab.connect_vpn(Tunnel::WIREGUARD, Carries::HostOnly, WG_QUICK)?;
            lab.sh("ip route add unreachable default table 51820 metric 4278198272
                ip link set wg0 down")
        },
        proof: &[&[
            Claim::host(AMQPS, Answer::HostUnreachable),
            Claim::bridge(AMQPS, Answer::HostUnreachable),
        ]],
        expected: OVERRIDDEN,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "vpn-kill-switch-forward",
        broken: "The VPN's kill switch lets only the host's own packets into the tunnel",
        fault: |lab| {
            lab.connect_vpn(Tunnel::OPENVPN, Carries::Everything, DEF1)?;
            lab.sh("nft add table inet vpn_killswitch
                nft add chain inet vpn_killswitch output '{ type filter hook output priority 0; policy drop; }'
                nft add rule inet vpn_killswitch output oifname '{ lo, tun0 }' accept
                nft add rule inet vpn_killswitch output ip daddr '{ 62.4.17.2, 192.168.1.0/24, 172.16.0.0/12 }' accept
                nft add chain inet vpn_killswitch forward '{ type filter hook forward priority 0; policy drop; }'")
        },
        proof: &[HOST_WORKS, BRIDGE_SILENT, LEAVES_BY_TUN0],
        expected: Expected::blocked("vpn-override").never(&[
            "nat-missing",
            "bridge-no-route",
            "egress-blocked",
            "host-offline",
        ]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "vpn-source-rule-unreachable",
        broken: "The VPN's policy rule makes everything unreachable for the bridge's addresses",
        fault: |lab| {
            lab.connect_vpn(Tunnel::OPENVPN, Carries::HostOnly, SITE_FOR_MODULES)?;
            lab.sh("ip rule add pref 100 from $SUBNET type unreachable")
        },
        proof: &[HOST_WORKS, &[Claim::bridge(AMQPS, Answer::NetworkUnreachable)]],
        expected: OVERRIDDEN,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "vpn-source-rule-blackhole",
        broken: "The VPN's policy rule swallows whatever comes from the bridge's addresses",
        fault: |lab| {
            lab.connect_vpn(Tunnel::OPENVPN, Carries::HostOnly, SITE_FOR_MODULES)?;
            lab.sh("ip rule add pref 100 from $SUBNET type blackhole")
        },
        proof: &[HOST_WORKS, BRIDGE_SILENT],
        expected: OVERRIDDEN,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "vpn-source-rule-prohibit",
        broken: "The VPN's policy rule prohibits whatever comes from the bridge's addresses",
        fault: |lab| {
            lab.connect_vpn(Tunnel::OPENVPN, Carries::HostOnly, SITE_FOR_MODULES)?;
            lab.sh("ip rule add pref 100 from $SUBNET type prohibit")
        },
        proof: &[HOST_WORKS, &[Claim::bridge(AMQPS, Answer::HostUnreachable)]],
        expected: OVERRIDDEN,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "vpn-source-rule-dead-tunnel",
        broken: "A policy rule sends the bridge's addresses, and only these, into a dead tunnel",
        fault: |lab| {
            lab.connect_vpn(
                Tunnel::OPENVPN,
                Carries::Nothing,
                "ip route add default dev tun0 table 100",
            )?;
            lab.sh("ip rule add pref 100 from $SUBNET lookup 100")
        },
        proof: &[HOST_WORKS, BRIDGE_SILENT, LEAVES_BY_TUN0],
        expected: OVERRIDDEN,
        ..Scenario::HEALTHY
    },
];
