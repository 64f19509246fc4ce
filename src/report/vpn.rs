//! What `edgeprobe vpn` adds to a report: its answer, and what has changed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Report;
use super::human::vpn::answer;
use crate::language::Language;
use crate::verdict::Status;

/// The answer of `edgeprobe vpn`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VpnAnswer {
    /// Does a VPN override the edge network?
    pub answer: YesOrNo,
    /// The answer in a sentence.
    pub summary: String,
    /// Under `--watch`, what has come and gone since the look before, each as a line that `ip` would
    /// write behind `+` or `-`; absent in the first look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<Vec<String>>,
    /// What the present is compared with, under `--baseline`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Comparison>,
}

/// An answer that a script can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum YesOrNo {
    Yes,
    No,
    /// It is undecided; the observations and `not_tested` say what is missing.
    Undecided,
}

/// The present links, addresses, routes and rules compared with those of a baseline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// When the baseline was taken, in RFC 3339, UTC. That of this very run where it is a new one.
    pub taken_at: String,
    /// What has come and gone since, in the form of `changes`.
    pub changes: Vec<String>,
    /// Whether then or now there were more of them than are read, or they changed meanwhile: changes
    /// of the others are not in `changes`, and some that are may have been read at one time alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
}

impl VpnAnswer {
    /// What a report answers.
    pub fn from_report(report: &Report, language: Language) -> Self {
        let read = answer(report, language);
        let answer = match read.status {
            Status::Healthy => YesOrNo::No,
            Status::Degraded | Status::Blocked => YesOrNo::Yes,
            Status::Inconclusive => YesOrNo::Undecided,
        };
        Self { answer, summary: read.sentence, changes: None, baseline: None }
    }

    /// The same changes with the answer of a report that was judged anew.
    #[must_use]
    pub fn again(self, report: &Report, language: Language) -> Self {
        let Self { changes, baseline, .. } = self;
        Self { changes, baseline, ..Self::from_report(report, language) }
    }
}
