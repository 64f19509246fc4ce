//! The report for a person: the answer first, then the evidence, what to do, and what was asked.

use std::fmt::Write as _;

use edgeprobe_facts::Observation;

use super::Report;
use super::style::{BOLD, DIM, for_status, labelled, paint};
use super::words::{self, say, word};
use crate::language::{Language, Text};
use crate::verdict::{Cause, CauseId, Confidence, Status};

pub(super) mod evidence;
mod full;
mod logged;
pub mod logs;
mod settings;
mod table;
pub mod vpn;

pub use full::full;

/// How much is printed.
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

/// The report as text with styles; the printer removes them where the output has none.
pub fn text(report: &Report, detail: Detail, language: Language) -> String {
    let verdict = &report.verdict;
    let mut out = headline(report, language);
    for cause in &verdict.causes {
        out += &about(cause, &verdict.summary, report, language);
    }
    out += &logged::section(report, language);
    out += &unexplained(report, language);
    if verdict.status != Status::Healthy {
        out += "\n";
        out += &line(&word("label.outlook", language), &verdict.outlook.edge_agent);
        out += &line("", &verdict.outlook.edge_hub);
    }
    let probed = table::render(&report.observations, &report.target, language);
    if !probed.is_empty() {
        let _ = write!(out, "\n{probed}");
    }
    out += &settings::section(&report.target, language);
    out += &left_open(report, detail, language);
    if detail == Detail::Verbose {
        out += &everything(report, language);
    }
    out
}

/// The verdict and its sentence, in the first line.
fn headline(report: &Report, language: Language) -> String {
    let verdict = &report.verdict;
    let word = words::status(verdict.status, language).to_uppercase();
    let label = match verdict.confidence {
        Confidence::Confirmed => word.clone(),
        likely @ Confidence::Likely => {
            let likely = words::confidence(likely, language);
            say(&Text::new("headline").with("status", &word).with("confidence", likely), language)
        }
    };
    let indent = (label.chars().count() + 2).max(LABEL);
    let wrapped = labelled(&label, indent, &verdict.summary);
    let rest = wrapped.strip_prefix(word.as_str()).unwrap_or_default();
    format!("{}{rest}\n", paint(for_status(verdict.status), &word))
}

/// One cause: its id, its sentence where the headline has not said it, its evidence, what to do.
fn about(cause: &Cause, headline: &str, report: &Report, language: Language) -> String {
    let mut out = String::from("\n");
    let id = paint(BOLD, cause.id.word());
    let confidence = words::confidence(cause.confidence, language);
    let _ = writeln!(out, "{:<LABEL$}{id}, {confidence}", word("label.cause", language));
    if cause.summary != headline {
        out += &line("", &cause.summary);
    }
    let evidence = cause
        .evidence
        .iter()
        .filter_map(|id| report.observations.iter().find(|observation| observation.id == *id));
    for (index, observation) in evidence::the_telling(evidence).into_iter().enumerate() {
        let label = first(index, "label.evidence", language);
        out += &line(&label, &evidence::sentence(observation, language));
    }
    for (index, logged) in cause.logged.iter().enumerate() {
        out += &line(&first(index, "label.logged", language), &logged.summary);
    }
    if let Some(would_confirm) = &cause.would_confirm {
        out += &line(&word("label.confirm", language), would_confirm);
    }
    for (index, remedy) in cause.remedy.iter().take(MOST_REMEDIES).enumerate() {
        let label = first(index, "label.remedy", language);
        let numbered = format!("{label:<LABEL$}{}. ", index + 1);
        out += &labelled(&numbered, LABEL + 3, &remedy.text);
        out.push('\n');
        if let Some(command) = &remedy.command {
            let _ = writeln!(out, "{:LABEL$}     {}", "", paint(BOLD, command));
        }
    }
    let more = paint(DIM, &format!("edgeprobe explain {}", cause.id));
    let _ = writeln!(out, "{:<LABEL$}{more}", word("label.more", language));
    out
}

/// Failures that no cause accounts for.
fn unexplained(report: &Report, language: Language) -> String {
    let mut out = String::new();
    for id in &report.verdict.unexplained {
        let Some(observation) = report.observations.iter().find(|o| o.id == *id) else { continue };
        let label = first(out.len(), "label.unexplained", language);
        out += &line(&label, &evidence::sentence(observation, language));
    }
    if out.is_empty() { out } else { format!("\n{out}") }
}

/// What was not tested, and what was ruled out.
fn left_open(report: &Report, detail: Detail, language: Language) -> String {
    let verdict = &report.verdict;
    let mut out = String::new();
    for (index, note) in verdict.notes.iter().enumerate() {
        out += &line(&first(index, "label.note", language), &note.text);
    }
    for (index, missing) in verdict.not_tested.iter().enumerate() {
        let label = first(index, "label.not_tested", language);
        let text = Text::new("not_tested").with("what", &missing.what).with("why", &missing.why);
        out += &line(&label, &say(&text, language));
    }
    if detail == Detail::Verbose {
        for (index, other) in verdict.ruled_out.iter().enumerate() {
            let label = first(index, "label.ruled_out", language);
            out += &line(&label, &cause_and_sentence(other.id, &other.because, language));
        }
    } else if verdict.status != Status::Healthy && !verdict.ruled_out.is_empty() {
        let ids: Vec<&str> = verdict.ruled_out.iter().map(|other| other.id.word()).collect();
        let text = Text::new("ruled_out").with("causes", ids.join(", "));
        out += &line(&word("label.ruled_out", language), &say(&text, language));
    }
    if out.is_empty() { out } else { format!("\n{out}") }
}

/// Every observation, in the order of the report.
pub fn everything(report: &Report, language: Language) -> String {
    let mut out = String::from("\n");
    for observation in &report.observations {
        out += &line("", &timed(observation, language));
    }
    out
}

/// An observation with its id and time.
fn timed(observation: &Observation, language: Language) -> String {
    let sentence = evidence::sentence(observation, language);
    format!("{:>6.0} ms  {}  [{}]", observation.duration_ms, sentence, observation.id)
}

/// A cause's id and a sentence about it.
pub(crate) fn cause_and_sentence(cause: CauseId, sentence: &str, language: Language) -> String {
    let text = Text::new("cause_and_sentence").with("cause", cause).with("sentence", sentence);
    say(&text, language)
}

/// The label of a block's first line; the others have none.
fn first(index: usize, key: &'static str, language: Language) -> String {
    if index == 0 { word(key, language) } else { String::new() }
}

fn line(label: &str, text: &str) -> String {
    labelled(label, LABEL, text) + "\n"
}
