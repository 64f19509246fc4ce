//! What logs show, for a person: the answer first, then each finding with its line, what to do.

use std::fmt::Write as _;

use crate::language::{Language, Text, Word};
use crate::logs::{Finding, LogReport, Source, State};
use crate::report::style::{BOLD, DIM, WIDTH, for_status, labelled, paint};
use crate::report::words::{confidence, say, status, word};
use crate::verdict::{Confidence, Status};

/// The width of the column of labels.
const LABEL: usize = 12;

/// At most this many remedies are shown for a cause; its own page has them all.
const MOST_REMEDIES: usize = 3;

/// At most this many findings are shown; `--format json` has them all.
const MOST_FINDINGS: usize = 12;

/// Characters that are shown of a log's line.
const TEXT: usize = 200;

/// The report as text with styles; the printer removes them where the output has none.
pub fn text(report: &LogReport, language: Language) -> String {
    let verdict = &report.verdict;
    let said = status(verdict.status, language).to_uppercase();
    let likely = verdict.confidence == Confidence::Likely && verdict.status != Status::Inconclusive;
    let label = if likely {
        let likely = confidence(Confidence::Likely, language);
        say(&Text::new("headline").with("status", &said).with("confidence", likely), language)
    } else {
        said.clone()
    };
    let indent = (label.chars().count() + 2).max(LABEL);
    let wrapped = labelled(&label, indent, &verdict.summary);
    let rest = wrapped.strip_prefix(said.as_str()).unwrap_or_default();
    let mut out = format!("{}{rest}\n", paint(for_status(verdict.status), &said));
    out += &causes(report, language);
    let mut findings: Vec<&Finding> = report.findings.iter().collect();
    // What lasts comes before what is over, what decides before what does not.
    findings.sort_by_key(|f| (f.state != State::Open, f.effect, f.candidates.len()));
    for finding in findings.iter().take(MOST_FINDINGS) {
        out += &about(finding, &verdict.summary, language);
    }
    if findings.len() > MOST_FINDINGS {
        let more = Text::new("logs.more").with("count", findings.len() - MOST_FINDINGS);
        let _ = write!(out, "\n{}\n", line("label.more", &say(&more, language), language));
    }
    out + &sources(report, language)
}

/// A finding that came while the logs were followed.
pub fn news(finding: &Finding, language: Language) -> String {
    about(finding, "", language)
}

/// The causes: what decides with what to do, the others by name.
fn causes(report: &LogReport, language: Language) -> String {
    let mut out = String::new();
    let more = |id| {
        let more = paint(DIM, &format!("edgeprobe explain {id}"));
        format!("{:<LABEL$}{more}\n", word("label.more", language))
    };
    for cause in &report.verdict.causes {
        if cause.confidence == Confidence::Likely {
            continue;
        }
        let id = paint(BOLD, cause.id.word());
        let sure = confidence(cause.confidence, language);
        let _ = write!(out, "\n{:<LABEL$}{id}, {sure}\n", word("label.cause", language));
        if cause.summary != report.verdict.summary {
            let _ = writeln!(out, "{}", beside(&cause.summary));
        }
        for (index, remedy) in cause.remedy.iter().take(MOST_REMEDIES).enumerate() {
            let label = if index == 0 { word("label.remedy", language) } else { String::new() };
            let numbered = format!("{label:<LABEL$}{}. ", index + 1);
            out += &labelled(&numbered, LABEL + 3, &remedy.text);
            out.push('\n');
            if let Some(command) = &remedy.command {
                let _ = writeln!(out, "{:LABEL$}     {}", "", paint(BOLD, command));
            }
        }
        out += &more(cause.id);
    }
    let left: Vec<&str> = report
        .verdict
        .causes
        .iter()
        .filter(|cause| cause.confidence == Confidence::Likely)
        .map(|cause| cause.id.word())
        .collect();
    if !left.is_empty() {
        let _ = write!(out, "\n{}\n", line("label.points_to", &left.join(", "), language));
    }
    if let Some(next) = &report.verdict.next {
        let _ = writeln!(out, "{}", line("label.next", &next.text, language));
        if let Some(command) = &next.command {
            let _ = writeln!(out, "{:LABEL$}  {}", "", paint(BOLD, command));
        }
    }
    let likely = report.verdict.causes.iter().find(|c| c.confidence == Confidence::Likely);
    out + &likely.map(|cause| more(cause.id)).unwrap_or_default()
}

