//! A proxy that opens the tunnel, and what comes through it.

use super::proxies::{
    CLOSED, CURL, INSPECTOR, PROXY, REFUSED, WEBSOCKET_BY_PROXY, squid, tinyproxy,
};
use crate::claim::{Answer, Claim, Question};
use crate::scenario::Scenario;
use crate::topology::{Beside, Topology};
use crate::world::PARENT_NAME;

/// The engine is told of the proxy as well.
const TOLD: Topology = Topology { engine_proxy: PROXY, ..Topology::NORMAL };

/// What the proxy answers to CONNECT, and what then becomes of the handshake.
const OPENS: Question = Question::Script(
    "curl -sv --max-time 3 --proxy http://192.168.1.1:3128 https://$HUB_NAME 2>&1 \
     | grep -q '^< HTTP/1.[01] 200'",
);
/// The control by the same proxy.
const ANOTHER: Question = Question::Script(
    "curl -sSk --max-time 4 -o /dev/null --proxy http://192.168.1.1:3128 https://mcr.microsoft.com",
);

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "proxy-tunnels-are-silent",
        broken: "The proxy opens every tunnel, and the site's firewall drops what it would carry",
        topology: TOLD,
        fault: |lab| {
            tinyproxy(lab, "")?;
            // Small packets pass, so that the proxy's own connections open.
            let rule = "-o wan0 -p tcp --dport 443 -m length --length 150:65535 -j DROP";
            lab.router().sh(&format!("iptables -A OUTPUT {rule}")).map(drop)
        },
        proof: &[
            CLOSED,
            &[
                Claim::host(OPENS, Answer::Works),
                Claim::host(Question::Script(CURL), Answer::Fails),
                Claim::host(ANOTHER, Answer::Fails),
                Claim::bridge(Question::Script(CURL), Answer::Fails),
            ],
        ],
        arguments: WEBSOCKET_BY_PROXY,
        expected: REFUSED,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "proxy-cuts-the-hub-s-tunnel",
        broken: "The proxy opens every tunnel, looks at the name in the handshake, and cuts the hub's",
        topology: TOLD,
        fault: |lab| {
            lab.router().sh(INSPECTOR)?;
            squid(
                lab,
                "ssl-bump tls-cert=/run/lab/bump.pem generate-host-certificates=off",
                "acl hello at_step SslBump1\nacl hubs ssl::server_name .azure-devices.net\n\
                 ssl_bump peek hello\nssl_bump terminate hubs\nssl_bump splice all",
            )
        },
        proof: &[
            CLOSED,
            &[
                Claim::host(OPENS, Answer::Works),
                Claim::host(Question::Script(CURL), Answer::Fails),
                Claim::host(ANOTHER, Answer::Works),
            ],
        ],
        arguments: WEBSOCKET_BY_PROXY,
        expected: REFUSED,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "nested-parent-by-proxy",
        broken: "Nothing: the only way to the parent is a proxy, and the child goes by it",
        topology: Topology { beside: Beside::Parent, ..TOLD },
        fault: |lab| tinyproxy(lab, ""),
        proof: &[
            CLOSED,
            &[
                Claim::host(
                    Question::Script(
                        "curl -sSk --max-time 8 -o /dev/null --proxy http://192.168.1.1:3128 \
                         https://edge-parent.plant.example",
                    ),
                    Answer::Works,
                ),
                Claim::host(
                    Question::Script("curl -sSk --max-time 4 https://edge-parent.plant.example"),
                    Answer::Fails,
                ),
            ],
        ],
        arguments: &["--parent", PARENT_NAME, "--proxy", PROXY, "--protocol", "amqp-ws"],
        ..Scenario::HEALTHY
    },
];
