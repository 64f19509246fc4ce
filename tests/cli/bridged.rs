//! A device with a container network: its bridge is there, an engine knows it, and the internet has
//! a way back to it. No container runs, so the program borrows an address of the network's.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

use crate::engine::{Answer, serve};
use crate::namespace::configure;

/// The network that the runtime uses, and its bridge.
pub(crate) const NETWORK: &str = "azure-iot-edge";
pub(crate) const BRIDGE: &str = "br-edge";
pub(crate) const SUBNET: &str = "172.18.0.0/16";

/// The engine of a device; its socket goes with it.
pub(crate) struct Engine {
    folder: TempDir,
}

impl Engine {
    /// Makes the bridge, lets the device forward, and has an engine say so.
    pub(crate) fn with_a_network() -> Self {
        configure(&[
            &format!("link add {BRIDGE} type bridge"),
            &format!("addr add 172.18.0.1/16 dev {BRIDGE}"),
            &format!("link set {BRIDGE} up"),
        ]);
        fs::write("/proc/sys/net/ipv4/ip_forward", "1").unwrap();
        let folder = TempDir::new().unwrap();
        serve(&socket(folder.path()), answer);
        Self { folder }
    }

    /// What `DOCKER_HOST` is to be.
    pub(crate) fn host(&self) -> String {
        format!("unix://{}", socket(self.folder.path()).display())
    }
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("engine.sock")
}

fn answer(path: &str) -> Answer {
    let network = json!({"Name": NETWORK, "Id": "ab12", "Driver": "bridge", "Scope": "local",
        "IPAM": {"Config": [{"Subnet": SUBNET, "Gateway": "172.18.0.1"}]},
        "Options": {"com.docker.network.bridge.name": BRIDGE}, "Containers": {}, "Labels": {}});
    match path {
        "_ping" => Answer { body: b"OK".to_vec(), ..Answer::default() },
        "version" => Answer::json(
            &json!({"Version": "27.1.1", "ApiVersion": "1.44", "MinAPIVersion": "1.24"}),
        ),
        "info" => Answer::json(&json!({"ServerVersion": "27.1.1"})),
        "networks" => Answer::json(&json!([network])),
        "networks/azure-iot-edge" | "networks/ab12" => Answer::json(&network),
        "containers/json" | "images/json" => Answer::json(&json!([])),
        _ => Answer::unknown(),
    }
}
