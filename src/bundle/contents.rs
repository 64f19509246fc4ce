//! The list of an archive's contents.

use schemars::JsonSchema;
use serde::Serialize;

use super::item::{Cut, Item, Reason, What};
use crate::report::{Report, Tool};
use crate::verdict::{CauseId, Confidence, Status};

/// The name and version of this shape.
pub const SCHEMA: &str = "edgeprobe.bundle/1";

/// What an archive holds, and what it does not.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(title = "edgeprobe.bundle/1", extend("$id" = "urn:edgeprobe:bundle:1"))]
pub struct Contents {
    /// `edgeprobe.bundle/1`.
    pub schema: String,
    pub tool: Tool,
    /// In RFC 3339, UTC.
    pub created_at: String,
    /// Whether addresses and names were replaced.
    pub anonymised: bool,
    /// What the check said; absent where it could not be made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<BundleVerdict>,
    /// Every entry but this list, in both its forms.
    pub entries: Vec<Entry>,
    /// What would belong into it and is not there.
    pub left_out: Vec<LeftOut>,
}

/// The verdict in short.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct BundleVerdict {
    pub status: Status,
    pub confidence: Confidence,
    pub summary: String,
    pub causes: Vec<CauseId>,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Entry {
    pub path: String,
    pub what: What,
    /// The file, the program or the question that it comes from.
    pub source: String,
    /// Unpacked.
    pub bytes: u64,
    /// In RFC 3339, UTC.
    pub taken_at: String,
    /// How many places in it were masked, each shown as `…`.
    pub masked: usize,
    /// Why it is not whole; absent where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncated: Option<Cut>,
}

/// Something that is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LeftOut {
    /// The place that it would have.
    pub path: String,
    pub what: What,
    pub source: String,
    pub reason: Reason,
    /// In a line, in English; may be empty.
    pub detail: String,
}

impl BundleVerdict {
    fn from_report(report: &Report) -> Self {
        Self {
            status: report.verdict.status,
            confidence: report.verdict.confidence,
            summary: report.verdict.summary.clone(),
            causes: report.verdict.causes.iter().map(|cause| cause.id).collect(),
        }
    }
}

impl Contents {
    /// The list of these items, in the order of their paths.
    pub fn from_items(
        items: &[Item],
        report: Option<&Report>,
        created_at: String,
        anonymised: bool,
    ) -> Self {
        let mut entries = Vec::new();
        let mut left_out = Vec::new();
        for item in items {
            let Item { path, what, source, taken_at, content } = item.clone();
            match content {
                Ok(content) => entries.push(Entry {
                    path,
                    what,
                    source,
                    bytes: content.text.len() as u64,
                    taken_at,
                    masked: content.masked,
                    truncated: content.cut,
                }),
                Err(missing) => {
                    let (reason, detail) = (missing.reason, missing.detail);
                    left_out.push(LeftOut { path, what, source, reason, detail });
                }
            }
        }
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        left_out.sort_by(|one, other| (one.reason, &one.path).cmp(&(other.reason, &other.path)));
        let verdict = report.map(BundleVerdict::from_report);
        let schema = SCHEMA.to_owned();
        Self { schema, tool: Tool::this(), created_at, anonymised, verdict, entries, left_out }
    }

    /// The same list with the verdict as this report tells it, in another language perhaps.
    #[must_use]
    pub fn told_as(self, report: Option<&Report>) -> Self {
        Self { verdict: report.map(BundleVerdict::from_report), ..self }
    }

    /// How many places were masked in all entries.
    pub fn masked(&self) -> usize {
        self.entries.iter().map(|entry| entry.masked).sum()
    }

    /// The list as JSON.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).map_or_else(|_| String::new(), |text| text + "\n")
    }
}
