//! What an archive may hold: a text with where it is from, or why it is not there.

use edgeprobe_facts::mask::Masked;
use schemars::JsonSchema;
use serde::Serialize;

/// One thing that belongs into an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its place in the archive.
    pub path: String,
    pub what: What,
    /// The file, the program or the question that it comes from.
    pub source: String,
    /// When it was taken, in RFC 3339, UTC.
    pub taken_at: String,
    pub content: Result<Content, Missing>,
}

/// A text, without secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    pub text: String,
    /// How many places in it were masked.
    pub masked: usize,
    /// What is not all of it, and why.
    pub cut: Option<Cut>,
}

/// Why a text is not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cut {
    /// Its last lines alone are there.
    LastLines,
    /// Its begin alone is there, up to the most that an entry may have.
    Begin,
    /// The time was up.
    TimedOut,
    /// Reading broke off.
    BrokeOff,
}

/// Why something is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    pub reason: Reason,
    /// In a line, in English; may be empty.
    pub detail: String,
}

/// A reason in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// This user may not read it; root may.
    NotPermitted,
    /// The time was up.
    TimedOut,
    /// It is larger than an archive takes.
    TooLarge,
    /// The tool or service that was asked failed.
    Failed,
    /// No parser accepts it, so its secrets cannot be recognised.
    NotUnderstood,
    /// No container engine runs here.
    NoEngine,
    /// This device has no such file, program, container or unit.
    NotThere,
    /// It has nothing in it.
    Empty,
}

/// What an entry is, for a reader who looks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum What {
    Report,
    ReportText,
    Log,
    Configuration,
    Links,
    Addresses,
    Routes,
    Rules,
    Neighbours,
    KernelSettings,
    Resolver,
    Firewall,
    EngineVersion,
    EngineInfo,
    EngineNetwork,
    Container,
    System,
}

impl What {
    /// Whether its text is JSON; the report does not count.
    pub fn is_a_document(self) -> bool {
        matches!(
            self,
            Self::EngineVersion | Self::EngineInfo | Self::EngineNetwork | Self::Container
        )
    }

    /// The key of its words.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Report => "what.report",
            Self::ReportText => "what.report_text",
            Self::Log => "what.log",
            Self::Configuration => "what.configuration",
            Self::Links => "what.links",
            Self::Addresses => "what.addresses",
            Self::Routes => "what.routes",
            Self::Rules => "what.rules",
            Self::Neighbours => "what.neighbours",
            Self::KernelSettings => "what.kernel_settings",
            Self::Resolver => "what.resolver",
            Self::Firewall => "what.firewall",
            Self::EngineVersion => "what.engine_version",
            Self::EngineInfo => "what.engine_info",
            Self::EngineNetwork => "what.engine_network",
            Self::Container => "what.container",
            Self::System => "what.system",
        }
    }
}

impl Reason {
    /// The key of its words.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::NotPermitted => "reason.not_permitted",
            Self::TimedOut => "reason.timed_out",
            Self::TooLarge => "reason.too_large",
            Self::Failed => "reason.failed",
            Self::NotUnderstood => "reason.not_understood",
            Self::NoEngine => "reason.no_engine",
            Self::NotThere => "reason.not_there",
            Self::Empty => "reason.empty",
        }
    }

    /// Whether something is missing that is there; a device need not have everything.
    pub fn is_a_loss(self) -> bool {
        !matches!(self, Self::NotThere | Self::Empty)
    }
}

impl Cut {
    /// The key of its words.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::LastLines => "cut.last_lines",
            Self::Begin => "cut.begin",
            Self::TimedOut => "cut.timed_out",
            Self::BrokeOff => "cut.broke_off",
        }
    }
}

impl From<Masked> for Content {
    fn from(masked: Masked) -> Self {
        Self { text: masked.text, masked: masked.places, cut: None }
    }
}

impl Missing {
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }
}
