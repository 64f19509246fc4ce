//! The report as JSON: one document, or one line for each thing as it happens.

use std::io;

use edgeprobe_probes::Observation;
use serde::Serialize;

use super::Report;

/// One JSON document, indented, with a line break at its end.
pub fn document(report: &Report) -> io::Result<String> {
    Ok(serde_json::to_string_pretty(report)? + "\n")
}

/// A line of NDJSON: an observation as it arrives, or the report without its observations at the
/// end.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'r> {
    Observation {
        observation: &'r Observation,
    },
    Verdict {
        schema: &'r str,
        tool: &'r super::Tool,
        run: &'r super::Run,
        target: &'r crate::verdict::Target,
        verdict: &'r crate::verdict::Verdict,
    },
}

/// The line for an observation.
pub fn observation_line(observation: &Observation) -> io::Result<String> {
    Ok(serde_json::to_string(&Line::Observation { observation })? + "\n")
}

/// The last line: everything but the observations, which went before.
pub fn verdict_line(report: &Report) -> io::Result<String> {
    let Report { schema, tool, run, target, verdict, .. } = report;
    Ok(serde_json::to_string(&Line::Verdict { schema, tool, run, target, verdict })? + "\n")
}

/// All lines of a run that is over.
pub fn lines(report: &Report) -> io::Result<String> {
    let mut lines = String::new();
    for observation in &report.observations {
        lines += &observation_line(observation)?;
    }
    Ok(lines + &verdict_line(report)?)
}
