//! The report for a person: the answer first, then the evidence, what to do, and what was asked.

use std::fmt::Write as _;

use edgeprobe_probes::Observation;

use super::Report;
use super::style::{BOLD, DIM, labelled, of, paint};
use crate::verdict::{Cause, Confidence, Status};

mod evidence;
mod full;
mod table;
pub mod vpn;

pub use full::full;

/// How much is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// What a person needs to act.
    #[default]
    Normal,
    /// Also every observation, and why each other cause is ruled out.
    Verbose,
}

/// The width of the column of labels.
const LABEL: usize = 12;

/// At most this many remedies are shown for a cause; its own page has them all.
const MOST_REMEDIES: usize = 3;

/// The report as text, with styles; whoever prints it takes them out where they do not belong.
pub fn text(report: &Report, detail: Detail) -> String {
    let verdict = &report.verdict;
    let mut out = headline(report);
    for cause in &verdict.causes {
        out += &about(cause, &verdict.summary, report);
    }
    out += &unexplained(report);
    if verdict.status != Status::Healthy {
        out += "\n";
        out += &line("outlook", &verdict.outlook.edge_agent);
        out += &line("", &verdict.outlook.edge_hub);
    }
    let probed = table::of(&report.observations, &report.target);
    if !probed.is_empty() {
        let _ = write!(out, "\n{probed}");
    }
    out += &left_open(report, detail);
    if detail == Detail::Verbose {
        out += &everything(report);
    }
    out
}

/// The verdict in its first line, with its sentence beside it.
fn headline(report: &Report) -> String {
    let verdict = &report.verdict;
    let word = verdict.status.to_string().to_uppercase();
    let likely = if verdict.confidence == Confidence::Likely { " (likely)" } else { "" };
    let label = format!("{word}{likely}");
    let indent = (label.len() + 2).max(LABEL);
    let wrapped = labelled(&label, indent, &verdict.summary);
    let rest = wrapped.strip_prefix(word.as_str()).unwrap_or_default();
    format!("{}{rest}\n", paint(of(verdict.status), &word))
}

/// One cause: its id, its sentence where the headline has not said it, its evidence, what to do.
fn about(cause: &Cause, headline: &str, report: &Report) -> String {
    let mut out = String::from("\n");
    let id = paint(BOLD, cause.id.word());
    let _ = writeln!(out, "{:<LABEL$}{id}, {}", "cause", cause.confidence);
    if cause.summary != headline {
        out += &line("", &cause.summary);
    }
    let evidence = cause
        .evidence
        .iter()
        .filter_map(|id| report.observations.iter().find(|observation| observation.id == *id));
    for (index, observation) in evidence::the_telling(evidence).into_iter().enumerate() {
        out += &line(if index == 0 { "evidence" } else { "" }, &evidence::sentence(observation));
    }
    for (index, remedy) in cause.remedy.iter().take(MOST_REMEDIES).enumerate() {
        let label = if index == 0 { "what to do" } else { "" };
        let numbered = format!("{label:<LABEL$}{}. ", index + 1);
        out += &labelled(&numbered, LABEL + 3, &remedy.text);
        out.push('\n');
        if let Some(command) = &remedy.command {
            let _ = writeln!(out, "{:LABEL$}     {}", "", paint(BOLD, command));
        }
    }
    let more = paint(DIM, &format!("edgeprobe explain {}", cause.id));
    let _ = writeln!(out, "{:<LABEL$}{more}", "more");
    out
}

/// Failures that no cause accounts for.
fn unexplained(report: &Report) -> String {
    let mut out = String::new();
    for id in &report.verdict.unexplained {
        let Some(observation) = report.observations.iter().find(|o| o.id == *id) else { continue };
        let label = if out.is_empty() { "unexplained" } else { "" };
        out += &line(label, &evidence::sentence(observation));
    }
    if out.is_empty() { out } else { format!("\n{out}") }
}

/// What was not tested, and what was ruled out.
fn left_open(report: &Report, detail: Detail) -> String {
    let verdict = &report.verdict;
    let mut out = String::new();
    for (index, missing) in verdict.not_tested.iter().enumerate() {
        let label = if index == 0 { "not tested" } else { "" };
        out += &line(label, &format!("{}. {}", missing.what, missing.why));
    }
    if detail == Detail::Verbose {
        for (index, other) in verdict.ruled_out.iter().enumerate() {
            let label = if index == 0 { "ruled out" } else { "" };
            out += &line(label, &format!("{}: {}", other.id, other.because));
        }
    } else if verdict.status != Status::Healthy && !verdict.ruled_out.is_empty() {
        let ids: Vec<&str> = verdict.ruled_out.iter().map(|other| other.id.word()).collect();
        out += &line("ruled out", &format!("{} (--verbose says why)", ids.join(", ")));
    }
    if out.is_empty() { out } else { format!("\n{out}") }
}

/// Every observation, in the order of their answers.
fn everything(report: &Report) -> String {
    let mut out = String::from("\n");
    for observation in &report.observations {
        out += &line("", &timed(observation));
    }
    out
}

/// An observation with its id and time.
fn timed(observation: &Observation) -> String {
    let sentence = evidence::sentence(observation);
    format!("{:>6.0} ms  {}  [{}]", observation.duration_ms, sentence, observation.id)
}

fn line(label: &str, text: &str) -> String {
    labelled(label, LABEL, text) + "\n"
}
