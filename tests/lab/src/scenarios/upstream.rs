//! Somebody beyond the device blocks: the firewall of the site or of the provider.

use super::{AMQPS, HTTPS};
use crate::claim::{Address, Answer, Claim, Question};
use crate::scenario::{Expected, Scenario};

const CONTROL: Question = Question::Tcp(Address::Control, 443);

const EGRESS: Expected = Expected::blocked("egress-blocked").never(&[
    "amqp-port-blocked",
    "https-port-blocked",
    "websocket-blocked",
    "forward-blocked",
    "host-offline",
    "dns-host-failure",
]);

const DNS_WORKS: Claim = Claim::host(Question::Dns, Answer::Works);

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "egress-hub-dropped",
        broken: "The site's firewall drops every port of the hub and lets other hosts through",
        fault: |lab| lab.router().sh("iptables -A FORWARD -d 20.49.110.2 -j DROP").map(drop),
        proof: &[&[
            DNS_WORKS,
            Claim::host(AMQPS, Answer::Silent),
            Claim::host(HTTPS, Answer::Silent),
            Claim::bridge(HTTPS, Answer::Silent),
            Claim::host(CONTROL, Answer::Works),
        ]],
        expected: EGRESS,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "egress-tcp-rejected",
        broken: "The site's firewall refuses every connection to the outside and lets names through",
        fault: |lab| {
            let rule = "-i lan0 -p tcp -j REJECT --reject-with tcp-reset";
            lab.router().sh(&format!("iptables -A FORWARD {rule}")).map(drop)
        },
        proof: &[&[
            DNS_WORKS,
            Claim::host(AMQPS, Answer::Refused),
            Claim::host(HTTPS, Answer::Refused),
            Claim::bridge(HTTPS, Answer::Refused),
            Claim::host(CONTROL, Answer::Refused),
        ]],
        expected: EGRESS,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "amqp-port-dropped",
        broken: "The site's firewall drops the AMQP port",
        fault: |lab| lab.router().sh("iptables -A FORWARD -p tcp --dport 5671 -j DROP").map(drop),
        proof: &[&[
            DNS_WORKS,
            Claim::host(AMQPS, Answer::Silent),
            Claim::bridge(AMQPS, Answer::Silent),
            Claim::host(HTTPS, Answer::Works),
            Claim::bridge(HTTPS, Answer::Works),
        ]],
        expected: Expected::degraded("amqp-port-blocked").never(&["egress-blocked"]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "amqp-port-rejected",
        broken: "The site's firewall refuses the AMQP port",
        fault: |lab| {
            let rule = "-p tcp --dport 5671 -j REJECT --reject-with tcp-reset";
            lab.router().sh(&format!("iptables -A FORWARD {rule}")).map(drop)
        },
        proof: &[&[
            DNS_WORKS,
            Claim::host(AMQPS, Answer::Refused),
            Claim::bridge(AMQPS, Answer::Refused),
            Claim::host(HTTPS, Answer::Works),
            Claim::bridge(HTTPS, Answer::Works),
        ]],
        expected: Expected::degraded("amqp-port-blocked").never(&["egress-blocked"]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "https-port-dropped",
        broken: "The site's firewall drops the HTTPS port",
        fault: |lab| lab.router().sh("iptables -A FORWARD -p tcp --dport 443 -j DROP").map(drop),
        proof: &[&[
            DNS_WORKS,
            Claim::host(HTTPS, Answer::Silent),
            Claim::bridge(HTTPS, Answer::Silent),
            Claim::host(AMQPS, Answer::Works),
            Claim::bridge(AMQPS, Answer::Works),
        ]],
        expected: Expected::degraded("https-port-blocked")
            .never(&["egress-blocked", "websocket-blocked"]),
        ..Scenario::HEALTHY
    },
];
