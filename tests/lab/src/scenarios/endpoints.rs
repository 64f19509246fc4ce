//! Private endpoints: where the hub's name leads by way of `privatelink`, or to private space.

use std::net::Ipv4Addr;

use super::{BRIDGE_WORKS, CONTAINER_RESOLVES, HOST_WORKS, SITE_RESOLVER, start_site_resolver};
use crate::claim::{Address, Answer, Claim, Question};
use crate::scenario::{Expected, Scenario};
use crate::topology::Topology;

const PRIVATE: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 4);

/// The name server leads by the private endpoint's name.
const LINKED: &[Claim] = &[Claim::host(
    Question::Script("busybox nslookup $HUB_NAME | grep -q privatelink"),
    Answer::Works,
)];

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "healthy-private-endpoint",
        broken: "Nothing: the hub is reached by its private endpoint",
        topology: Topology { hub: PRIVATE, private_link: true, ..Topology::NORMAL },
        proof: &[HOST_WORKS, BRIDGE_WORKS, LINKED, CONTAINER_RESOLVES],
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "healthy-private-zone",
        broken: "Nothing: the site's own zone names the hub's private address",
        topology: Topology { hub: PRIVATE, ..Topology::NORMAL },
        proof: &[HOST_WORKS, BRIDGE_WORKS, CONTAINER_RESOLVES],
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "private-endpoint-unreachable",
        broken: "The way into the private endpoint's network is missing",
        topology: Topology { hub: PRIVATE, private_link: true, ..Topology::NORMAL },
        fault: |lab| lab.router().sh("iptables -A FORWARD -d 10.9.0.4 -j DROP").map(drop),
        proof: &[
            LINKED,
            &[
                Claim::host(Question::Tcp(Address::Hub, 443), Answer::Silent),
                Claim::host(Question::Tcp(Address::Control, 443), Answer::Works),
            ],
        ],
        expected: Expected::blocked("egress-blocked").never(&["dns-hijack", "host-offline"]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "private-zone-not-linked",
        broken: "The resolver gives a private endpoint's public address, which the site closes",
        topology: Topology { private_link: true, ..Topology::NORMAL },
        fault: |lab| lab.router().sh("iptables -A FORWARD -d 20.49.110.2 -j DROP").map(drop),
        proof: &[
            LINKED,
            &[
                Claim::host(Question::Tcp(Address::Hub, 443), Answer::Silent),
                Claim::host(Question::Tcp(Address::Control, 443), Answer::Works),
            ],
        ],
        expected: Expected::blocked("dns-hijack").never(&["egress-blocked", "host-offline"]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "private-zone-unknown-to-containers",
        broken: "The host's resolver knows the private zone, the containers' does not",
        topology: Topology {
            resolv_conf: SITE_RESOLVER,
            daemon: r#"{"dns": ["9.9.9.9"]}"#,
            ..Topology::NORMAL
        },
        fault: |lab| {
            // The site's private endpoint is the hub by another address; the public one is closed.
            lab.router().sh(
                "iptables -t nat -A PREROUTING -d 10.9.0.4 -j DNAT --to-destination 20.49.110.2
                 iptables -t mangle -A PREROUTING -d 20.49.110.2 -j DROP",
            )?;
            let options = [
                "--server=9.9.9.9",
                "--cname=lab-hub.azure-devices.net,lab-hub.privatelink.azure-devices.net",
                "--host-record=lab-hub.privatelink.azure-devices.net,10.9.0.4",
            ];
            start_site_resolver(lab, &options)
        },
        proof: &[
            LINKED,
            CONTAINER_RESOLVES,
            &[
                Claim::host(Question::Tcp(Address::Of(PRIVATE), 5671), Answer::Works),
                Claim::bridge(Question::Tcp(Address::Of(PRIVATE), 5671), Answer::Works),
                Claim::host(Question::Tcp(Address::Hub, 5671), Answer::Silent),
                Claim::host(
                    Question::Script("docker exec edgeAgent nslookup $HUB_NAME | grep -q $HUB"),
                    Answer::Works,
                ),
            ],
        ],
        expected: Expected::blocked("dns-container-failure").never(&[
            "dns-hijack",
            "egress-blocked",
            "forward-blocked",
            "nat-missing",
        ]),
        ..Scenario::HEALTHY
    },
];
