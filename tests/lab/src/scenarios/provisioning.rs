//! A provisioning service that is out of reach, directly and by a proxy.

use super::HOST_WORKS;
use super::proxies::{CLOSED, NEW, PROXY, squid, tinyproxy};
use crate::claim::{Answer, Claim, Question};
use crate::provisioning::serve;
use crate::scenario::{Device, Expected, Scenario};
use crate::topology::Topology;

/// The service directly and by the proxy, as curl gets it.
const DIRECTLY: Question = Question::Script(
    "curl -sS --max-time 4 -o /dev/null https://global.azure-devices-provisioning.net",
);
const BY_PROXY: Question = Question::Script(
    "curl -sS --max-time 8 -o /dev/null --proxy http://192.168.1.1:3128 \
     https://global.azure-devices-provisioning.net",
);

const ARGUMENTS: &[&str] = &["--proxy", PROXY, "--protocol", "amqp-ws", "--provisioning"];

/// A unit of the identity service that names a proxy which is not there.
const UNIT: &str = "[Service]\nExecStart=/usr/libexec/aziot-identityd\n\
                    Environment=https_proxy=http://192.168.1.9:3128\n";

/// A new device, to be provisioned.
const CONFIG_TOML: &str = r#"
[provisioning]
source = "dps"
global_endpoint = "https://global.azure-devices-provisioning.net"
id_scope = "0ne00000000"
"#;

const UNREACHABLE: Expected = Expected::blocked("provisioning-unreachable").never(&[
    "egress-blocked",
    "https-port-blocked",
    "registry-unreachable",
    "proxy-rejects",
    "proxy-required",
]);

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "provisioning-dropped",
        broken: "The site's firewall drops the Device Provisioning Service alone, on a new device",
        topology: Topology { device: Device::Engine, ..Topology::NORMAL },
        fault: |lab| {
            lab.sh("echo '20.62.128.1 global.azure-devices-provisioning.net' >>/etc/hosts")?;
            lab.router().sh("iptables -A FORWARD -d 20.62.128.1 -j DROP").map(drop)
        },
        proof: &[
            HOST_WORKS,
            &[Claim::host(
                Question::Script("exec 3<>/dev/tcp/global.azure-devices-provisioning.net/443"),
                Answer::Silent,
            )],
        ],
        arguments: &["--provisioning"],
        expected: UNREACHABLE,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "provisioning-unassigned",
        broken: "Nothing: a new device, which the provisioning service has not assigned to a hub yet",
        topology: Topology { device: Device::Engine, ..Topology::NORMAL },
        fault: |lab| {
            lab.device().write("/etc/aziot/config.toml", CONFIG_TOML)?;
            serve(lab)
        },
        proof: &[&[Claim::host(DIRECTLY, Answer::Works)]],
        names_hub: false,
        expected: Expected::INCONCLUSIVE,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "provisioning-unassigned-dropped",
        broken: "The site's firewall drops the provisioning service, on a device without a hub",
        topology: Topology { device: Device::Engine, ..Topology::NORMAL },
        fault: |lab| {
            lab.device().write("/etc/aziot/config.toml", CONFIG_TOML)?;
            lab.sh("echo '20.62.128.1 global.azure-devices-provisioning.net' >>/etc/hosts")?;
            lab.router().sh("iptables -A FORWARD -d 20.62.128.1 -j DROP").map(drop)
        },
        proof: &[&[Claim::host(
            Question::Script("exec 3<>/dev/tcp/global.azure-devices-provisioning.net/443"),
            Answer::Silent,
        )]],
        names_hub: false,
        expected: UNREACHABLE,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "provisioning-inside-docker0",
        broken: "The Device Provisioning Service's address lies inside docker0's subnet",
        topology: Topology { device: Device::Engine, ..Topology::NORMAL },
        fault: |lab| {
            lab.sh("echo '172.17.44.1 global.azure-devices-provisioning.net' >>/etc/hosts")
        },
        proof: &[
            HOST_WORKS,
            &[Claim::host(
                Question::Script("ip route get 172.17.44.1 | grep -q 'dev docker0'"),
                Answer::Works,
            )],
        ],
        arguments: &["--provisioning"],
        expected: Expected::blocked("subnet-overlap").never(&["provisioning-unreachable"]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "healthy-proxy-provisioning",
        broken: "Nothing: the only way out is a proxy, and the provisioning service is behind it",
        topology: NEW,
        fault: |lab| {
            tinyproxy(lab, "")?;
            serve(lab)
        },
        proof: &[
            CLOSED,
            &[Claim::host(DIRECTLY, Answer::Fails), Claim::host(BY_PROXY, Answer::Works)],
        ],
        arguments: ARGUMENTS,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "proxy-forbids-provisioning",
        broken: "The proxy lets the hub through and forbids the provisioning service",
        topology: NEW,
        fault: |lab| {
            let rule = "acl dps dstdomain .azure-devices-provisioning.net\nhttp_access deny dps";
            squid(lab, "", rule)?;
            serve(lab)
        },
        proof: &[CLOSED, &[Claim::host(BY_PROXY, Answer::FailsWith("403"))]],
        arguments: ARGUMENTS,
        expected: UNREACHABLE,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "proxy-of-identity-service-gone",
        broken: "The identity service is told of a proxy that is gone, and no other way is closed",
        topology: Topology { device: Device::Engine, ..Topology::NORMAL },
        fault: |lab| {
            serve(lab)?;
            lab.device().write("/etc/systemd/system/aziot-identityd.service", UNIT)?;
            lab.device().write("/etc/aziot/config.toml", CONFIG_TOML)
        },
        proof: &[
            HOST_WORKS,
            &[
                Claim::host(DIRECTLY, Answer::Works),
                Claim::host(
                    Question::Script(
                        "curl -sS --max-time 4 -o /dev/null --proxy http://192.168.1.9:3128 \
                         https://global.azure-devices-provisioning.net",
                    ),
                    Answer::Fails,
                ),
            ],
        ],
        expected: UNREACHABLE,
        ..Scenario::HEALTHY
    },
];
