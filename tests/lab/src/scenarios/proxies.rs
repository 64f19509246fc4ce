//! A site that lets HTTPS out by its proxy alone, and what can be wrong with that: real proxies on
//! the router, a firewall around them.

use super::{HOST_WORKS, HTTPS};
use crate::claim::{Answer, Claim, Question};
use crate::registry::serve;
use crate::scenario::{Device, Expected, Scenario};
use crate::topology::Topology;
use crate::{Lab, Result};

/// Nothing but names passes the router; its proxy asks for them itself.
const SHUT_IN: &str = "iptables -A FORWARD -i lan0 -p tcp -j DROP
    echo nameserver 9.9.9.9 >/etc/resolv.conf";

pub(super) const PROXY: &str = "http://192.168.1.1:3128";

/// A new device, whose engine is told of the proxy; Edge Agent has still to be.
pub(super) const NEW: Topology =
    Topology { engine_proxy: PROXY, device: Device::Engine, ..Topology::NORMAL };

/// The hub by the proxy, as curl gets it.
pub(super) const CURL: &str = "curl -sS --max-time 8 --cacert /run/lab/ca.pem -o /dev/null \
    --proxy http://192.168.1.1:3128 https://$HUB_NAME";

pub(super) const CLOSED: &[Claim] =
    &[Claim::host(HTTPS, Answer::Silent), Claim::bridge(HTTPS, Answer::Silent)];

const PASSES: &[Claim] = &[
    Claim::host(Question::Script(CURL), Answer::Works),
    Claim::bridge(Question::Script(CURL), Answer::Works),
];

/// The registry directly and by the proxy, as curl gets it.
const REGISTRY: &str = "curl -sS --max-time 4 -o /dev/null \
    --cacert /etc/docker/certs.d/labplant.azurecr.io/ca.crt https://labplant.azurecr.io/v2/";
const REGISTRY_BY_PROXY: &str = "curl -sS --max-time 8 -o /dev/null \
    --cacert /etc/docker/certs.d/labplant.azurecr.io/ca.crt \
    --proxy http://192.168.1.1:3128 https://labplant.azurecr.io/v2/";

/// The registry's name, for the proxy.
const PROXY_KNOWS: &str = "echo '20.62.128.9 labplant.azurecr.io' >>/etc/hosts";

const TO_REGISTRY: &[&str] = &[
    "--proxy",
    PROXY,
    "--protocol",
    "amqp-ws",
    "--registry",
    "labplant.azurecr.io/edge/module:1.0",
];

pub(super) const WEBSOCKET_BY_PROXY: &[&str] = &["--proxy", PROXY, "--protocol", "amqp-ws"];
const BY_PROXY: &[&str] = &["--proxy", PROXY];

pub(super) const REFUSED: Expected = Expected::blocked("proxy-rejects").never(&[
    "egress-blocked",
    "proxy-required",
    "amqp-port-blocked",
    "tls-intercepted",
    "forward-blocked",
]);

/// A drop-in of aziot-edged, manual provisioning, and nothing else that names a proxy.
pub(super) fn told_of_a_proxy(lab: &Lab) -> Result<()> {
    let unit = format!(
        "[Service]\nExecStart=/usr/libexec/aziot/aziot-edged\nEnvironment=https_proxy={PROXY}\n"
    );
    lab.device().write("/etc/systemd/system/aziot-edged.service", &unit)?;
    lab.device().write(
        "/etc/aziot/config.toml",
        "[provisioning]\nsource = \"manual\"\nconnection_string = \"HostName=\
         lab-hub.azure-devices.net;DeviceId=lab;SharedAccessKey=bGFi\"\n",
    )
}

/// A proxy on the router that stops no other way.
fn beside_the_open_way(lab: &mut Lab) -> Result<()> {
    lab.router().sh("echo nameserver 9.9.9.9 >/etc/resolv.conf")?;
    lab.router()
        .write("/etc/tinyproxy-lab.conf", "Port 3128\nListen 192.168.1.1\nMaxClients 50\n")?;
    lab.serve_on_router(&["tinyproxy", "-d", "-c", "/etc/tinyproxy-lab.conf"], "listening on fd")
}

/// A tinyproxy on the router.
pub(super) fn tinyproxy(lab: &mut Lab, more: &str) -> Result<()> {
    lab.router().sh(SHUT_IN)?;
    let settings = format!("Port 3128\nListen 192.168.1.1\nMaxClients 50\n{more}\n");
    lab.router().write("/etc/tinyproxy-lab.conf", &settings)?;
    lab.serve_on_router(&["tinyproxy", "-d", "-c", "/etc/tinyproxy-lab.conf"], "listening on fd")
}

