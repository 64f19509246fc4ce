//! What was found in a log, in the shape of an observation. The readers of logs fill it in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::vocabulary::Effect;

/// One log, and what it shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LogFacts {
    /// A file's name, `container NAME`, `journal of UNIT`, `standard input`.
    pub source: String,
    /// The container that wrote it, where that is known.
    #[serde(rename = "container.name", default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// The systemd unit whose journal it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    pub lines: u64,
    pub bytes: u64,
    /// The times of its first and last lines that have one: RFC 3339, UTC, as all times here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_at: Option<String>,
    /// The present when it was read, by the device's clock.
    pub read_at: String,
    /// What it shows, in the order of its lines.
    #[serde(default)]
    pub findings: Vec<LogFinding>,
    /// What of it was not read, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// One thing that a log shows, however often it shows it. Without secrets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LogFinding {
    /// The signature that found it.
    pub signature: String,
    /// The finding in a sentence.
    pub summary: String,
    /// The last line that shows it, bounded.
    pub text: String,
    /// The ids of the causes that it points to, the most likely first; one alone is decided by the
    /// text.
    pub candidates: Vec<String>,
    /// The sentence of the first candidate's page that it stands for, where the text says as much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// What it means for the device while it lasts.
    pub effect: Effect,
    /// For attempts to connect: whose, and what became of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<Attempts>,
    /// Whether no later line shows that it is over.
    pub lasts: bool,
    /// How many lines or attempts show it.
    pub count: u64,
    /// How often it began anew after it was over.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub episodes: u64,
    /// When it was seen first, when the last of its episodes began, and when it was seen last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_at: Option<String>,
    /// When it was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovered_at: Option<String>,
    /// Whether it may have begun before what was read of the log.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub from_the_begin: bool,
    /// Seconds from its last line to `read_at`; negative for a line from the future, absent for
    /// lines without a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_s: Option<f64>,
    /// What is drawn out of the lines: `port`, `address`, `holder`, `image`, `client`, …
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub details: Map<String, Value>,
}

fn one() -> u64 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands in references")]
fn is_one(episodes: &u64) -> bool {
    *episodes <= 1
}

/// A series of attempts to connect to IoT Hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attempts {
    pub party: Party,
    pub course: Course,
}

/// Who connects.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    // Files of signatures write it with a hyphen.
    #[serde(alias = "edge-agent")]
    EdgeAgent,
    #[serde(alias = "edge-hub")]
    EdgeHub,
}

/// What became of the attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Course {
    /// Each lasted until its timeout.
    Silent,
    /// Each ended at once.
    Refused,
    /// Some lasted and some did not.
    Mixed,
    /// Nothing tells how long they lasted.
    Untimed,
    /// The first choice failed, the second connected.
    Fallback,
}
