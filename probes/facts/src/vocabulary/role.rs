//! What part a host plays.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What part a name or an endpoint plays in the check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The IoT Hub that the device must reach.
    Hub,
    /// A container registry that modules' images come from.
    Registry,
    /// The Device Provisioning Service.
    Provisioning,
    /// The parent device, in nested edge.
    Parent,
    /// An HTTP proxy that some part of the device is configured with.
    Proxy,
    /// Another host, asked the same question to distinguish a failure of the hub from an outage.
    Control,
    /// The hub, reached in another way than programs here would, so that a fault of the way can be
    /// told from one of the hub.
    Detour,
}
