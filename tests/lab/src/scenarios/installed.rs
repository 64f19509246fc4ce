//! The device's own configuration says what is to be asked: no check here is told the hub's name.

use super::{AMQPS, HOST_WORKS, HTTPS};
use crate::claim::{Answer, Claim, Question};
use crate::scenario::{Expected, Scenario};
use crate::{Lab, Result};

/// What the runtime of 1.2 and later is configured with.
const CONFIG_TOML: &str = r#"
[provisioning]
source = "manual"
connection_string = "HostName=lab-hub.azure-devices.net;DeviceId=lab;SharedAccessKey=bGFi"

[agent.env]
UpstreamProtocol = "AMQPWS"
"#;

/// What the runtime of 1.0 and 1.1 is configured with: a network of the site's own.
const CONFIG_YAML: &str = r#"
provisioning:
  source: "manual"
  device_connection_string: "HostName=lab-hub.azure-devices.net;DeviceId=lab;SharedAccessKey=bGFi"
moby_runtime:
  network:
    name: "site-edge"
"#;

/// The site's firewall drops AMQP, and Edge Agent is configured to do without it.
fn without_amqp(lab: &Lab) -> Result<()> {
    lab.device().write("/etc/aziot/config.toml", CONFIG_TOML)?;
    lab.router().sh("iptables -A FORWARD -p tcp --dport 5671 -j DROP").map(drop)
}

const AMQP_BLOCKED: &[Claim] = &[
    Claim::host(AMQPS, Answer::Silent),
    Claim::bridge(AMQPS, Answer::Silent),
    Claim::host(HTTPS, Answer::Works),
    Claim::bridge(HTTPS, Answer::Works),
];

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "configured-amqp-ws",
        broken: "Nothing: AMQP is blocked, and the runtime is set up for WebSocket alone",
        fault: |lab| {
            without_amqp(lab)?;
            // Edge Agent was made from this configuration.
            let image = "mcr.microsoft.com/azureiotedge-agent:1.5";
            lab.device().sh("docker rm -f edgeAgent")?;
            let Some(engine) = lab.engine() else { return Ok(()) };
            engine.run("edgeAgent", image, "-e UpstreamProtocol=AMQPWS", "tail -f /dev/null")
        },
        proof: &[AMQP_BLOCKED],
        names_hub: false,
        expected: Expected::HEALTHY.never(&["amqp-port-blocked"]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "deployed-without-amqp-ws",
        broken: "AMQP is blocked, and the deployment leaves out the WebSocket that config.toml has",
        fault: |lab| without_amqp(lab),
        proof: &[AMQP_BLOCKED],
        names_hub: false,
        expected: Expected::degraded("amqp-port-blocked"),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "configured-hostname-too-long",
        broken: "The host name in config.toml is longer than a certificate's common name may be",
        fault: |lab| {
            let hostname = format!("hostname = \"gateway-{}.plant.example\"\n", "0".repeat(43));
            lab.device().write("/etc/aziot/config.toml", &format!("{hostname}{CONFIG_TOML}"))
        },
        proof: &[
            HOST_WORKS,
            &[Claim::host(
                Question::Script(
                    "openssl req -new -newkey rsa:2048 -nodes -keyout /dev/null -subj \
                     \"/CN=$(sed -n 's/^hostname = \"\\(.*\\)\"/\\1/p' /etc/aziot/config.toml)\"",
                ),
                Answer::FailsWith("too long"),
            )],
        ],
        names_hub: false,
        expected: Expected::blocked("hostname-invalid"),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "configured-network-no-route",
        broken: "The network that config.yaml names has no route, and the usual one would have",
        fault: |lab| {
            lab.device().write("/etc/iotedge/config.yaml", CONFIG_YAML)?;
            lab.sh("docker network create --subnet 172.25.0.0/16 \
                    -o com.docker.network.bridge.name=br-site site-edge
                ip rule add pref 100 iif br-site type blackhole")
        },
        proof: &[
            HOST_WORKS,
            &[
                Claim::bridge(AMQPS, Answer::Works),
                Claim::host(
                    Question::Script(
                        "! ip route get 20.49.110.2 from 172.25.0.9 iif br-site 2>/dev/null",
                    ),
                    Answer::Works,
                ),
            ],
        ],
        names_hub: false,
        expected: Expected::blocked("bridge-no-route").never(&["vpn-override"]),
        ..Scenario::HEALTHY
    },
];
