//! What only one container of the runtime's has: its hosts file, its name servers, its search list,
//! its routes.

use super::{BRIDGE_WORKS, HOST_WORKS, SITE_RESOLVER, start_site_resolver};
use crate::claim::{Answer, Claim, Question};
use crate::scenario::{Expected, Scenario};
use crate::topology::Topology;
use crate::{Lab, Result};

const AGENT: &str = "mcr.microsoft.com/azureiotedge-agent:1.5";
const HUB: &str = "mcr.microsoft.com/azureiotedge-hub:1.5";

const RUNTIME: Topology = Topology::NORMAL;

/// Makes Edge Agent anew, with these create options.
fn agent_with(lab: &Lab, options: &str) -> Result<()> {
    lab.device().sh("docker rm -f edgeAgent")?;
    let Some(engine) = lab.engine() else { return Ok(()) };
    engine.run("edgeAgent", AGENT, options, "tail -f /dev/null")
}

/// Makes Edge Hub anew, with these create options beside its ports.
fn hub_with(lab: &Lab, options: &str) -> Result<()> {
    lab.device().sh("docker rm -f edgeHub")?;
    let Some(engine) = lab.engine() else { return Ok(()) };
    let options = format!("-p 443:443 -p 5671:5671 -p 8883:8883 {options}");
    let listen = "sh -c 'httpd -p 443; httpd -p 5671; exec httpd -f -p 8883'";
    engine.run("edgeHub", HUB, &options, listen)
}

/// Edge Hub's own name server gives it no address.
const HUB_RESOLVES_NOTHING: Claim = Claim::host(
    Question::Script("! timeout 4 docker exec edgeHub nslookup $HUB_NAME >/dev/null 2>&1"),
    Answer::Works,
);

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "agent-extra-hosts-stale",
        broken: "Edge Agent's create options pin the hub to an address that it had before",
        topology: RUNTIME,
        fault: |lab| agent_with(lab, "--add-host lab-hub.azure-devices.net:20.49.110.99"),
        proof: &[
            HOST_WORKS,
            BRIDGE_WORKS,
            &[Claim::host(
                Question::Script(
                    "docker exec edgeAgent busybox cat /etc/hosts | grep -q 20.49.110.99",
                ),
                Answer::Works,
            )],
        ],
        expected: Expected::blocked("dns-hijack").never(&["egress-blocked", "forward-blocked"]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "agent-extra-hosts-right",
        broken: "Nothing: Edge Agent's create options pin the hub to the address that it has",
        topology: RUNTIME,
        fault: |lab| agent_with(lab, "--add-host lab-hub.azure-devices.net:20.49.110.2"),
        proof: &[HOST_WORKS, BRIDGE_WORKS],
        expected: Expected::HEALTHY,
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "edge-hub-extra-hosts-stale",
        broken: "Edge Hub's create options pin the hub to an address that it had before",
        topology: RUNTIME,
        fault: |lab| hub_with(lab, "--add-host lab-hub.azure-devices.net:20.49.110.99"),
        proof: &[HOST_WORKS, BRIDGE_WORKS],
        expected: Expected::degraded("dns-hijack").never(&["egress-blocked"]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "edge-hub-dead-resolver",
        broken: "Edge Hub's create options name a name server that is gone",
        topology: RUNTIME,
        fault: |lab| hub_with(lab, "--dns 192.168.1.253"),
        proof: &[HOST_WORKS, BRIDGE_WORKS, &[HUB_RESOLVES_NOTHING]],
        expected: Expected::degraded("dns-container-failure").never(&["dns-host-failure"]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "agent-search-list-first",
        broken: "Edge Agent looks in its search list first, where a wildcard answers for every name",
        topology: Topology { resolv_conf: SITE_RESOLVER, ..RUNTIME },
        fault: |lab| {
            let options = ["--server=9.9.9.9", "--address=/corp.example/192.168.1.7"];
            start_site_resolver(lab, &options)?;
            agent_with(lab, "--dns-search corp.example --dns-option ndots:5")
        },
        proof: &[HOST_WORKS, BRIDGE_WORKS],
        expected: Expected::blocked("dns-hijack").never(&["egress-blocked", "forward-blocked"]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "edge-hub-without-a-route",
        broken: "Inside Edge Hub the default route is gone",
        topology: RUNTIME,
        fault: |lab| {
            lab.device()
                .sh("nsenter -t $(docker inspect -f '{{.State.Pid}}' edgeHub) -n \
                    ip route del default")
                .map(drop)
        },
        proof: &[HOST_WORKS, BRIDGE_WORKS],
        expected: Expected::degraded("bridge-no-route").never(&["forward-blocked"]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "bridge-internal",
        broken: "The runtime's network was made as an internal one",
        topology: RUNTIME,
        fault: |lab| {
            lab.device().sh("docker rm -f edgeAgent edgeHub
                docker network rm azure-iot-edge
                docker network create --internal azure-iot-edge")?;
            agent_with(lab, "")?;
            hub_with(lab, "")
        },
        proof: &[HOST_WORKS],
        expected: Expected::blocked("bridge-no-route").never(&["forward-blocked"]),
        ..Scenario::HEALTHY
    },
    Scenario {
        name: "snat-stale",
        broken: "A fixed translation names the address that the device had before its lease changed",
        topology: RUNTIME,
        fault: |lab| {
            lab.device()
                .sh("iptables -t nat -I POSTROUTING -s 172.18.0.0/16 -o $UPLINK \
                    -j SNAT --to-source 192.168.1.77")
                .map(drop)
        },
        proof: &[
            HOST_WORKS,
            &[
                Claim::bridge(super::AMQPS, Answer::Silent),
                Claim::bridge(super::HTTPS, Answer::Silent),
            ],
        ],
        expected: Expected::blocked("nat-missing").never(&["forward-blocked", "egress-blocked"]),
        ..Scenario::HEALTHY
    },
];
