//! `edgeprobe explain`

use std::fmt::Write as _;

use clap::Args;

use super::output::print;
use super::problem::Problem;
use crate::report::style::{BOLD, DIM, labelled, paint, paragraphs};
use crate::verdict::{CauseId, Entry, Language, Platform, entry};

/// Options of `explain`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// A cause's id; without it, all causes in a line each
    #[arg(value_name = "CAUSE")]
    cause: Option<String>,
}

pub(super) fn run(options: &Options) -> Result<u8, Problem> {
    let text = match &options.cause {
        None => list(),
        Some(name) => page(id(name)?),
    };
    print(&text)?;
    Ok(0)
}

fn id(name: &str) -> Result<CauseId, Problem> {
    name.parse().map_err(|error: crate::verdict::UnknownCause| {
        let hint = match error.nearest {
            Some(nearest) => format!("did you mean `edgeprobe explain {nearest}`?"),
            None => "`edgeprobe explain` lists all causes".to_owned(),
        };
        Problem::new(error.to_string()).hint(hint)
    })
}

fn list() -> String {
    let mut out = String::new();
    for id in CauseId::ALL {
        let line = labelled("", 26, &entry(*id, Language::English).line);
        let _ = writeln!(out, "{}{}", paint(BOLD, &format!("{id:<26}")), line.trim_start());
    }
    out + "\nA cause's own page: edgeprobe explain CAUSE\n"
}

fn page(id: CauseId) -> String {
    let page = entry(id, Language::English);
    let mut out = format!("{}  {}\n\n", paint(BOLD, id.word()), page.title);
    out += &paragraphs(&format!("{}.", page.line), 0);
    out += "\n";
    for (heading, text) in [
        ("What you see", &page.symptom),
        ("What is wrong", &page.cause),
        ("What proves it", &page.proof),
        ("What rules it out", &page.refutation),
    ] {
        out += &section(heading, &paragraphs(text, 2));
    }
    out += &look_alikes(page);
    for (platform, name) in [(Platform::Linux, "Linux"), (Platform::Windows, "Windows")] {
        out += &section(&format!("What to do on {name}"), &remedies(page, platform));
    }
    let sources: Vec<String> = page
        .documented
        .iter()
        .map(|documented| {
            let title = labelled("  ", 2, &documented.title);
            format!("{title}\n  {}", paint(DIM, &documented.source))
        })
        .collect();
    out + &section("Where it is documented", &sources.join("\n"))
}

fn section(heading: &str, text: &str) -> String {
    format!("\n{}\n{text}\n", paint(BOLD, heading))
}

fn look_alikes(page: &Entry) -> String {
    if page.look_alikes.is_empty() {
        return String::new();
    }
    let told: Vec<String> = page
        .look_alikes
        .iter()
        .map(|other| labelled("", 2, &format!("{}: {}", other.cause, other.difference)))
        .collect();
    section("What looks like it", &told.join("\n"))
}

fn remedies(page: &Entry, platform: Platform) -> String {
    let mut lines = Vec::new();
    for (index, remedy) in page.remedies(platform).into_iter().enumerate() {
        lines.push(labelled(&format!("  {}. ", index + 1), 5, &remedy.text));
        lines.extend(remedy.command.map(|command| format!("       {}", paint(BOLD, &command))));
    }
    lines.join("\n")
}
