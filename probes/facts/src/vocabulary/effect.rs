//! What a fault does to the device.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a cause, or a finding of a log while it lasts, does to the device.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Edge Agent cannot connect, or Edge Hub cannot start.
    #[default]
    Blocks,
    /// It works, at a cost.
    Degrades,
    /// It works; this may become a fault, or costs a little.
    Warns,
}
