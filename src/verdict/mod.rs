//! From observations to a verdict. Pure: nothing here reads, writes, waits or knows the time.
//!
//! [`judge`] is a function: the same observations give the same verdict, here or on another
//! machine, today or in a year. Each rule in `causes` says what proves its cause, what refutes it
//! and which failures it would bring about; `cover` picks the smallest set of proved causes that
//! explains every failure; `reach` reads, apart from all causes, what works and what does not.

mod attributes;
mod catalogue;
mod causes;
mod chance;
mod clouds;
mod consequences;
mod cover;
mod cut_short;
mod evidence;
mod failures;
mod judge;
mod logged;
mod loss;
mod modules_unasked;
mod needs;
mod nested;
mod not_tested;
mod notes;
mod outlook;
mod own_lack;
mod proxies;
mod reach;
mod rule;
mod status;
mod summary;
mod translation;
mod with_a_proxy;
mod words;

pub use attributes::{Party, PeerInALog};
pub use catalogue::{Entry, LookAlike, Platform, RemedyText, entry};
pub use causes::{CauseId, UnknownCause};
pub use clouds::{Doubt, provisioning_in_cloud_of};
pub use edgeprobe_facts::Effect;
pub use edgeprobe_language::Language;
pub use judge::judge;
pub use logged::words_of;
pub use modules_unasked::modules_unasked;
pub use nested::PARENT_PORT;
pub use proxies::{GLOBAL_PROVISIONING, GivenProxy, Way};
pub use translation::{failure, flaw, refusal, subject, token};
pub use words::vpn;

use std::fmt;

use edgeprobe_facts::endpoint::Transport;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the device is meant to reach, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    /// The IoT Hub's host name; empty where none is known, so that nothing was asked of one.
    pub hub: String,
    /// The parent device, in nested edge, where it was named: Edge Agent then connects to it, and
    /// the hub is no need of this device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The transports that Edge Agent may use, its first choice first.
    pub protocols: Vec<Transport>,
    /// The local ports that Edge Hub maps.
    pub ports: Vec<u16>,
    /// The hub is an embedded one on localhost, as a demonstration has it: there, and only there,
    /// localhost is an address that a hub can have.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub embedded: bool,
    /// The proxy that the run was told of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<GivenProxy>,
    /// The provisioning service that was named for this run, whatever the runtime's configuration
    /// says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioning: Option<String>,
    /// The container network that was named for the runtime; absent where it is the runtime's own
    /// default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// The run was to ask from the host alone (`--vantage host`), which is then enough for a healthy
    /// verdict.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub host_alone: bool,
    /// Where these come from.
    #[serde(default, skip_serializing_if = "Sources::is_empty")]
    pub sources: Sources,
}

/// Where each part of the target comes from: an option, a variable, a file or a container. What is
/// absent is a default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Sources {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocols: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ports: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
}

impl Sources {
    /// Whether nothing is known of them.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What the observations mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    pub status: Status,
    pub confidence: Confidence,
    /// One sentence for a person.
    pub summary: String,
    pub outlook: Outlook,
    /// The root cause first, then independent causes.
    pub causes: Vec<Cause>,
    /// Causes that could have been, and what speaks against each.
    pub ruled_out: Vec<RuledOut>,
    /// Failed observations that no cause explains, by id.
    pub unexplained: Vec<String>,
    /// What this run could not or was told not to examine.
    pub not_tested: Vec<NotTested>,
    /// What is worth knowing and is no fault.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// Faults that the device's logs show and that no cause explains.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logged: Vec<Logged>,
}

/// The verdict in a word. Its number is the exit code.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Edge Agent reaches the hub by its first choice, and Edge Hub can start.
    Healthy = 0,
    /// It works, at a cost or a risk.
    Degraded = 1,
    /// Edge Agent cannot reach the hub on any transport it may use, or Edge Hub cannot start.
    Blocked = 2,
    /// The evidence does not decide.
    Inconclusive = 3,
}

