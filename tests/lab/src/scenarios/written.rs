//! What the device's own logs say beside the probes: the engine writes its errors itself, and a log of
//! Edge Agent's tells of a fault that comes and goes.

use super::{BRIDGE_WORKS, HOST_WORKS};
use crate::claim::{Answer, Claim, Question};
use crate::registry::serve;
use crate::scenario::{Device, Expected, Scenario};
use crate::topology::Topology;
use crate::{Lab, Result};

/// The runtime is installed, so a check reads its logs unasked.
const INSTALLED: &str = r#"
[provisioning]
source = "manual"
connection_string = "HostName=lab-hub.azure-devices.net;DeviceId=lab;SharedAccessKey=bGFi"
"#;

/// Makes Edge Agent's container anew, which writes what stands in a file into its own log, as Edge
/// Agent does with what the engine answers; it goes on running.
const AGENT_WRITES: &str = r#"
docker rm -f edgeAgent >/dev/null
docker run -d --name edgeAgent --network azure-iot-edge \
    -e IOTEDGE_IOTHUBHOSTNAME=$HUB_NAME mcr.microsoft.com/azureiotedge-agent:1.5 \
    sh -c 'echo "$0" >&2; exec tail -f /dev/null' "$(cat /run/lab/written)" >/dev/null
until docker logs edgeAgent 2>&1 | grep -q .; do sleep 0.1; done
"#;

/// Runs a command of the engine's that fails, and has Edge Agent write what the engine said.
fn written(lab: &Lab, fails: &str) -> Result<()> {
    lab.device().write("/etc/aziot/config.toml", INSTALLED)?;
    lab.sh(&format!("! {fails} >/run/lab/written 2>&1"))?;
    lab.sh(AGENT_WRITES)
}

/// Attempts of the last half hour, each ended by its timeout, in the form of Edge Agent 1.4 and as
/// its container writes them.
const ATTEMPTS: &str = r#"
for minute in 30 20 10 4 2; do
    first=$(( $(date +%s) - minute * 60 ))
    for via in Amqp_Tcp_Only Amqp_WebSocket_Only; do
        at=$(date -u -d @$first '+%Y-%m-%d %H:%M:%S.000 +00:00')
        echo "<6> $at [INF] - Edge agent attempting to connect to IoT Hub via $via..."
        first=$(( first + 30 ))
    done
done >/run/lab/edgeAgent.log
"#;

const CONNECTED: &str = r#"
at=$(date -u '+%Y-%m-%d %H:%M:%S.000 +00:00')
echo "<6> $at [INF] - Edge agent connected to IoT Hub via Amqp_Tcp_Only." >>/run/lab/edgeAgent.log
"#;

const AGENTS_LOG: &[&str] = &["--logs=/run/lab/edgeAgent.log"];

/// Edge Agent's container has written these words.
macro_rules! agent_wrote {
    ($words:literal) => {
        Claim::host(
            Question::Script(concat!("docker logs edgeAgent 2>&1 | grep -q '", $words, "'")),
            Answer::Works,
        )
    };
}

/// The file holds so many lines with these words.
macro_rules! file_has {
    ($count:literal, $words:literal) => {
        Claim::host(
            Question::Script(concat!(
                "test $(grep -c '",
                $words,
                "' /run/lab/edgeAgent.log) = ",
                $count
            )),
            Answer::Works,
        )
    };
}

const AGENT: Topology = Topology { device: Device::Agent, ..Topology::NORMAL };

const REFUSED_PULL: &str = "docker pull labplant.azurecr.io/edge/module:1.0";

const FORBIDDEN: &str = "auth_basic Plant; auth_basic_user_file /run/lab/registry/users; location /v2/edge/ { deny all; }";

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "written-port-held-by-container",
        broken: "Another container has 443, and the engine says so in Edge Agent's log",
        topology: AGENT,
        fault: |lab| {
            lab.engine().map_or(Ok(()), |engine| engine.run_web_server(443))?;
            let hub = "docker run --rm --name edgeHub -p 443:443 \
                       mcr.microsoft.com/azureiotedge-hub:1.5 sh -c true";
            written(lab, hub)
        },
        proof: &[
            HOST_WORKS,
            BRIDGE_WORKS,
            &[agent_wrote!("Bind for 0.0.0.0:443 failed: port is already allocated")],
        ],
        names_hub: false,
        expected: Expected::blocked("port-in-use")
            .proved_by(&["ports", "logs"])
            .never(&["port-not-permitted"]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "written-registry-forbidden",
        broken: "The account may not pull an image, and the engine says so in Edge Agent's log",
        fault: |lab| {
            serve(lab, FORBIDDEN, "lab-password")?;
            written(lab, REFUSED_PULL)
        },
        proof: &[HOST_WORKS, &[agent_wrote!("403 Forbidden")]],
        names_hub: false,
        arguments: &["--registry", "labplant.azurecr.io/edge/module:1.0", "--registry-credentials"],
        expected: Expected::blocked("registry-access-denied")
            .proved_by(&["registry", "logs"])
            .never(&["registry-unreachable", "image-not-found"]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "written-registry-unasked",
        broken: "The account may not pull an image, which only Edge Agent's log knows of",
        fault: |lab| {
            serve(lab, FORBIDDEN, "lab-password")?;
            written(lab, REFUSED_PULL)
        },
        proof: &[HOST_WORKS, &[agent_wrote!("403 Forbidden")]],
        names_hub: false,
        expected: Expected::blocked("registry-access-denied").proved_by(&["logs"]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "written-intermittent",
        broken: "Edge Agent's attempts met silence until two minutes ago; now everything answers",
        fault: |lab| lab.sh(ATTEMPTS),
        proof: &[
            HOST_WORKS,
            BRIDGE_WORKS,
            &[file_has!("10", "attempting to connect"), file_has!("0", "connected to IoT Hub")],
        ],
        arguments: AGENTS_LOG,
        expected: Expected::INTERMITTENT,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "healthy-after-an-outage",
        broken: "Nothing any more: Edge Agent's attempts met silence, then one connected",
        fault: |lab| {
            lab.sh(ATTEMPTS)?;
            lab.sh(CONNECTED)
        },
        proof: &[
            HOST_WORKS,
            BRIDGE_WORKS,
            &[file_has!("10", "attempting to connect"), file_has!("1", "connected to IoT Hub")],
        ],
        arguments: AGENTS_LOG,
        ..Scenario::HEALTHY
    },
];
