//! Somebody on the way opens TLS, filters it, or answers in everybody's place.

use super::{AMQPS, BRIDGE_WORKS, HOST_WORKS, HTTPS};
use crate::claim::{Answer, Claim, Question};
use crate::scenario::{Expected, Scenario};
use crate::topology::{Beside, Topology};
use crate::world::INTERCEPTOR_CA_FILE;
use crate::{Lab, Result};

const PROXIED: Topology = Topology { beside: Beside::Interceptor, ..Topology::NORMAL };

const INTERCEPTED: Expected = Expected::degraded("tls-intercepted").never(&[
    "root-ca-missing",
    "not-iot-hub",
    "captive-portal",
    "amqp-port-blocked",
    "https-port-blocked",
    "websocket-blocked",
]);

/// Leads the hub's ports to the proxy.
fn intercept(lab: &Lab, ports: &str) -> Result<()> {
    let rule = format!("-d 20.49.110.2 -p tcp -m multiport --dports {ports}");
    let there = "-j DNAT --to-destination 62.4.18.7";
    lab.router().sh(&format!("iptables -t nat -A PREROUTING {rule} {there}")).map(drop)
}

/// A handshake with the hub's name on 443 ends in a reset.
const RESET_BY_NAME: Question = Question::Script(
    "openssl s_client -connect $HUB:443 -servername $HUB_NAME </dev/null 2>&1 | grep -q errno=104",
);
/// A handshake with another name at the same address goes on.
const PASSES_BY_ANOTHER: Question = Question::Script(
    "openssl s_client -connect $HUB:443 -servername mcr.microsoft.com </dev/null 2>/dev/null \
     | grep -q 'BEGIN CERTIFICATE'",
);
/// A handshake with the hub's name that offers TLS 1.2 alone goes on.
const PASSES_BY_TLS_1_2: Question = Question::Script(
    "openssl s_client -connect $HUB:443 -servername $HUB_NAME -tls1_2 </dev/null 2>/dev/null \
     | grep -q 'BEGIN CERTIFICATE'",
);
/// Plain HTTP to the hub's address is sent to the portal.
const REDIRECTED: Question = Question::Script(
    "curl -s -o /dev/null -w '%{redirect_url}' http://$HUB/ | grep -q portal.hotel.example",
);

