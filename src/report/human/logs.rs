//! What logs show, for a person: the answer first, then each finding with its line, what to do.

use std::fmt::Write as _;

use crate::logs::{Finding, LogReport, State};
use crate::report::style::{BOLD, DIM, WIDTH, labelled, of, paint};
use crate::verdict::{Confidence, Status};

/// The width of the column of labels.
const LABEL: usize = 12;

/// At most this many remedies are shown for a cause; its own page has them all.
const MOST_REMEDIES: usize = 3;

/// At most this many findings are shown; `--format json` has them all.
const MOST_FINDINGS: usize = 12;

/// Characters that are shown of a log's line.
const TEXT: usize = 200;

/// The report as text, with styles; whoever prints it takes them out where they do not belong.
pub fn text(report: &LogReport) -> String {
    let verdict = &report.verdict;
    let word = verdict.status.to_string().to_uppercase();
    let likely = verdict.confidence == Confidence::Likely && verdict.status != Status::Inconclusive;
    let label = format!("{word}{}", if likely { " (likely)" } else { "" });
    let wrapped = labelled(&label, (label.len() + 2).max(LABEL), &verdict.summary);
    let rest = wrapped.strip_prefix(word.as_str()).unwrap_or_default();
    let mut out = format!("{}{rest}\n", paint(of(verdict.status), &word));
    out += &causes(report);
    let mut findings: Vec<&Finding> = report.findings.iter().collect();
    // What lasts comes before what is over, what decides before what does not.
    findings.sort_by_key(|f| (f.state != State::Open, f.effect, f.candidates.len()));
    for finding in findings.iter().take(MOST_FINDINGS) {
        out += &about(finding, &verdict.summary);
    }
    if findings.len() > MOST_FINDINGS {
        let more = findings.len() - MOST_FINDINGS;
        let _ =
            write!(out, "\n{}\n", line("more", &format!("{more} findings more: --format json")));
    }
    out + &sources(report)
}

/// A finding that came while the logs were followed.
pub fn news(finding: &Finding) -> String {
    about(finding, "")
}

/// The causes: what decides with what to do, the others by name.
fn causes(report: &LogReport) -> String {
    let mut out = String::new();
    for cause in &report.verdict.causes {
        if cause.confidence == Confidence::Likely {
            continue;
        }
        let id = paint(BOLD, cause.id.word());
        let _ = write!(out, "\n{:<LABEL$}{id}, {}\n", "cause", cause.confidence);
        if cause.summary != report.verdict.summary {
            let _ = writeln!(out, "{}", line("", &cause.summary));
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
    }
    let left: Vec<&str> = report
        .verdict
        .causes
        .iter()
        .filter(|cause| cause.confidence == Confidence::Likely)
        .map(|cause| cause.id.word())
        .collect();
    if !left.is_empty() {
        let _ = write!(out, "\n{}\n", line("points to", &left.join(", ")));
    }
    if let Some(next) = &report.verdict.next {
        let _ = writeln!(out, "{}", line("next", &next.text));
        if let Some(command) = &next.command {
            let _ = writeln!(out, "{:LABEL$}  {}", "", paint(BOLD, command));
        }
    }
    if let (false, Some(first)) = (left.is_empty(), left.first()) {
        let more = paint(DIM, &format!("edgeprobe explain {first}"));
        let _ = writeln!(out, "{:<LABEL$}{more}", "more");
    }
    out
}

/// A finding: what, where, when, and the line itself.
fn about(finding: &Finding, headline: &str) -> String {
    let mut out = String::from("\n");
    let over = if finding.state == State::Recovered { ", over" } else { "" };
    let _ = writeln!(out, "{:<LABEL$}{}{over}", "finding", paint(BOLD, &finding.signature));
    if finding.summary != headline {
        let _ = writeln!(out, "{}", line("", &finding.summary));
    }
    let _ = writeln!(out, "{}", line("seen", &seen(finding)));
    if let Some(what) = course(finding) {
        let _ = writeln!(out, "{}", line("", &what));
    }
    let shown = edgeprobe_probes::clean::line(&finding.text, TEXT);
    for (index, part) in textwrap::wrap(&shown, WIDTH - LABEL).iter().enumerate() {
        let label = if index == 0 { "line" } else { "" };
        let _ = writeln!(out, "{label:<LABEL$}{}", paint(DIM, part));
    }
    let title = format!("\u{201c}{}\u{201d}", finding.documented.title);
    let _ = writeln!(out, "{}", line("documented", &title));
    let _ = writeln!(out, "{:LABEL$}{}", "", paint(DIM, &finding.documented.source));
    out
}

/// Where and when.
fn seen(finding: &Finding) -> String {
    let place = if finding.first_line == finding.last_line {
        format!("{}, line {}", finding.source, finding.first_line)
    } else {
        format!("{}, lines {} to {}", finding.source, finding.first_line, finding.last_line)
    };
    let times = match finding.count {
        1 => String::new(),
        count => format!(", {count} times"),
    };
    let when = match (&finding.first_at, &finding.last_at) {
        (Some(first), Some(last)) if first != last => format!(", from {first} to {last}"),
        (Some(at), _) | (_, Some(at)) => format!(", at {at}"),
        _ => String::new(),
    };
    let again = match finding.episodes {
        0 | 1 => String::new(),
        episodes => format!(", in {episodes} outages"),
    };
    let over = match &finding.recovered_at {
        Some(at) => format!("; over at {at}"),
        None => String::new(),
    };
    format!("{place}{times}{when}{again}{over}")
}

/// How long attempts lasted and what the process does, where the finding is about attempts.
fn course(finding: &Finding) -> Option<String> {
    let lasted = finding.details.get("attempt_ms").and_then(serde_json::Value::as_f64);
    let lasted = lasted.map(|ms| format!("an attempt lasts {:.1} s", ms / 1_000.0));
    let life =
        finding.details.get("life").and_then(|life| life.as_str()).and_then(|life| match life {
            "exits" => Some(
                "Edge Agent ends and is started again, as the previews of 2017 do (to \
             1.0.0-preview014)",
            ),
            "loops" => Some("Edge Agent goes on for ever, as it does from 1.0.0-preview015 on"),
            "log_ends" => Some(
                "the log ends with the last attempt; previews to 1.0.0-preview014 end there, later \
             versions go on",
            ),
            _ => None,
        });
    let parts: Vec<String> = lasted.into_iter().chain(life.map(str::to_owned)).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// What was read, and what of it was not.
fn sources(report: &LogReport) -> String {
    let mut out = String::new();
    for (index, source) in report.sources.iter().enumerate() {
        let label = if index == 0 { "read" } else { "" };
        let lines = if source.lines == 1 { "line" } else { "lines" };
        let time = match (&source.first_at, &source.last_at) {
            (Some(first), Some(last)) => format!(", {first} to {last}"),
            _ => String::new(),
        };
        let _ = writeln!(
            out,
            "{}",
            line(label, &format!("{}: {} {lines}{time}", source.name, source.lines))
        );
        for note in &source.notes {
            let _ = writeln!(out, "{}", line("", note));
        }
    }
    if out.is_empty() { out } else { format!("\n{out}") }
}

fn line(label: &str, text: &str) -> String {
    labelled(label, LABEL, text)
}