/// A Squid on the router.
pub(super) fn squid(lab: &mut Lab, port: &str, more: &str) -> Result<()> {
    lab.router().sh(SHUT_IN)?;
    let settings = format!(
        "{more}\nhttp_access allow all\nhttp_port 192.168.1.1:3128 {port}\npid_filename none\n\
         cache_log /dev/null\naccess_log none\nshutdown_lifetime 0 seconds\n\
         visible_hostname proxy.site\ndns_timeout 2 seconds\n"
    );
    lab.router().write("/etc/squid-lab.conf", &settings)?;
    let words = ["squid", "-N", "-d", "1", "-f", "/etc/squid-lab.conf"];
    lab.serve_on_router(&words, "Accepting")
}

/// A certificate for the hub by an authority of the site's own.
pub(super) const INSPECTOR: &str = "mkdir -p /run/lab && cd /run/lab
    exec 2>/dev/null
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj '/O=Site/CN=Site Inspection CA' \
        -addext basicConstraints=critical,CA:TRUE -keyout inspector.key -out inspector.pem
    openssl req -newkey rsa:2048 -nodes -subj '/CN=*.azure-devices.net' -keyout bump.key -out bump.csr
    echo 'subjectAltName=DNS:*.azure-devices.net' >bump.ext
    openssl x509 -req -days 30 -in bump.csr -CA inspector.pem -CAkey inspector.key \
        -extfile bump.ext -out bump.crt
    cat bump.crt bump.key >bump.pem; chmod 644 bump.pem";

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "healthy-proxy",
        broken: "Nothing: the only way out is a proxy, and the device goes by it",
        topology: NEW,
        fault: |lab| tinyproxy(lab, ""),
        proof: &[CLOSED, PASSES],
        arguments: WEBSOCKET_BY_PROXY,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "healthy-proxy-credentials",
        broken: "Nothing: the proxy wants credentials, and its URL has them",
        topology: Topology { engine_proxy: "http://edge:s3cret@192.168.1.1:3128", ..NEW },
        fault: |lab| tinyproxy(lab, "BasicAuth edge s3cret"),
        proof: &[
            CLOSED,
            &[
                Claim::host(Question::Script(CURL), Answer::FailsWith("407")),
                Claim::host(
                    Question::Script(
                        "curl -sS --max-time 8 --cacert /run/lab/ca.pem -o /dev/null \
                         --proxy http://edge:s3cret@192.168.1.1:3128 https://$HUB_NAME",
                    ),
                    Answer::Works,
                ),
            ],
        ],
        arguments: &["--proxy", "http://edge:s3cret@192.168.1.1:3128", "--protocol", "amqp-ws"],
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "proxy-carries-no-amqp",
        broken: "The only way out is a proxy, and Edge Agent tries AMQP on 5671 first",
        topology: NEW,
        fault: |lab| squid(lab, "", ""),
        proof: &[CLOSED, PASSES],
        arguments: BY_PROXY,
        expected: Expected::degraded("amqp-port-blocked").never(&[
            "egress-blocked",
            "https-port-blocked",
            "proxy-required",
            "proxy-rejects",
        ]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "proxy-wants-credentials",
        broken: "The proxy wants credentials, and its URL has none",
        fault: |lab| tinyproxy(lab, "BasicAuth edge s3cret"),
        proof: &[
            CLOSED,
            &[
                Claim::host(Question::Script(CURL), Answer::FailsWith("407")),
                Claim::bridge(Question::Script(CURL), Answer::FailsWith("407")),
            ],
        ],
        arguments: BY_PROXY,
        expected: REFUSED,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "proxy-forbids-hub",
        broken: "The proxy's policy forbids the hub",
        fault: |lab| squid(lab, "", "acl hubs dstdomain .azure-devices.net\nhttp_access deny hubs"),
        proof: &[
            CLOSED,
            &[
                Claim::host(Question::Script(CURL), Answer::FailsWith("403")),
                Claim::bridge(Question::Script(CURL), Answer::FailsWith("403")),
            ],
        ],
        arguments: BY_PROXY,
        expected: REFUSED,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "proxy-cannot-resolve",
        broken: "The proxy has no name server that answers",
        fault: |lab| squid(lab, "", "dns_nameservers 127.0.0.1"),
        proof: &[
            CLOSED,
            &[
                Claim::host(Question::Script(CURL), Answer::FailsWith("CONNECT")),
                Claim::bridge(Question::Script(CURL), Answer::FailsWith("CONNECT")),
            ],
        ],
        arguments: BY_PROXY,
        expected: REFUSED,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "proxy-cannot-reach-hub",
        broken: "The site's outer firewall refuses the proxy itself the way to the hub",
        fault: |lab| {
            tinyproxy(lab, "")?;
            let rule = "-d 20.49.110.2 -p tcp -j REJECT --reject-with tcp-reset";
            lab.router().sh(&format!("iptables -A OUTPUT {rule}")).map(drop)
        },
        proof: &[
            CLOSED,
            &[
                Claim::host(Question::Script(CURL), Answer::FailsWith("CONNECT")),
                Claim::bridge(Question::Script(CURL), Answer::FailsWith("CONNECT")),
            ],
        ],
        arguments: BY_PROXY,
        expected: REFUSED,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "proxy-engine-alone",
        broken: "The only way out is a proxy, and only the engine is told of it",
        topology: Topology { engine_proxy: PROXY, ..Topology::NORMAL },
        fault: |lab| tinyproxy(lab, ""),
        proof: &[
            CLOSED,
            PASSES,
            &[Claim::host(
                Question::Script("docker info --format '{{.HTTPSProxy}}' | grep -q 3128"),
                Answer::Works,
            )],
        ],
        expected: Expected::blocked("proxy-required").never(&[
            "egress-blocked",
            "proxy-rejects",
            "amqp-port-blocked",
        ]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "healthy-proxy-registry",
        broken: "Nothing: a new engine is told of the only way out, and its registry is behind it",
        topology: NEW,
        fault: |lab| {
            tinyproxy(lab, "")?;
            serve(lab, "", "")?;
            lab.router().sh(PROXY_KNOWS).map(drop)
        },
        proof: &[
            CLOSED,
            &[
                Claim::host(Question::Script(REGISTRY), Answer::Fails),
                Claim::host(Question::Script(REGISTRY_BY_PROXY), Answer::Works),
            ],
        ],
        arguments: TO_REGISTRY,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "proxy-forbids-registry",
        broken: "The engine's proxy lets the hub through and forbids the registry",
        topology: NEW,
        fault: |lab| {
            squid(lab, "", "acl images dstdomain .azurecr.io\nhttp_access deny images")?;
            serve(lab, "", "")?;
            lab.router().sh(PROXY_KNOWS).map(drop)
        },
        proof: &[
            CLOSED,
            PASSES,
            &[Claim::host(Question::Script(REGISTRY_BY_PROXY), Answer::FailsWith("403"))],
        ],
        arguments: TO_REGISTRY,
        expected: Expected::blocked("registry-unreachable").never(&[
            "egress-blocked",
            "proxy-required",
            "proxy-rejects",
            "registry-access-denied",
        ]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "proxy-on-host-loopback",
        broken: "The proxy listens on the host's loopback, where no container reaches it",
        fault: |lab| {
            tinyproxy(lab, "")?;
            let settings = "Port 3128\nListen 127.0.0.1\nUpstream http 192.168.1.1:3128\n";
            lab.device().write("/etc/tinyproxy-lab.conf", settings)?;
            lab.serve_on_device(
                &["tinyproxy", "-d", "-c", "/etc/tinyproxy-lab.conf"],
                "listening on fd",
            )
        },
        proof: &[
            CLOSED,
            &[
                Claim::host(
                    Question::Script(
                        "curl -sS --max-time 8 --cacert /run/lab/ca.pem -o /dev/null \
                         --proxy http://127.0.0.1:3128 https://$HUB_NAME",
                    ),
                    Answer::Works,
                ),
                Claim::bridge(
                    Question::Script(
                        "curl -sS --max-time 8 -o /dev/null \
                         --proxy http://127.0.0.1:3128 https://$HUB_NAME",
                    ),
                    Answer::Fails,
                ),
            ],
        ],
        arguments: &["--proxy", "http://127.0.0.1:3128", "--protocol", "amqp-ws"],
        expected: REFUSED,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "healthy-proxy-of-daemon",
        broken: "Nothing: aziot-edged alone goes by a proxy that works, and the direct way is open",
        fault: |lab| {
            beside_the_open_way(lab)?;
            told_of_a_proxy(lab)
        },
        proof: &[HOST_WORKS, PASSES],
        names_hub: false,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "proxy-of-daemon-gone",
        broken: "aziot-edged alone is told of a proxy that is gone, and the direct way is open",
        fault: |lab| told_of_a_proxy(lab),
        proof: &[HOST_WORKS, &[Claim::host(Question::Script(CURL), Answer::Fails)]],
        names_hub: false,
        expected: Expected::degraded("proxy-rejects").never(&[
            "egress-blocked",
            "proxy-required",
            "amqp-port-blocked",
            "provisioning-unreachable",
        ]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "proxy-intercepts",
        broken: "The proxy opens the tunnel and ends TLS itself, with an authority of the site's own",
        fault: |lab| {
            lab.router().sh(INSPECTOR)?;
            squid(
                lab,
                "ssl-bump tls-cert=/run/lab/bump.pem generate-host-certificates=off",
                "ssl_bump bump all\nsslproxy_cert_error allow all\n\
                 tls_outgoing_options flags=DONT_VERIFY_PEER",
            )
        },
        proof: &[
            CLOSED,
            &[
                Claim::host(Question::Script(CURL), Answer::FailsWith("certificate")),
                Claim::bridge(Question::Script(CURL), Answer::FailsWith("certificate")),
            ],
        ],
        arguments: BY_PROXY,
        expected: Expected::blocked("tls-intercepted").never(&[
            "egress-blocked",
            "proxy-rejects",
            "proxy-required",
            "not-iot-hub",
        ]),
        ..Scenario::HEALTHY
    },
];
