//! Whether the runtime is installed on this device.

use edgeprobe_facts::runtime::RuntimeFacts;
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

impl Phase {
    /// What the device's own configuration says.
    pub fn from_runtime(runtime: &RuntimeFacts) -> Self {
        if runtime.generation.is_some() { Self::Installed } else { Self::PreInstall }
    }
}