impl Status {
    /// The exit code: those of the Monitoring Plugins.
    pub fn exit_code(self) -> u8 {
        self as u8
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Blocked => "blocked",
            Self::Inconclusive => "inconclusive",
        })
    }
}

/// How sure a statement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// There is a positive proof, and nothing is left open.
    Confirmed,
    /// The evidence points to it, and something that would settle it was not or could not be seen.
    Likely,
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Confirmed => "confirmed",
            Self::Likely => "likely",
        })
    }
}

/// What the runtime will do on this device, in a sentence each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outlook {
    pub edge_agent: String,
    pub edge_hub: String,
    /// The observations that the two sentences rest on.
    #[serde(default, skip_serializing_if = "OutlookEvidence::is_empty")]
    pub evidence: OutlookEvidence,
}

/// The observations that an outlook rests on, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct OutlookEvidence {
    /// Edge Agent's transports as they were tried from where it runs, or what keeps it from them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub edge_agent: Vec<String>,
    /// Edge Hub's ports.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub edge_hub: Vec<String>,
}

impl OutlookEvidence {
    /// Whether nothing was observed that the outlook could rest on.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A cause that the verdict names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cause {
    pub id: CauseId,
    pub confidence: Confidence,
    pub effect: Effect,
    /// What is wrong, in a sentence with this device's own facts.
    pub summary: String,
    /// Where the cause is documented.
    pub documented: Documented,
    /// The observations that prove it, by id.
    pub evidence: Vec<String>,
    /// What would confirm it, where it is likely; absent where it is confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub would_confirm: Option<String>,
    /// What the device's logs say of it: a proof of another kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logged: Vec<Logged>,
    /// What to do, the first thing first.
    pub remedy: Vec<Remedy>,
    /// What else is known, by cause: for `port-in-use` the `port`, `address` and `owner`.
    #[serde(flatten)]
    pub details: serde_json::Map<String, serde_json::Value>,
}

/// A page that documents a cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Documented {
    pub title: String,
    /// An address on the web.
    pub source: String,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Remedy {
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// A fault that one of the device's logs shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Logged {
    pub state: LoggedState,
    /// What the log shows, when and how often, in a sentence.
    pub summary: String,
    /// The text that was found, by the id of its signature.
    pub signature: String,
    /// The log: a file's name, `container NAME`, `journal of UNIT`.
    pub source: String,
    /// When it was seen first, when the last of its episodes began, and when it was seen last: RFC
    /// 3339, UTC. Absent for lines without a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_at: Option<String>,
    /// How many lines or attempts show it.
    pub count: u64,
    /// The causes that it points to, the most likely first.
    pub candidates: Vec<CauseId>,
    /// Those of them that this run rules out as of now; they may have been there then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ruled_out_now: Vec<CauseId>,
    /// The observation of the log, by id.
    pub evidence: Vec<String>,
    /// What to do, the first thing first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remedy: Vec<Remedy>,
}

/// How a log's fault compares with what the probes saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LoggedState {
    /// The probes prove the same cause.
    Agrees,
    /// The log shows it up to now, and the probes succeed: it comes and goes, or no probe without the
    /// device's identity meets it.
    Intermittent,
    /// The log shows it up to now, and the probes did not test what it points to, or fail as well.
    Open,
    /// The log itself shows that it is over, or it was seen too long ago to say anything of now.
    Past,
}

/// A cause that could have been and was not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuledOut {
    pub id: CauseId,
    pub because: String,
    /// The observations that refute it, by id.
    pub evidence: Vec<String>,
}

/// Something that is worth knowing and is no fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    pub text: String,
    /// The observations that show it, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

/// Something that this run did not examine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotTested {
    pub what: String,
    /// The reason, and what would test it.
    pub why: String,
    /// The observations that show the reason, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}
