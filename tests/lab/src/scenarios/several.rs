//! Two faults at once: both are named, and first the one that blocks first.

use super::{AMQPS, BRIDGE_SILENT, HOST_WORKS, HTTPS};
use crate::claim::{Answer, Claim, Question};
use crate::scenario::{Device, Expected, Scenario};
use crate::topology::Topology;

const AGENT: Topology = Topology { device: Device::Agent, ..Topology::NORMAL };

/// A web server has port 443.
const PORT_IS_HELD: &[Claim] =
    &[Claim::host(Question::Script("exec 3<>/dev/tcp/127.0.0.1/443"), Answer::Works)];

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "forward-dropped-and-port-held",
        broken: "A rule drops what the bridge sends, and a web server on the host holds port 443",
        topology: AGENT,
        fault: |lab| lab.sh("iptables -I DOCKER-USER -i $BRIDGE -j DROP; busybox httpd -p 443"),
        proof: &[HOST_WORKS, BRIDGE_SILENT, PORT_IS_HELD],
        expected: Expected::blocked("forward-blocked")
            .and(&["port-in-use"])
            .never(&["nat-missing"]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "port-held-and-amqp-dropped",
        broken: "A web server on the host holds port 443, and the site's firewall drops the AMQP port",
        topology: AGENT,
        fault: |lab| {
            lab.router().sh("iptables -A FORWARD -p tcp --dport 5671 -j DROP")?;
            lab.sh("busybox httpd -p 443")
        },
        proof: &[
            PORT_IS_HELD,
            &[
                Claim::host(AMQPS, Answer::Silent),
                Claim::bridge(AMQPS, Answer::Silent),
                Claim::bridge(HTTPS, Answer::Works),
            ],
        ],
        expected: Expected::blocked("port-in-use")
            .and(&["amqp-port-blocked"])
            .never(&["egress-blocked", "forward-blocked"]),
        ..Scenario::HEALTHY
    },
];