/// Reads a request to its empty line, and sends its client to sign in.
const PORTAL: &str = "sed -u '/^.$/q' >/dev/null; printf 'HTTP/1.1 302 Found\\r\\nLocation: \
                      http://portal.hotel.example/login\\r\\nContent-Length: 0\\r\\n\
                      Connection: close\\r\\n\\r\\n'";

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "tls-intercepted-on-443",
        broken: "A proxy breaks TLS open on 443 and leaves 5671 alone",
        topology: PROXIED,
        fault: |lab| intercept(lab, "443"),
        proof: &[&[
            Claim::host(Question::Tls(443), Answer::Fails),
            Claim::host(HTTPS, Answer::Works),
            Claim::host(Question::Tls(5671), Answer::Works),
            Claim::bridge(Question::Tls(443), Answer::Fails),
        ]],
        expected: INTERCEPTED,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "tls-intercepted-on-5671",
        broken: "A proxy breaks TLS open on 5671 and leaves 443 alone",
        topology: PROXIED,
        fault: |lab| intercept(lab, "5671"),
        proof: &[&[
            Claim::host(Question::Tls(5671), Answer::Fails),
            Claim::host(AMQPS, Answer::Works),
            Claim::host(Question::Tls(443), Answer::Works),
        ]],
        expected: INTERCEPTED,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "tls-intercepted-by-a-trusted-root",
        broken: "A proxy breaks TLS open, and the host, unlike its containers, trusts its root",
        topology: PROXIED,
        fault: |lab| {
            intercept(lab, "443,5671,8883")?;
            let root = lab.internet().read(INTERCEPTOR_CA_FILE)?;
            let store = "/etc/ssl/certs/ca-certificates.crt";
            let known = lab.device().read(store)?;
            lab.device().write(store, &format!("{known}{root}"))
        },
        proof: &[&[
            Claim::host(Question::Tls(443), Answer::Fails),
            Claim::host(
                Question::Script(
                    "openssl s_client -connect $HUB:443 -servername $HUB_NAME \
                     -CAfile /etc/ssl/certs/ca-certificates.crt -verify_return_error </dev/null",
                ),
                Answer::Works,
            ),
        ]],
        expected: INTERCEPTED,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "tls-filtered-by-name",
        broken: "A middlebox resets every packet that carries the hub's name",
        fault: |lab| {
            let rule = "-p tcp -m string --algo bm --string lab-hub.azure-devices.net";
            lab.router()
                .sh(&format!("iptables -A FORWARD {rule} -j REJECT --reject-with tcp-reset"))
                .map(drop)
        },
        proof: &[&[
            Claim::host(HTTPS, Answer::Works),
            Claim::host(RESET_BY_NAME, Answer::Works),
            Claim::host(PASSES_BY_ANOTHER, Answer::Works),
        ]],
        expected: FILTERED,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "tls-filtered-by-version",
        broken: "A middlebox resets every handshake that offers TLS 1.3",
        fault: |lab| {
            // The list of versions, with 1.3 before 1.2.
            let rule = "-p tcp -m string --algo bm --hex-string '|03040303|'";
            lab.router()
                .sh(&format!("iptables -A FORWARD {rule} -j REJECT --reject-with tcp-reset"))
                .map(drop)
        },
        proof: &[&[
            Claim::host(HTTPS, Answer::Works),
            Claim::host(RESET_BY_NAME, Answer::Works),
            Claim::host(PASSES_BY_ANOTHER, Answer::Fails),
            Claim::host(PASSES_BY_TLS_1_2, Answer::Works),
            Claim::bridge(PASSES_BY_TLS_1_2, Answer::Works),
        ]],
        expected: FILTERED,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "healthy-old-tls-filtered",
        broken: "Nothing for the runtime: a middlebox resets handshakes that offer TLS 1.2 alone",
        fault: |lab| {
            let rule = "-p tcp -m string --algo bm --hex-string '|16030100|' --to 60 \
                -m string --algo bm ! --hex-string '|03040303|'";
            let small = "-p tcp -m string --algo bm --hex-string '|16030101|' --to 60 \
                -m string --algo bm ! --hex-string '|03040303|'";
            lab.router()
                .sh(&format!(
                    "iptables -A FORWARD {rule} -j REJECT --reject-with tcp-reset
                     iptables -A FORWARD {small} -j REJECT --reject-with tcp-reset"
                ))
                .map(drop)
        },
        proof: &[HOST_WORKS, BRIDGE_WORKS, &[Claim::host(PASSES_BY_TLS_1_2, Answer::Fails)]],
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "captive-portal-on-the-web",
        broken: "Before somebody signs in, a portal answers 80 and 443 and drops the rest",
        fault: |lab| {
            portal(lab, "80,443")?;
            lab.serve_on_router(
                &["ncat", "-lkv", "--ssl", "443", "--sh-exec", PORTAL],
                "Listening",
            )?;
            lab.serve_on_router(&["ncat", "-lkv", "80", "--sh-exec", PORTAL], "Listening")
        },
        proof: &[&[
            Claim::host(Question::Tls(443), Answer::Fails),
            Claim::host(AMQPS, Answer::Silent),
            Claim::host(REDIRECTED, Answer::Works),
        ]],
        expected: PORTALS,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "captive-portal-on-plain-http-alone",
        broken: "Before somebody signs in, a portal answers 80 and drops the rest",
        fault: |lab| {
            portal(lab, "80")?;
            lab.serve_on_router(&["ncat", "-lkv", "80", "--sh-exec", PORTAL], "Listening")
        },
        proof: &[&[
            Claim::host(HTTPS, Answer::Silent),
            Claim::host(AMQPS, Answer::Silent),
            Claim::host(REDIRECTED, Answer::Works),
        ]],
        expected: PORTALS,
        ..Scenario::HEALTHY
    },
];

const FILTERED: Expected = Expected::blocked("tls-filtered").never(&[
    "amqp-port-blocked",
    "tls-intercepted",
    "mtu-black-hole",
    "egress-blocked",
    "captive-portal",
]);

const PORTALS: Expected = Expected::blocked("captive-portal").never(&[
    "egress-blocked",
    "not-iot-hub",
    "tls-intercepted",
    "dns-hijack",
    "host-offline",
]);

/// Leads what comes from the device to these ports to the router itself, and drops everything else
/// but names.
fn portal(lab: &Lab, ports: &str) -> Result<()> {
    lab.router()
        .sh(&format!(
            "iptables -t nat -A PREROUTING -i lan0 -p tcp -m multiport --dports {ports} -j REDIRECT
             iptables -A FORWARD -i lan0 -p tcp -j DROP"
        ))
        .map(drop)
}
