//! How far the device's clock is from its peers'.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The device's clock compared with its peers' clocks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClockFacts {
    /// The device's time, in seconds since 1970 (UTC).
    pub device_time: i64,
    /// Device minus peers, in seconds: positive when the device is ahead. The median of `sources`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset_s: Option<f64>,
    /// Each peer that said its time.
    pub sources: Vec<ClockSource>,
}

/// What one peer says of the time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClockSource {
    /// The observation that the peer's answer is from.
    pub observation: String,
    /// Device minus peer, in seconds.
    pub offset_s: f64,
    /// Half of the interval in which the true offset lies, in seconds: HTTP dates have whole
    /// seconds, and the answer took time to arrive.
    pub uncertainty_s: f64,
}
