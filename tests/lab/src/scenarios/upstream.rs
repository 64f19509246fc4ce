//! Somebody beyond the device blocks: the firewall of the site or of the provider.

use super::{AMQPS, BEHIND_THE_FIRST, HTTPS, SECOND_UPLINK_WORKS};
use crate::claim::{Address, Answer, Claim, Question};
use crate::scenario::{Expected, Scenario};
use crate::topology::Topology;
use crate::vpn::{Carries, DEF1, Tunnel};

const CONTROL: Question = Question::Tcp(Address::Control, 443);

const EGRESS: Expected = Expected::blocked("egress-blocked").never(&[
    "amqp-port-blocked",
    "https-port-blocked",
    "websocket-blocked",
    "forward-blocked",
    "host-offline",
    "dns-host-failure",
]);

/// Another way reaches the hub, and the usual one leads somewhere all the same.
const PASSED_BY: Expected = Expected::blocked("egress-blocked").never(&[
    "vpn-override",
    "wrong-uplink",
    "host-offline",
    "forward-blocked",
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
        name: "hub-closed-by-the-preferred-uplink",
        broken: "The site's firewall closes the hub, and a second uplink passes it by",
        topology: Topology { second_uplink: true, ..Topology::NORMAL },
        fault: |lab| {
            lab.router().sh("iptables -A FORWARD -i lan0 -d 20.49.110.2 -j DROP")?;
            lab.sh(BEHIND_THE_FIRST)
        },
        proof: &[&[
            Claim::host(AMQPS, Answer::Silent),
            Claim::bridge(AMQPS, Answer::Silent),
            Claim::host(CONTROL, Answer::Works),
            SECOND_UPLINK_WORKS,
        ]],
        expected: PASSED_BY,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "hub-closed-behind-a-full-tunnel",
        broken: "Everything goes through the company's VPN, whose firewall closes the hub",
        fault: |lab| {
            lab.connect_vpn(Tunnel::OPENVPN, Carries::Everything, DEF1)?;
            lab.internet().sh("iptables -A INPUT -s 62.4.17.2 -d 20.49.110.2 -j DROP").map(drop)
        },
        proof: &[&[
            Claim::host(Question::Script("ip route get $HUB | grep -q 'dev tun0'"), Answer::Works),
            Claim::host(AMQPS, Answer::Silent),
            Claim::bridge(AMQPS, Answer::Silent),
            Claim::host(CONTROL, Answer::Works),
        ]],
        expected: PASSED_BY,
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
