//! The report: one value, and one file for each of its forms.

mod answer;
mod ascii;
pub mod human;
pub mod json;
pub mod junit;
mod layout;
mod legs;
pub mod markdown;
pub mod nagios;
pub mod prometheus;
pub mod short;
pub mod style;
pub mod vpn;
pub mod words;

use edgeprobe_facts::Observation;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::vpn::VpnAnswer;
use crate::plan::Phase;
use crate::verdict::{Target, Verdict};

/// The name and version of this shape. A breaking change raises the number.
pub const SCHEMA: &str = "edgeprobe.report/1";

/// A whole run: what was asked, what came back, what it means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "edgeprobe.report/1", extend("$id" = "urn:edgeprobe:report:1"))]
pub struct Report {
    /// `edgeprobe.report/1`.
    pub schema: String,
    pub tool: Tool,
    pub run: Run,
    pub target: Target,
    pub verdict: Verdict,
    /// Of `edgeprobe vpn` alone: its answer, which the exit code follows in the verdict's place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpn: Option<VpnAnswer>,
    pub observations: Vec<Observation>,
}

/// The program that observed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    pub name: String,
    pub version: String,
}

impl Tool {
    /// This program.
    pub fn this() -> Self {
        Self {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// One run on one device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// Sixteen hexadecimal digits that tell this run from others.
    pub id: String,
    /// When it started, in RFC 3339, UTC.
    pub started_at: String,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
    pub phase: Phase,
    /// The capabilities that it had, of those that probes can use; empty for an ordinary user.
    pub privileges: Vec<String>,
}
