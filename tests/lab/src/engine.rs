//! A real Docker Engine on the device, and stand-ins for the runtime's containers.

use crate::world::HUB_NAME;
use crate::{Place, Process, Result, Topology};

/// The network that IoT Edge makes for its modules.
pub const NETWORK: &str = "azure-iot-edge";

const AGENT_IMAGE: &str = "mcr.microsoft.com/azureiotedge-agent:1.5";
const HUB_IMAGE: &str = "mcr.microsoft.com/azureiotedge-hub:1.5";

/// An image of nothing but busybox, under the names of the runtime's images.
const IMPORT_IMAGE: &str = r#"
mkdir -p /run/lab/image/bin
cp -L "$(command -v busybox)" /run/lab/image/bin/busybox
for applet in sh httpd nc nslookup ping tail; do ln -sf busybox /run/lab/image/bin/$applet; done
tar -C /run/lab/image -c . | docker import - "$0"
docker tag "$0" "$1"
"#;

/// A running engine; its containers are tiny and hold what the real ones hold.
#[derive(Debug)]
pub struct Engine {
    place: Place,
    #[expect(dead_code, reason = "held: the engine ends with it")]
    process: Process,
}

impl Engine {
    /// Starts the engine with an empty data root, in memory, and waits until its socket answers.
    pub(crate) fn start(device: &Place, cgroup: &str, topology: &Topology) -> Result<Self> {
        device.write("/etc/docker/daemon.json", topology.daemon)?;
        // An empty variable is none to the engine.
        let proxy = format!("HTTPS_PROXY={}", topology.engine_proxy);
        let words =
            ["env", &proxy, "dockerd", "--data-root", "/run/lab/docker", "--cgroup-parent", cgroup];
        let process = device.spawn_ready(&words, "API listen on")?;
        let place = device.clone();
        place.succeed(&["sh", "-ec", IMPORT_IMAGE, AGENT_IMAGE, HUB_IMAGE])?;
        Ok(Self { place, process })
    }

    /// Creates the edge network as IoT Edge does, and returns the name of its bridge.
    pub fn create_network(&self) -> Result<String> {
        let id = self.place.sh(&format!("docker network create {NETWORK}"))?;
        Ok(format!("br-{}", id.chars().take(12).collect::<String>()))
    }

    /// Starts a stand-in for Edge Agent: it is there, with its environment, and idles.
    pub fn run_edge_agent(&self) -> Result<()> {
        self.run("edgeAgent", AGENT_IMAGE, "", "tail -f /dev/null")
    }

    /// Starts a stand-in for Edge Hub, which holds its three ports and listens behind them.
    pub fn run_edge_hub(&self) -> Result<()> {
        let ports = "-p 443:443 -p 5671:5671 -p 8883:8883";
        let listen = "httpd -p 443; httpd -p 5671; exec httpd -f -p 8883";
        self.run("edgeHub", HUB_IMAGE, ports, &format!("sh -c '{listen}'"))
    }

    /// Starts a container called `name` on the edge network.
    pub fn run(&self, name: &str, image: &str, options: &str, command: &str) -> Result<()> {
        let environment = format!("-e IOTEDGE_IOTHUBHOSTNAME={HUB_NAME}");
        let options = format!("--name {name} --network {NETWORK} {environment} {options}");
        self.place.sh(&format!("docker run -d {options} {image} {command}")).map(drop)
    }

    /// Starts somebody else's web server in a container that publishes `port`.
    pub fn run_web_server(&self, port: u16) -> Result<()> {
        let publish = format!("-p {port}:{port}");
        self.run("web", AGENT_IMAGE, &publish, &format!("httpd -f -p {port}"))
    }

    /// Kills the engine: its socket stays, and nobody listens on it.
    pub fn kill(&self) -> Result<()> {
        let script = "docker ps -aq | xargs -r docker rm -f >/dev/null
            kill -KILL $(cat /run/docker.pid)
            while docker version >/dev/null 2>&1; do :; done";
        self.place.sh(script).map(drop)
    }

    /// Freezes the engine: its socket takes connections and never answers.
    pub fn freeze(&self) -> Result<()> {
        self.place.sh("kill -STOP $(cat /run/docker.pid)").map(drop)
    }
}