/// A finding: what, where, when, and the line itself.
fn about(finding: &Finding, headline: &str, language: Language) -> String {
    let mut out = String::from("\n");
    let signature = paint(BOLD, &finding.signature);
    let over = match finding.state {
        State::Recovered => format!(", {}", word("logs.over", language)),
        State::Open => String::new(),
    };
    let _ = writeln!(out, "{:<LABEL$}{signature}{over}", word("label.finding", language));
    if finding.summary != headline {
        let _ = writeln!(out, "{}", beside(&finding.summary));
    }
    let _ = writeln!(out, "{}", line("label.seen", &seen(finding, language), language));
    if let Some(what) = course(finding, language) {
        let _ = writeln!(out, "{}", beside(&what));
    }
    let shown = edgeprobe_facts::clean::line(&finding.text, TEXT);
    for (index, part) in textwrap::wrap(&shown, WIDTH - LABEL).iter().enumerate() {
        let label = if index == 0 { word("label.line", language) } else { String::new() };
        let _ = writeln!(out, "{label:<LABEL$}{}", paint(DIM, part));
    }
    let title = Text::new("quoted").with("text", &finding.documented.title);
    let _ = writeln!(out, "{}", line("label.documented", &say(&title, language), language));
    let _ = writeln!(out, "{:LABEL$}{}", "", paint(DIM, &finding.documented.source));
    out
}

/// Where and when.
fn seen(finding: &Finding, language: Language) -> String {
    let single = finding.first_line == finding.last_line;
    let place = Text::new(if single { "logs.line" } else { "logs.lines" })
        .with("log", &finding.source)
        .with("first", finding.first_line)
        .with("last", finding.last_line);
    let mut parts = vec![place];
    if finding.count != 1 {
        parts.push(Text::new("logs.times").with("count", finding.count));
    }
    match (&finding.first_at, &finding.last_at) {
        (Some(first), Some(last)) if first != last => {
            parts.push(Text::new("logs.from_to").with("first", first).with("last", last));
        }
        (Some(at), _) | (_, Some(at)) => parts.push(Text::new("logs.at").with("time", at)),
        _ => {}
    }
    if finding.episodes > 1 {
        parts.push(Text::new("logs.outages").with("count", finding.episodes));
    }
    let said: Vec<String> = parts.iter().map(|part| say(part, language)).collect();
    let said = said.join(", ");
    let Some(at) = &finding.recovered_at else { return said };
    say(&Text::new("logs.seen_over").with("seen", said).with("time", at), language)
}

/// How long attempts lasted and what the process does, where the finding is about attempts.
fn course(finding: &Finding, language: Language) -> Option<String> {
    let lasted = finding.details.get("attempt_ms").and_then(serde_json::Value::as_f64);
    let lasted =
        lasted.map(|ms| Text::new("logs.lasted").with("seconds", Word::figure(ms / 1_000.0, 1)));
    let lasted = lasted.map(|text| say(&text, language));
    let life = match finding.details.get("life").and_then(serde_json::Value::as_str) {
        Some("exits") => Some("logs.exits"),
        Some("loops") => Some("logs.loops"),
        Some("log_ends") => Some("logs.log_ends"),
        _ => None,
    };
    match (lasted, life.map(|key| word(key, language))) {
        (Some(lasted), Some(life)) => {
            let both = Text::new("logs.course").with("lasted", lasted).with("life", life);
            Some(say(&both, language))
        }
        (lasted, life) => lasted.or(life),
    }
}

/// What was read, and what of it was not.
fn sources(report: &LogReport, language: Language) -> String {
    let mut out = String::new();
    for (index, source) in report.sources.iter().enumerate() {
        let read = read(source, language);
        let first = if index == 0 { line("label.read", &read, language) } else { beside(&read) };
        let _ = writeln!(out, "{first}");
        for note in &source.notes {
            let _ = writeln!(out, "{}", beside(note));
        }
    }
    if out.is_empty() { out } else { format!("\n{out}") }
}

fn read(source: &Source, language: Language) -> String {
    let one = source.lines == 1;
    let count = Text::new(if one { "logs.one_line" } else { "logs.count_lines" });
    let count = say(&count.with("count", source.lines), language);
    let text = match (&source.first_at, &source.last_at) {
        (Some(first), Some(last)) => {
            Text::new("logs.read_timed").with("first", first).with("last", last)
        }
        _ => Text::new("logs.read"),
    };
    say(&text.with("log", &source.name).with("lines", count), language)
}

fn line(label: &'static str, text: &str, language: Language) -> String {
    labelled(&word(label, language), LABEL, text)
}

/// A text in the second column, without a label.
fn beside(text: &str) -> String {
    labelled("", LABEL, text)
}
