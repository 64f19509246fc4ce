//! Whether the runtime is installed on this device.

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The life of a device that a check reads its findings in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The runtime is not installed yet.
    PreInstall,
    /// The runtime is installed.
    Installed,
}

/// Where each generation of the runtime keeps its configuration: 1.2 and later, 1.0 and 1.1, the
/// snap, the preview of 2017.
const CONFIGURATIONS: [&str; 4] = [
    "/etc/aziot/config.toml",
    "/etc/iotedge/config.yaml",
    "/var/snap/azure-iot-edge/common/config/config.toml",
    "/etc/azure-iot-edge/config.json",
];

impl Phase {
    /// What this device's files say.
    pub fn detect() -> Self {
        if CONFIGURATIONS.iter().any(|path| Path::new(path).exists()) {
            Self::Installed
        } else {
            Self::PreInstall
        }
    }
}
