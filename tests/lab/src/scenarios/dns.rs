//! Names do not resolve: nowhere, or only in containers.

use super::{
    AMQPS, BRIDGE_WORKS, CONTAINER_RESOLVES, HOST_WORKS, SITE_RESOLVER, start_site_resolver,
};
use crate::claim::{Answer, Claim, Question};
use crate::scenario::{Expected, Scenario};
use crate::topology::Topology;

const HOST_DNS: Expected = Expected::blocked("dns-host-failure").never(&[
    "dns-container-failure",
    "hub-name-unknown",
    "egress-blocked",
    "host-offline",
]);

/// Addresses can be reached, names not resolved.
const NO_NAMES: &[Claim] = &[
    Claim::host(Question::Dns, Answer::Fails),
    Claim::container(Question::Dns, Answer::Fails),
    Claim::host(AMQPS, Answer::Works),
    Claim::bridge(AMQPS, Answer::Works),
];

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "dns-container-dead-server",
        broken: "The engine is set to a name server that does not exist",
        topology: Topology { daemon: r#"{"dns": ["192.168.1.253"]}"#, ..Topology::NORMAL },
        proof: &[
            HOST_WORKS,
            &[Claim::container(Question::Dns, Answer::Fails), Claim::bridge(AMQPS, Answer::Works)],
        ],
        expected: Expected::blocked("dns-container-failure").never(&[
            "dns-host-failure",
            "forward-blocked",
            "bridge-no-route",
        ]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "dns-container-public-server",
        broken: "The engine is set to a public name server, which the site's firewall does not let through",
        topology: Topology { daemon: r#"{"dns": ["8.8.8.8", "8.8.4.4"]}"#, ..Topology::NORMAL },
        fault: |lab| {
            lab.router()
                .sh("for server in 8.8.8.8 8.8.4.4; do
                iptables -A FORWARD -d $server -j DROP; done")
                .map(drop)
        },
        proof: &[
            HOST_WORKS,
            &[Claim::container(Question::Dns, Answer::Fails), Claim::bridge(AMQPS, Answer::Works)],
        ],
        expected: Expected::blocked("dns-container-failure").never(&[
            "dns-host-failure",
            "forward-blocked",
            "bridge-no-route",
        ]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "dns-host-port-dropped",
        broken: "The site's firewall drops name service",
        fault: |lab| {
            lab.router()
                .sh("iptables -A FORWARD -p udp --dport 53 -j DROP
                iptables -A FORWARD -p tcp --dport 53 -j DROP")
                .map(drop)
        },
        proof: &[NO_NAMES],
        expected: HOST_DNS,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "dns-host-dead-server",
        broken: "The device is set to a name server that does not exist",
        topology: Topology { resolv_conf: "nameserver 192.168.1.253\n", ..Topology::NORMAL },
        proof: &[NO_NAMES],
        expected: HOST_DNS,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "dns-host-denies-the-hub",
        broken: "The site's name server denies the hub's name, which the containers' own knows",
        topology: Topology {
            resolv_conf: SITE_RESOLVER,
            daemon: r#"{"dns": ["9.9.9.9"]}"#,
            ..Topology::NORMAL
        },
        fault: |lab| {
            let options = ["--server=9.9.9.9", "--address=/lab-hub.azure-devices.net/"];
            start_site_resolver(lab, &options)
        },
        proof: &[
            BRIDGE_WORKS,
            CONTAINER_RESOLVES,
            &[
                Claim::host(Question::Dns, Answer::Fails),
                Claim::host(
                    Question::Script(
                        "busybox nslookup $HUB_NAME | grep -q NXDOMAIN
                         busybox nslookup mcr.microsoft.com",
                    ),
                    Answer::Works,
                ),
            ],
        ],
        expected: HOST_DNS,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "dns-host-site-names-only",
        broken: "The site's name server knows the site's own names and denies all others",
        topology: Topology { resolv_conf: SITE_RESOLVER, ..Topology::NORMAL },
        fault: |lab| {
            let options = ["--local=/#/", "--host-record=printer.site,192.168.1.7"];
            start_site_resolver(lab, &options)
        },
        proof: &[
            NO_NAMES,
            &[Claim::host(
                Question::Script(
                    "busybox nslookup printer.site | grep -q 192.168.1.7
                     busybox nslookup mcr.microsoft.com | grep -q NXDOMAIN",
                ),
                Answer::Works,
            )],
        ],
        expected: HOST_DNS,
        ..Scenario::HEALTHY
    },
];
