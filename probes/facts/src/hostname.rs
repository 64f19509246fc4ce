//! The device's own host name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A name for the device itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HostnameFacts {
    #[serde(rename = "host.name")]
    pub name: String,
    /// Whether it is one that the user asks about, and not the machine's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub given: bool,
}
