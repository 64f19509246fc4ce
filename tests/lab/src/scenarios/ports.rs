//! A port that Edge Hub maps is somebody else's.

use super::{BRIDGE_WORKS, HOST_WORKS};
use crate::claim::{Answer, Claim, Question};
use crate::scenario::{Device, Expected, Scenario};
use crate::topology::Topology;

const AGENT: Topology = Topology { device: Device::Agent, ..Topology::NORMAL };

const IN_USE: Expected = Expected::blocked("port-in-use").never(&["port-not-permitted"]);

/// Publishing a port fails in the engine's own words, which differ by who holds it.
const fn refused(publish: &'static str, words: &'static str) -> Claim {
    Claim::host(Question::Script(publish), Answer::FailsWith(words))
}

const PUBLISH_443: &str =
    "docker run --rm -p 443:443 mcr.microsoft.com/azureiotedge-hub:1.5 sh -c true";
const PUBLISH_5671: &str =
    "docker run --rm -p 5671:5671 mcr.microsoft.com/azureiotedge-hub:1.5 sh -c true";

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "port-held-by-web-server",
        broken: "A web server on the host holds port 443",
        topology: AGENT,
        fault: |lab| lab.sh("busybox httpd -p 443"),
        proof: &[
            HOST_WORKS,
            BRIDGE_WORKS,
            &[refused(PUBLISH_443, "listen tcp4 0.0.0.0:443: bind: address already in use")],
        ],
        expected: IN_USE,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "port-held-on-one-address",
        broken: "A broker on the host holds port 5671 on the uplink's address alone",
        topology: AGENT,
        fault: |lab| lab.sh("busybox httpd -p 192.168.1.50:5671"),
        proof: &[
            HOST_WORKS,
            BRIDGE_WORKS,
            &[refused(PUBLISH_5671, "listen tcp4 0.0.0.0:5671: bind: address already in use")],
        ],
        expected: IN_USE,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "port-held-by-container",
        broken: "Another container publishes port 443",
        topology: AGENT,
        fault: |lab| lab.engine().map_or(Ok(()), |engine| engine.run_web_server(443)),
        proof: &[
            HOST_WORKS,
            BRIDGE_WORKS,
            &[refused(PUBLISH_443, "Bind for 0.0.0.0:443 failed: port is already allocated")],
        ],
        expected: IN_USE,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "healthy-port-on-another-address",
        broken: "Nothing: Edge Hub has port 443 of one address, a web server that of another",
        fault: |lab| {
            lab.sh("docker rm -f edgeHub
                docker run -d --name edgeHub --network azure-iot-edge \
                    -e IOTEDGE_IOTHUBHOSTNAME=$HUB_NAME -p 192.168.1.50:443:443 \
                    mcr.microsoft.com/azureiotedge-hub:1.5 httpd -f -p 443
                busybox httpd -p 127.0.0.1:443")
        },
        proof: &[
            HOST_WORKS,
            BRIDGE_WORKS,
            &[
                Claim::host(Question::Script("exec 3<>/dev/tcp/127.0.0.1/443"), Answer::Works),
                Claim::host(Question::Script("exec 3<>/dev/tcp/192.168.1.50/443"), Answer::Works),
            ],
        ],
        ..Scenario::HEALTHY
    },
];
