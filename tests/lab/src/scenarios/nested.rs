//! A child in nested edge: its parent is what it needs.

use super::CONTAINER_RESOLVES;
use crate::claim::{Address, Answer, Claim, Question};
use crate::scenario::{Expected, Scenario};
use crate::topology::{Beside, Topology};
use crate::world::{PARENT, PARENT_NAME};

const CHILD: Topology = Topology { beside: Beside::Parent, ..Topology::NORMAL };

const ARGUMENTS: &[&str] = &["--parent", PARENT_NAME];

const WEB: Question = Question::Tcp(Address::Of(PARENT), 443);
const AMQPS: Question = Question::Tcp(Address::Of(PARENT), 5671);
const SECOND: Question = Question::Tcp(Address::Of(PARENT), 6617);

/// What answers at the parent has the parent's name in its certificate.
const NAMED: Question = Question::Script(
    "openssl s_client -connect 10.40.0.2:443 -servername edge-parent.plant.example </dev/null \
     2>/dev/null | openssl x509 -noout -ext subjectAltName | grep -q edge-parent.plant.example",
);

const BLOCKED: Expected = Expected::blocked("parent-unreachable").never(&[
    "egress-blocked",
    "https-port-blocked",
    "amqp-port-blocked",
    "not-iot-hub",
    "tls-intercepted",
    "dns-hijack",
    "host-offline",
]);

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "nested-parent-healthy",
        broken: "Nothing: the parent answers, and the hub is out of a child's reach",
        topology: CHILD,
        fault: |lab| lab.router().sh("iptables -A FORWARD -d 20.49.110.2 -j DROP").map(drop),
        proof: &[&[
            Claim::host(WEB, Answer::Works),
            Claim::bridge(WEB, Answer::Works),
            Claim::bridge(AMQPS, Answer::Works),
            Claim::host(SECOND, Answer::Works),
            Claim::host(NAMED, Answer::Works),
            Claim::host(Question::Tcp(Address::Hub, 443), Answer::Silent),
        ]],
        arguments: ARGUMENTS,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "nested-parent-web-dropped",
        broken: "A firewall between the layers drops 443 of the parent",
        topology: CHILD,
        fault: |lab| {
            let rule = "-d 10.40.0.2 -p tcp --dport 443 -j DROP";
            // The parent's other port is led to this one behind the firewall.
            lab.router().sh(&format!("iptables -A FORWARD {rule}")).map(drop)
        },
        proof: &[
            CONTAINER_RESOLVES,
            &[
                Claim::host(WEB, Answer::Silent),
                Claim::bridge(WEB, Answer::Silent),
                Claim::host(AMQPS, Answer::Works),
                Claim::host(SECOND, Answer::Works),
            ],
        ],
        arguments: ARGUMENTS,
        expected: BLOCKED,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "nested-parent-off",
        broken: "The parent is switched off: its address answers nothing",
        topology: CHILD,
        fault: |lab| lab.router().sh("iptables -A FORWARD -d 10.40.0.2 -j DROP").map(drop),
        proof: &[&[
            Claim::host(WEB, Answer::Silent),
            Claim::host(AMQPS, Answer::Silent),
            Claim::host(SECOND, Answer::Silent),
            Claim::host(Question::Tcp(Address::Hub, 443), Answer::Works),
        ]],
        arguments: ARGUMENTS,
        expected: BLOCKED,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "nested-parent-second-port-refused",
        broken: "The parent does not map 6617, and answers on 443",
        topology: CHILD,
        fault: |lab| {
            let rule = "-d 10.40.0.2 -p tcp --dport 6617 -j REJECT --reject-with tcp-reset";
            lab.router().sh(&format!("iptables -A FORWARD {rule}")).map(drop)
        },
        proof: &[&[
            Claim::host(SECOND, Answer::Refused),
            Claim::host(WEB, Answer::Works),
            Claim::bridge(WEB, Answer::Works),
        ]],
        arguments: ARGUMENTS,
        expected: Expected::warned("parent-unreachable"),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "nested-parent-another-server",
        broken: "Some other server answers on 443 of the parent's address",
        topology: CHILD,
        fault: |lab| {
            let rule = "-d 10.40.0.2 -p tcp --dport 443 -j DNAT --to-destination 13.107.42.16:443";
            lab.router().sh(&format!("iptables -t nat -A PREROUTING {rule}")).map(drop)
        },
        proof: &[&[
            Claim::host(WEB, Answer::Works),
            Claim::host(NAMED, Answer::Fails),
            Claim::host(AMQPS, Answer::Works),
        ]],
        arguments: ARGUMENTS,
        expected: BLOCKED,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "nested-parent-in-hosts-file-alone",
        broken: "The parent's name stands in the host's hosts file, which containers do not inherit",
        topology: Topology { beside: Beside::UnnamedParent, ..Topology::NORMAL },
        fault: |lab| lab.sh("echo 10.40.0.2 edge-parent.plant.example >>/etc/hosts"),
        proof: &[&[
            Claim::host(Question::Script("getent hosts edge-parent.plant.example"), Answer::Works),
            Claim::host(
                Question::Script(
                    "! docker exec edgeAgent nslookup edge-parent.plant.example | grep 10.40.0.2",
                ),
                Answer::Works,
            ),
            Claim::bridge(WEB, Answer::Works),
        ]],
        arguments: ARGUMENTS,
        expected: Expected::blocked("dns-container-failure").never(&[
            "parent-unreachable",
            "hub-name-unknown",
            "forward-blocked",
        ]),
        ..Scenario::HEALTHY
    },
];
