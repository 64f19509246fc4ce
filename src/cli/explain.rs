//! `edgeprobe explain`

use std::fmt::Write as _;

use clap::Args;

use super::output::print;
use super::problem::Problem;
use crate::language::{Language, Text};
use crate::report::style::{BOLD, DIM, labelled, paint, paragraphs};
use crate::report::words::{say, word};
use crate::verdict::{CauseId, Entry, Platform, entry};

/// Options of `explain`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// A cause's id; without it, all causes, one a line
    #[arg(value_name = "CAUSE")]
    cause: Option<String>,
}

pub(super) fn run(options: &Options, language: Language) -> Result<u8, Problem> {
    let text = match &options.cause {
        None => list(language),
        Some(name) => page(id(name)?, language),
    };
    print(&text)?;
    Ok(0)
}

/// The cause of this name, or a problem that names what was probably meant.
pub(super) fn id(name: &str) -> Result<CauseId, Problem> {
    name.parse().map_err(|error: crate::verdict::UnknownCause| {
        let hint = match error.nearest {
            Some(nearest) => format!("did you mean `edgeprobe explain {nearest}`?"),
            None => "`edgeprobe explain` lists all causes".to_owned(),
        };
        Problem::new(error.to_string()).hint(hint)
    })
}

fn list(language: Language) -> String {
    let mut out = String::new();
    for id in CauseId::ALL {
        let line = labelled("", 26, &entry(*id, language).line);
        let _ = writeln!(out, "{}{}", paint(BOLD, &format!("{id:<26}")), line.trim_start());
    }
    format!("{out}\n{}\n", word("explain.own_page", language))
}

fn page(id: CauseId, language: Language) -> String {
    let page = entry(id, language);
    let mut out = format!("{}  {}\n\n", paint(BOLD, id.word()), page.title);
    out += &paragraphs(&format!("{}.", page.line), 0);
    out += "\n";
    for (heading, text) in chapters(page, language) {
        out += &section(&heading, &paragraphs(text, 2));
    }
    let confirmations = page.confirmations(language);
    if !confirmations.is_empty() {
        let told = confirmations.iter().map(|sentence| paragraphs(sentence, 2));
        let told = told.collect::<Vec<_>>().join("\n");
        out += &section(&word("explain.would_confirm", language), &told);
    }
    out += &look_alikes(page, language);
    for (platform, heading) in systems(language) {
        out += &section(&heading, &remedies(page, platform, language));
    }
    let sources: Vec<String> = page
        .documented
        .iter()
        .map(|documented| {
            let title = labelled("  ", 2, &documented.title);
            format!("{title}\n  {}", paint(DIM, &documented.source))
        })
        .collect();
    out + &section(&word("explain.documented", language), &sources.join("\n"))
}

/// The parts of a page that are plain text, each under its heading.
pub(super) fn chapters(page: &Entry, language: Language) -> [(String, &str); 4] {
    [
        (word("explain.sees", language), &page.symptom),
        (word("explain.wrong", language), &page.cause),
        (word("explain.proves", language), &page.proof),
        (word("explain.refutes", language), &page.refutation),
    ]
}

/// The systems that a page has remedies for, each with its heading.
pub(super) fn systems(language: Language) -> [(Platform, String); 2] {
    [(Platform::Linux, "Linux"), (Platform::Windows, "Windows")].map(|(platform, name)| {
        (platform, say(&Text::new("explain.remedy").with("system", name), language))
    })
}

fn section(heading: &str, text: &str) -> String {
    format!("\n{}\n{text}\n", paint(BOLD, heading))
}

fn look_alikes(page: &Entry, language: Language) -> String {
    if page.look_alikes.is_empty() {
        return String::new();
    }
    let told: Vec<String> = page
        .look_alikes
        .iter()
        .map(|other| {
            let text = Text::new("cause_and_sentence").with("cause", other.cause);
            labelled("", 2, &say(&text.with("sentence", &other.difference), language))
        })
        .collect();
    section(&word("explain.look_alikes", language), &told.join("\n"))
}

fn remedies(page: &Entry, platform: Platform, language: Language) -> String {
    let mut lines = Vec::new();
    for (index, remedy) in page.remedies(platform, language).into_iter().enumerate() {
        let label = format!("  {}. ", index + 1);
        lines.push(labelled(&label, label.len(), &remedy.text));
        let indent = " ".repeat(label.len() + 2);
        lines.extend(remedy.command.map(|command| format!("{indent}{}", paint(BOLD, &command))));
    }
    lines.join("\n")
}
