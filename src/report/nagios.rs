//! The report as a plugin of Nagios, Icinga and their like prints it: one line with the state and
//! performance data, then lines of detail.
//!
//! The form is that of the Monitoring Plugins' development guidelines
//! (<https://www.monitoring-plugins.org/doc/guidelines.html>).

use std::fmt::Write as _;

use super::answer::{Answer, evidence_of};
use super::words::{say, word};
use super::{Report, ascii, legs};
use crate::language::{Language, Text};
use crate::verdict::{Cause, Confidence, Status};

/// Nagios 3 reads no more than 4 KiB of a plugin's output, NRPE 3 as well.
const MOST_BYTES: usize = 4_000;

/// At most this many remedies are shown for a cause; its own page has them all.
const MOST_REMEDIES: usize = 3;

/// The line for the state, and the details.
pub fn text(report: &Report, language: Language) -> String {
    let answer = Answer::from_report(report, language);
    let mut out = format!("EDGEPROBE {} - {}", state(answer.status), plain(&answer.summary));
    if let Some(cause) = answer.causes.first() {
        let likely = match cause.confidence {
            Confidence::Likely => ", likely",
            Confidence::Confirmed => "",
        };
        let _ = write!(out, " [{}{likely}]", cause.id);
    }
    let _ = writeln!(out, " | {}", performance(report));
    let more = plain(&word("nagios.more", language));
    for line in details(report, &answer, language) {
        if out.len() + line.len() + more.len() + 2 > MOST_BYTES {
            let _ = writeln!(out, "{more}");
            break;
        }
        let _ = writeln!(out, "{line}");
    }
    out
}

/// The guidelines' own words for the four states.
fn state(status: Status) -> &'static str {
    match status {
        Status::Healthy => "OK",
        Status::Degraded => "WARNING",
        Status::Blocked => "CRITICAL",
        Status::Inconclusive => "UNKNOWN",
    }
}

/// `'label'=value[unit];[warn];[crit];[min];[max]`, seconds throughout. A leg without a good answer
/// has no time, and so no entry.
fn performance(report: &Report) -> String {
    let mut entries = vec![format!("'time'={};;;0", seconds(report.run.duration_ms))];
    for leg in legs::from_report(report) {
        if let Some(milliseconds) = leg.milliseconds() {
            let label: String = format!("{}_{}", leg.vantage, leg.name)
                .trim_start_matches("bridge:")
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() || ".-".contains(c) { c } else { '_' })
                .collect();
            entries.push(format!("'{label}'={};;;0", seconds(milliseconds)));
        }
    }
    entries.join(" ")
}

fn seconds(milliseconds: f64) -> String {
    format!("{:.3}s", milliseconds / 1_000.0)
}

/// What follows the first line: each cause with its evidence and remedies, the outlook, what was not
/// tested.
fn details(report: &Report, answer: &Answer<'_>, language: Language) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = |label: &'static str, text: &str| {
        let text = Text::new("labelled").with("label", word(label, language)).with("text", text);
        lines.push(plain(&say(&text, language)));
    };
    for cause in &answer.causes {
        line("label.cause", &format!("{}. {}", cause.id, cause.summary));
        for sentence in evidence_of(cause, report, language) {
            line("label.evidence", &sentence);
        }
        for logged in &cause.logged {
            line("label.logged", &logged.summary);
        }
        for remedy in remedies(cause) {
            line("label.remedy", &remedy);
        }
        line("label.more", &format!("edgeprobe explain {}", cause.id));
    }
    if answer.status != Status::Healthy && report.vpn.is_none() {
        line("label.outlook", &report.verdict.outlook.edge_agent);
        line("label.outlook", &report.verdict.outlook.edge_hub);
    }
    for missing in &report.verdict.not_tested {
        let text = Text::new("not_tested").with("what", &missing.what).with("why", &missing.why);
        line("label.not_tested", &say(&text, language));
    }
    lines
}

/// What to do, each with its command. A command with a pipe is left out: the pipe would begin
/// performance data.
fn remedies(cause: &Cause) -> impl Iterator<Item = String> {
    cause.remedy.iter().take(MOST_REMEDIES).map(|remedy| {
        let command = remedy.command.as_deref().filter(|command| !command.contains('|'));
        match command {
            Some(command) => format!("{} {command}", remedy.text),
            None => remedy.text.clone(),
        }
    })
}

/// One line without the mark that begins performance data.
fn plain(text: &str) -> String {
    let text = ascii::marks(text).replace('|', "/");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
