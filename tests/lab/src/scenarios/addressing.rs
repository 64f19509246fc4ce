//! The bridge's subnet covers an address that the device needs, or no subnet is left.

use std::net::Ipv4Addr;

use super::{HOST_WORKS, HTTPS};
use crate::claim::{Address, Answer, Claim, Question};
use crate::scenario::{Device, Expected, Scenario};
use crate::topology::Topology;
use crate::vpn::{Carries, DEF1, Tunnel};

const PRIVATE_ENDPOINT: Ipv4Addr = Ipv4Addr::new(172, 18, 5, 4);
const PROXY: Ipv4Addr = Ipv4Addr::new(172, 18, 3, 128);

const OVERLAP: Expected = Expected::blocked("subnet-overlap").never(&[
    "vpn-override",
    "forward-blocked",
    "nat-missing",
    "bridge-no-route",
    "dns-container-failure",
    "dns-hijack",
    "proxy-rejects",
    "egress-blocked",
]);

/// Creating the edge network fails, in the engine's own words.
const NO_POOL: &[Claim] = &[Claim::host(
    Question::Script("docker network create azure-iot-edge"),
    Answer::FailsWith("could not find an available, non-overlapping IPv4 address pool"),
)];

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "overlap-private-endpoint",
        broken: "The hub's private endpoint has an address inside the bridge's subnet",
        topology: Topology { hub: PRIVATE_ENDPOINT, ..Topology::NORMAL },
        fault: |lab| {
            lab.router().sh("ip route add 172.18.5.0/24 via 62.4.16.1")?;
            lab.sh("ip route add 172.18.5.0/24 via $GATEWAY")
        },
        // The container looks for its neighbour, and there is none.
        proof: &[HOST_WORKS, &[Claim::bridge(HTTPS, Answer::HostUnreachable)]],
        expected: OVERLAP,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "overlap-resolver",
        broken: "The company's name server has an address inside the bridge's subnet",
        fault: |lab| {
            // The company's network is behind the router, and its name server asks the internet's.
            lab.router().sh("ip addr add 172.18.7.53/32 dev lo
                iptables -t nat -A PREROUTING -d 172.18.7.53 -p udp -j DNAT --to 9.9.9.9
                iptables -t nat -A PREROUTING -d 172.18.7.53 -p tcp -j DNAT --to 9.9.9.9")?;
            // The engine avoids the subnets of the name servers that it knows: this one came later.
            lab.device().write("/etc/resolv.conf", "nameserver 172.18.7.53\n")?;
            lab.sh("ip route add 172.18.7.0/24 via $GATEWAY
                docker restart --time 0 edgeAgent")
        },
        proof: &[
            HOST_WORKS,
            &[Claim::container(Question::Dns, Answer::Fails), Claim::bridge(HTTPS, Answer::Works)],
        ],
        expected: OVERLAP,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "overlap-proxy",
        broken: "The proxy, the only way out, has an address inside the bridge's subnet",
        fault: |lab| {
            lab.router().sh("iptables -A FORWARD -i lan0 -p tcp -j DROP
                echo nameserver 9.9.9.9 >/etc/resolv.conf
                ip addr add 172.18.3.128/32 dev lo")?;
            lab.sh("ip route add 172.18.3.0/24 via $GATEWAY")?;
            let proxy =
                ["ncat", "--verbose", "--listen", "--proxy-type", "http", "172.18.3.128", "3128"];
            lab.serve_on_router(&proxy, "Listening")
        },
        arguments: &["--proxy", "http://172.18.3.128:3128"],
        proof: &[&[
            Claim::host(HTTPS, Answer::Silent),
            Claim::host(
                Question::Script(
                    "curl -sk --max-time 4 -x http://172.18.3.128:3128 https://$HUB_NAME -o /dev/null",
                ),
                Answer::Works,
            ),
            Claim::bridge(Question::Tcp(Address::Of(PROXY), 3128), Answer::HostUnreachable),
        ]],
        expected: OVERLAP,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "address-pool-covered-by-vpn",
        broken: "OpenVPN's two /1 routes cover all of the engine's address pools: it can create no network",
        topology: Topology { device: Device::Engine, ..Topology::NORMAL },
        fault: |lab| lab.connect_vpn(Tunnel::OPENVPN, Carries::Everything, DEF1),
        proof: &[HOST_WORKS, NO_POOL],
        expected: Expected::blocked("address-pool-exhausted").never(&["subnet-overlap"]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "address-pool-used-up",
        broken: "The engine's only address pool is in use: it can create no network",
        topology: Topology {
            device: Device::Engine,
            daemon: r#"{"default-address-pools": [{"base": "172.17.0.0/16", "size": 16}]}"#,
            ..Topology::NORMAL
        },
        proof: &[HOST_WORKS, NO_POOL],
        expected: Expected::blocked("address-pool-exhausted")
            .never(&["subnet-overlap", "vpn-override"]),
        ..Scenario::HEALTHY
    },
];
