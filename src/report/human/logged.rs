//! What the device's logs show in addition to the causes.

use std::fmt::Write as _;

use super::{LABEL, MOST_REMEDIES, first, line};
use crate::language::{Language, Text};
use crate::report::Report;
use crate::report::style::{BOLD, labelled, paint};
use crate::report::words::say;
use crate::verdict::{CauseId, Logged, LoggedState};

/// Each fault that a log shows and no cause accounts for, with what it leaves and what to do.
pub(super) fn section(report: &Report, language: Language) -> String {
    report.verdict.logged.iter().map(|logged| one(logged, report, language)).collect()
}

fn one(logged: &Logged, report: &Report, language: Language) -> String {
    let mut said = Vec::new();
    if logged.summary != report.verdict.summary {
        said.push(logged.summary.clone());
    }
    // History needs no more than its line.
    if logged.state != LoggedState::Past {
        let of = |key: &'static str, causes: &[CauseId]| {
            let ids: Vec<&str> = causes.iter().map(|cause| cause.word()).collect();
            (!ids.is_empty()).then(|| say(&Text::new(key).with("causes", ids.join(", ")), language))
        };
        let is_out = |cause: &&CauseId| logged.ruled_out_now.contains(cause);
        let left: Vec<CauseId> =
            logged.candidates.iter().filter(|cause| !is_out(cause)).copied().collect();
        said.extend(of("logged_leaves", &left));
        said.extend(of("logged_out", &logged.ruled_out_now));
    }
    let mut out = String::from("\n");
    for (index, sentence) in said.iter().enumerate() {
        out += &line(&first(index, "label.logged", language), sentence);
    }
    for (index, remedy) in logged.remedy.iter().take(MOST_REMEDIES + 1).enumerate() {
        let label = first(index, "label.remedy", language);
        let numbered = format!("{label:<LABEL$}{}. ", index + 1);
        out += &labelled(&numbered, LABEL + 3, &remedy.text);
        out.push('\n');
        if let Some(command) = &remedy.command {
            let _ = writeln!(out, "{:LABEL$}     {}", "", paint(BOLD, command));
        }
    }
    if out.trim().is_empty() { String::new() } else { out }
}
