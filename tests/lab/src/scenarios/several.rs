//! Two faults at once: both are named, and first the one that blocks first. `edgeprobe-lab mix` found
//! those of the second half, each judged wrong once.

use std::net::Ipv4Addr;

use super::proxies::tinyproxy;
use super::{AMQPS, BRIDGE_SILENT, HOST_WORKS, HTTPS};
use crate::claim::{Address, Answer, Claim, Question};
use crate::registry::serve;
use crate::scenario::{Device, Expected, Scenario};
use crate::topology::Topology;
use crate::vpn::{Carries, DEF1, Tunnel};

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
    Scenario {
        name: "proxy-required-and-ip-forward-off",
        broken: "A proxy is the only way out and only the engine is told of it, and the kernel forwards nothing",
        topology: Topology { engine_proxy: "http://192.168.1.1:3128", ..Topology::NORMAL },
        fault: |lab| {
            tinyproxy(lab, "")?;
            lab.sh("sysctl -qw net.ipv4.ip_forward=0")
        },
        proof: &[
            BRIDGE_SILENT,
            &[
                Claim::host(HTTPS, Answer::Silent),
                Claim::host(Question::Script(BY_PROXY), Answer::Works),
                Claim::bridge(Question::Script(BY_PROXY), Answer::Fails),
            ],
        ],
        expected: Expected::blocked("ip-forward-disabled")
            .and(&["proxy-required"])
            .never(&["egress-blocked", "proxy-rejects"]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "registry-needed-and-https-dropped",
        broken: "The site's firewall drops the HTTPS port, and an image is still to be pulled",
        fault: |lab| {
            serve(lab, "", "")?;
            lab.router().sh("iptables -A FORWARD -p tcp --dport 443 -j DROP").map(drop)
        },
        proof: &[&[
            Claim::host(AMQPS, Answer::Works),
            Claim::bridge(AMQPS, Answer::Works),
            Claim::host(HTTPS, Answer::Silent),
            Claim::host(Question::Tcp(Address::Of(REGISTRY), 443), Answer::Silent),
        ]],
        arguments: &["--registry", "labplant.azurecr.io/edge/module:1.0"],
        // The hub is reached by 5671 all the same, and the module does not start.
        expected: Expected::blocked("https-port-blocked")
            .never(&["egress-blocked", "registry-unreachable"]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "proxy-on-the-lan-and-dead-tunnel",
        broken: "The proxy on the device's own network works, and a dead tunnel takes all else, names too",
        topology: Topology { engine_proxy: "http://192.168.1.1:3128", ..Topology::NORMAL },
        fault: |lab| {
            tinyproxy(lab, "")?;
            lab.connect_vpn(Tunnel::OPENVPN, Carries::Nothing, DEF1)
        },
        proof: &[&[
            Claim::host(Question::Dns, Answer::Fails),
            Claim::host(HTTPS, Answer::Silent),
            Claim::host(Question::Script(BY_PROXY), Answer::Works),
        ]],
        arguments: &["--proxy", "http://192.168.1.1:3128"],
        // AMQP on 5671 would need the direct way, which the tunnel takes.
        expected: Expected::degraded("vpn-override").never(&["dns-host-failure", "egress-blocked"]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "proxy-on-the-lan-and-dead-gateway",
        broken: "The proxy on the device's own network works, and the gateway to all else is dead",
        topology: Topology { engine_proxy: "http://192.168.1.1:3128", ..Topology::NORMAL },
        fault: |lab| {
            tinyproxy(lab, "")?;
            lab.sh("ip route replace default via 192.168.1.254 dev $UPLINK")
        },
        proof: &[&[
            Claim::host(Question::Dns, Answer::Fails),
            Claim::host(Question::Script(BY_PROXY), Answer::Works),
        ]],
        arguments: &["--proxy", "http://192.168.1.1:3128"],
        // AMQP on 5671 would need the direct way.
        expected: Expected::degraded("host-offline").never(&["dns-host-failure", "egress-blocked"]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "nat-flushed-beside-a-tunnel",
        broken: "A tunnel that works covers the engine's pools, and the masquerade rules were flushed",
        topology: Topology { device: Device::Engine, ..Topology::NORMAL },
        fault: |lab| {
            lab.connect_vpn(Tunnel::OPENVPN, Carries::Everything, DEF1)?;
            lab.sh("iptables -t nat -F POSTROUTING")
        },
        proof: &[HOST_WORKS, BRIDGE_SILENT],
        expected: Expected::blocked("address-pool-exhausted")
            .and(&["nat-missing"])
            .never(&["vpn-override", "forward-blocked"]),
        ..Scenario::HEALTHY
    },
];

const REGISTRY: Ipv4Addr = Ipv4Addr::new(20, 62, 128, 9);

/// The hub by the proxy, as curl gets it.
const BY_PROXY: &str = "curl -sS --max-time 8 --cacert /run/lab/ca.pem -o /dev/null \
    --proxy http://192.168.1.1:3128 https://$HUB_NAME";
