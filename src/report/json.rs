//! The report as JSON: one document, or one line for each thing as it happens.

use std::io;

use edgeprobe_facts::Observation;
use serde::Serialize;

use super::vpn::VpnAnswer;
use super::{Report, Run, Tool, layout};
use crate::verdict::{Target, Verdict};

/// One JSON document with a line break at its end. Each observation is one line, so that a comparison
/// of two documents by lines shows which observations differ.
pub fn document(report: &Report) -> io::Result<String> {
    let rest = layout::indented(&Rest::from_report(report))?;
    let mut text = rest.strip_suffix("\n}").unwrap_or(&rest).to_owned();
    text += ",\n  \"observations\": [";
    for (index, observation) in report.observations.iter().enumerate() {
        text += if index > 0 { ",\n    " } else { "\n    " };
        text += &layout::one_line(observation)?;
    }
    Ok(text + "\n  ]\n}\n")
}

/// One JSON document on one line, for a stream of documents.
pub fn document_line(report: &Report) -> io::Result<String> {
    Ok(serde_json::to_string(report)? + "\n")
}

/// A line of NDJSON: an observation as it arrives, or the report without its observations at the
/// end.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'r> {
    Observation {
        observation: &'r Observation,
    },
    Verdict(Rest<'r>),
    /// What a change has brought, under `vpn --watch`.
    Change(Rest<'r>),
}

/// A report without its observations.
#[derive(Serialize)]
struct Rest<'r> {
    schema: &'r str,
    tool: &'r Tool,
    run: &'r Run,
    target: &'r Target,
    verdict: &'r Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    vpn: Option<&'r VpnAnswer>,
}

impl<'r> Rest<'r> {
    fn from_report(report: &'r Report) -> Self {
        let Report { schema, tool, run, target, verdict, vpn, .. } = report;
        Self { schema, tool, run, target, verdict, vpn: vpn.as_ref() }
    }
}

/// The line for an observation.
pub fn observation_line(observation: &Observation) -> io::Result<String> {
    Ok(serde_json::to_string(&Line::Observation { observation })? + "\n")
}

/// The last line: everything but the observations, which went before.
pub fn verdict_line(report: &Report) -> io::Result<String> {
    Ok(serde_json::to_string(&Line::Verdict(Rest::from_report(report)))? + "\n")
}

/// The one line for a change that was watched: all but the observations.
pub fn change_line(report: &Report) -> io::Result<String> {
    Ok(serde_json::to_string(&Line::Change(Rest::from_report(report)))? + "\n")
}

/// All lines of a run that is over.
pub fn lines(report: &Report) -> io::Result<String> {
    let mut lines = String::new();
    for observation in &report.observations {
        lines += &observation_line(observation)?;
    }
    Ok(lines + &verdict_line(report)?)
}
