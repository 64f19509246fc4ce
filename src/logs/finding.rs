//! What a log shows, as values.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::time::Moment;
use super::writer::Place;
use crate::verdict::{CauseId, Documented, Effect};

/// One thing that a log shows, however often it shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The finding in a sentence.
    pub summary: String,
    /// Where the symptom is documented.
    pub documented: Documented,
    /// The causes that it points to, the most likely first; one alone is decided by the text.
    pub candidates: Vec<CauseId>,
    /// The sentence of the first candidate's page that it stands for, where the text says as much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// The signature that found it.
    pub signature: String,
    /// What it means for the device while it lasts.
    pub effect: Effect,
    pub state: State,
    /// The log that it stands in.
    pub source: String,
    /// The container that wrote it, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// Where its writer runs, where the line or the log tells: the host's own names and routes, or a
    /// container's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Line numbers, from 1.
    pub first_line: u64,
    pub last_line: u64,
    /// How many lines show it.
    pub count: u64,
    /// RFC 3339, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_at: Option<String>,
    /// When the last of its episodes began; absent where there is but one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_at: Option<String>,
    /// How often it began anew after it was over.
    #[serde(default, skip_serializing_if = "is_one")]
    pub episodes: u64,
    /// For what is over: the line that shows it, and its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovered_line: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovered_at: Option<String>,
    /// The last line that shows it, without secrets.
    pub text: String,
    /// What is drawn out of the lines: port, address, holder, image, client, …
    pub details: Map<String, Value>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands in references")]
fn is_one(episodes: &u64) -> bool {
    *episodes <= 1
}

/// Whether a finding's fault lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing after it shows that it is over.
    Open,
    /// A later line shows that it is over.
    Recovered,
}

/// A log that was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// A file's name, `container NAME`, `journal of UNIT`.
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    pub lines: u64,
    pub bytes: u64,
    /// The times of its first and last lines that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_at: Option<String>,
    /// What of it was not read, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// What one log shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Scanned {
    pub source: Source,
    pub findings: Vec<Finding>,
    /// Whether a line tells of a connection to IoT Hub, and the last such connection stands.
    pub connected: bool,
    /// The signatures of the successes that it tells of, and when each was last seen.
    #[serde(default)]
    pub successes: BTreeMap<String, Option<Moment>>,
}
