//! The causes' pages as Markdown: docs/causes.

use std::fmt::Write as _;

use super::explain::{chapters, systems};
use crate::language::Language;
use crate::report::words::word;
use crate::verdict::{CauseId, Entry, Platform, entry};

/// The pages that are checked in are the English ones.
const LANGUAGE: Language = Language::English;

/// Says where a page comes from, so that corrections go to the right file.
const FROM_THE_CATALOGUE: &str =
    "<!-- Written by `edgeprobe generate causes`; the text is in src/verdict/catalogue. -->";

/// All causes, in the order of the path.
pub(super) fn index() -> String {
    let mut out = format!(
        "{FROM_THE_CATALOGUE}\n\n# Causes\n\nIn the order in which they lie on the way to IoT Hub; of \
         two with the same effect the earlier is\ntold first. `edgeprobe explain CAUSE` shows the \
         same page on the device.\n\n| cause | in a line |\n|---|---|\n"
    );
    for id in CauseId::ALL {
        let _ = writeln!(out, "| {} | {} |", link(*id), escaped(&entry(*id, LANGUAGE).line));
    }
    out
}

/// The page of a cause.
pub(super) fn page(id: CauseId) -> String {
    let page = entry(id, LANGUAGE);
    let mut out = format!(
        "{FROM_THE_CATALOGUE}\n\n# {}\n\n`{id}`: {}.\n",
        escaped(&page.title),
        escaped(&page.line)
    );
    for (heading, text) in chapters(page, LANGUAGE) {
        out += &section(&heading, &escaped(text.trim()));
    }
    let confirmations = page.confirmations(LANGUAGE);
    let confirmations = confirmations.iter().map(|sentence| format!("* {}", escaped(sentence)));
    out += &section(
        &word("explain.would_confirm", LANGUAGE),
        &confirmations.collect::<Vec<_>>().join("\n"),
    );
    out += &section(&word("explain.look_alikes", LANGUAGE), &look_alikes(id, page));
    for (platform, heading) in systems(LANGUAGE) {
        out += &section(&heading, &remedies(page, platform));
    }
    let documented = page.documented.iter().map(|it| format!("* <{}>: {}", it.source, it.title));
    out +=
        &section(&word("explain.documented", LANGUAGE), &documented.collect::<Vec<_>>().join("\n"));
    out + "\n[All causes](README.md)\n"
}

fn section(heading: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("\n## {heading}\n\n{text}\n") }
}

fn link(id: CauseId) -> String {
    format!("[`{id}`]({id}.md)")
}

/// What the page tells apart itself, and then the pages that tell this cause from theirs.
fn look_alikes(id: CauseId, page: &Entry) -> String {
    let own: Vec<String> = page
        .look_alikes
        .iter()
        .map(|other| format!("* {}: {}", link(other.cause), escaped(&other.difference)))
        .collect();
    let names = |page: &Entry, cause| page.look_alikes.iter().any(|it| it.cause == cause);
    let others: Vec<String> = CauseId::ALL
        .iter()
        .filter(|other| names(entry(**other, LANGUAGE), id) && !names(page, **other))
        .map(|other| link(*other))
        .collect();
    let mut parts = Vec::new();
    if !own.is_empty() {
        parts.push(own.join("\n"));
    }
    if !others.is_empty() {
        parts.push(format!("Told apart on their own pages: {}.", others.join(", ")));
    }
    parts.join("\n\n")
}

fn remedies(page: &Entry, platform: Platform) -> String {
    let shell = match platform {
        Platform::Linux => "sh",
        Platform::Windows => "powershell",
    };
    let mut lines = Vec::new();
    for (index, remedy) in page.remedies(platform, LANGUAGE).into_iter().enumerate() {
        lines.push(format!("{}. {}", index + 1, escaped(&remedy.text)));
        if let Some(command) = remedy.command {
            lines.push(format!("\n   ```{shell}"));
            lines.extend(command.lines().map(|line| format!("   {line}")));
            lines.push("   ```\n".to_owned());
        }
    }
    lines.join("\n").trim_end().to_owned()
}

/// The text with the characters escaped that Markdown would take for its own; what stands between
/// backticks stays.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut code = false;
    for character in text.chars() {
        code ^= character == '`';
        if !code && "<>*_[]|\\".contains(character) {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_markdown_would_take_for_its_own_is_escaped() {
        assert_eq!(escaped("a_b `a_b` <c> | d"), "a\\_b `a_b` \\<c\\> \\| d");
    }
}
