//! Small packets pass, full-size ones vanish.

use super::{AMQPS, HOST_WORKS, HTTPS};
use crate::claim::{Answer, Claim, Question};
use crate::scenario::{Expected, Scenario};

pub(super) const SCENARIOS: &[Scenario] = &[Scenario {
    name: "mtu-black-hole",
    broken: "The uplink carries 1280 bytes, the bridge offers 1500, and nobody says that packets are too big",
    // The host's own connections offer a segment size that fits the uplink; containers' do not.
    fault: |lab| {
        lab.router().sh("ip link set lan0 mtu 1280
            iptables -A OUTPUT -p icmp --icmp-type fragmentation-needed -j DROP")?;
        lab.sh("ip link set $UPLINK mtu 1280")
    },
    proof: &[
        HOST_WORKS,
        &[
            Claim::bridge(AMQPS, Answer::Works),
            Claim::bridge(HTTPS, Answer::Works),
            Claim::bridge(Question::Tls(5671), Answer::Silent),
        ],
    ],
    expected: Expected::blocked("mtu-black-hole").never(&[
        "tls-filtered",
        "tls-intercepted",
        "forward-blocked",
        "amqp-port-blocked",
        "websocket-blocked",
    ]),
    ..Scenario::HEALTHY
}];
