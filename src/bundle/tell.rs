//! The contents list for people, and what is said when an archive is written.

use std::collections::BTreeMap;

use edgeprobe_facts::mask::MASK;

use super::contents::{Contents, Entry, LeftOut};
use super::item::Reason;
use super::words::{say, word};
use crate::language::{Language, Text};
use crate::report::style::{BOLD, for_status, labelled, paint, paragraphs};
use crate::report::words::status;

/// The width of the column of labels.
const LABEL: usize = 12;

/// So many paths are named for one reason in the summary; the list has all.
const MOST_PATHS: usize = 3;

/// The contents list as a file of the archive.
pub fn listing(contents: &Contents, language: Language) -> String {
    let title = Text::new("title")
        .with("version", &contents.tool.version)
        .with("when", &contents.created_at);
    let names = if contents.anonymised { "list.anonymised" } else { "list.not_anonymised" };
    let flowing = |text: &str, indent: usize| paragraphs(text, indent).trim_end().to_owned();
    let mut lines =
        vec![say(&title, language), String::new(), flowing(&verdict(contents, language), 0)];
    for key in ["list.before_sending", "list.masked", names, "list.replay"] {
        let text = Text::new(key).with("mark", MASK);
        lines.extend([String::new(), flowing(&say(&text, language), 0)]);
    }
    lines.extend([String::new(), word("list.entries", language), String::new()]);
    for entry in &contents.entries {
        lines.push(format!("{}  ({})", entry.path, size(entry.bytes, language)));
        lines.push(flowing(&about(entry, language), 4));
    }
    lines.extend([String::new(), word("list.left_out", language), String::new()]);
    if contents.left_out.is_empty() {
        lines.push(word("list.nothing_left_out", language));
    }
    for missing in &contents.left_out {
        lines.extend([missing.path.clone(), flowing(&why(missing, language), 4)]);
    }
    lines.join("\n") + "\n"
}

/// What is said of an archive that was written to a file, or to standard output.
pub fn summary(contents: &Contents, file: Option<&str>, bytes: u64, language: Language) -> String {
    let file = file.map_or_else(|| word("summary.standard_output", language), str::to_owned);
    let line = |key: &'static str, text: &str| {
        let label = if key.is_empty() { String::new() } else { word(key, language) };
        labelled(&label, LABEL, text) + "\n"
    };
    let written = Text::new("summary.written")
        .with("file", file)
        .with("size", size(bytes, language))
        .with("count", contents.entries.len() + 2);
    let mut out = format!("{}\n\n", paint(BOLD, &say(&written, language)));
    let told = line("summary.verdict", &verdict(contents, language));
    out += &match &contents.verdict {
        Some(verdict) => {
            let status = status(verdict.status, language);
            told.replacen(&status, &paint(for_status(verdict.status), &status), 1)
        }
        None => told,
    };
    let losses = losses(contents);
    let mut label = "summary.left_out";
    if losses.is_empty() {
        out += &line(label, &word("summary.nothing", language));
    }
    for ((reason, detail), paths) in losses {
        let because = because(reason, &detail, language);
        let named = paths.iter().take(MOST_PATHS).copied().collect::<Vec<_>>().join(", ");
        let rest = paths.len().saturating_sub(MOST_PATHS);
        let key = if rest > 0 { "summary.more" } else { "summary.reason" };
        let text = Text::new(key).with("paths", named).with("reason", because);
        let text = if rest > 0 { text.with("count", rest) } else { text };
        out += &line(label, &say(&text, language));
        label = "";
    }
    let masked =
        Text::new("summary.masked_places").with("count", contents.masked()).with("mark", MASK);
    out += &line("summary.masked", &say(&masked, language));
    out += &line("summary.next", &word("summary.look", language));
    if !contents.anonymised {
        out += &line("", &word("summary.anonymise", language));
    }
    out
}

fn verdict(contents: &Contents, language: Language) -> String {
    match &contents.verdict {
        Some(verdict) => {
            let text = Text::new("verdict").with("status", status(verdict.status, language));
            say(&text.with("summary", &verdict.summary), language)
        }
        None => word("no_verdict", language),
    }
}

fn about(entry: &Entry, language: Language) -> String {
    let from = Text::new("list.from")
        .with("what", word(entry.what.key(), language))
        .with("source", &entry.source);
    let mut told = say(&from, language);
    if entry.masked > 0 {
        let text = Text::new("list.masked_places").with("from", &told).with("count", entry.masked);
        told = say(&text, language);
    }
    if let Some(cut) = entry.truncated {
        let text = Text::new("list.truncated").with("from", &told);
        told = say(&text.with("cut", word(cut.key(), language)), language);
    }
    told
}

fn why(missing: &LeftOut, language: Language) -> String {
    let from = Text::new("list.from")
        .with("what", word(missing.what.key(), language))
        .with("source", &missing.source);
    let text = Text::new("list.why")
        .with("from", say(&from, language))
        .with("reason", because(missing.reason, &missing.detail, language));
    say(&text, language)
}

fn because(reason: Reason, detail: &str, language: Language) -> String {
    let reason = word(reason.key(), language);
    if detail.is_empty() {
        return reason;
    }
    say(&Text::new("list.reason").with("reason", reason).with("detail", detail), language)
}

/// What is missing though it is there, by reason.
fn losses(contents: &Contents) -> BTreeMap<(Reason, String), Vec<&str>> {
    let mut losses: BTreeMap<(Reason, String), Vec<&str>> = BTreeMap::new();
    for missing in contents.left_out.iter().filter(|missing| missing.reason.is_a_loss()) {
        // What each tool says of it is in the list.
        let alike = matches!(missing.reason, Reason::NotPermitted | Reason::TimedOut);
        let detail = if alike { String::new() } else { missing.detail.clone() };
        losses.entry((missing.reason, detail)).or_default().push(&missing.path);
    }
    losses
}

fn size(bytes: u64, language: Language) -> String {
    let number = |number: f64| crate::language::Word::figure(number, 1).said(language);
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KiB", number(bytes as f64 / 1024.0)),
        _ => format!("{} MiB", number(bytes as f64 / 1_048_576.0)),
    }
}
