//! The report as Markdown, to be pasted into an issue or a ticket: what is wrong, on which device, by
//! which evidence, what to do, and a sentence to the one who has to act.

mod party;

use std::fmt::Write as _;

use edgeprobe_facts::{Facts, Observation};

use super::Report;
use super::answer::{Answer, evidence_of};
use super::words::{self, say, word};
use crate::language::{Language, Text};
use crate::verdict::{Cause, Confidence};

/// The report in Markdown, as GitHub, GitLab and Azure DevOps read it.
pub fn text(report: &Report, language: Language) -> String {
    let answer = Answer::from_report(report, language);
    let mut status = words::status(answer.status, language).to_uppercase();
    if answer.confidence == Confidence::Likely {
        let likely = words::confidence(answer.confidence, language);
        let text = Text::new("headline").with("status", &status).with("confidence", likely);
        status = say(&text, language);
    }
    let mut out = format!("### edgeprobe: {status}\n\n{}\n\n", prose(&answer.summary));
    out += &table(report, language);
    for cause in &answer.causes {
        out += &about(cause, &answer.summary, report, language);
    }
    let asked = answer.causes.iter().find_map(|cause| party::asked(cause, report, language));
    if let Some(sentence) = asked {
        let _ = write!(out, "\n{}\n", prose(&sentence));
    }
    let not_tested = &report.verdict.not_tested;
    if !not_tested.is_empty() {
        out += &heading("label.not_tested", language);
        for missing in not_tested {
            let text = Text::new("not_tested").with("what", &missing.what);
            let _ = writeln!(out, "- {}", prose(&say(&text.with("why", &missing.why), language)));
        }
    }
    out
}

/// The device, the versions and the time.
fn table(report: &Report, language: Language) -> String {
    let fact = |wanted: fn(&Observation) -> Option<String>| {
        report.observations.iter().find_map(wanted).unwrap_or_default()
    };
    let device = fact(|seen| match &seen.facts {
        Facts::Hostname(facts) if !facts.given => Some(facts.name.clone()),
        _ => None,
    });
    let engine = fact(|seen| match &seen.facts {
        Facts::Engine(facts) => facts.version.clone(),
        _ => None,
    });
    let phase = match report.run.phase {
        crate::plan::Phase::PreInstall => "markdown.pre_install",
        crate::plan::Phase::Installed => "markdown.installed",
    };
    let transports: Vec<String> = report.target.protocols.iter().map(ToString::to_string).collect();
    let rows = [
        ("markdown.device", device),
        ("markdown.hub", report.target.hub.clone()),
        ("markdown.parent", report.target.parent.clone().unwrap_or_default()),
        ("markdown.transports", transports.join(", ")),
        ("markdown.runtime", word(phase, language)),
        ("markdown.engine", engine),
        ("markdown.privileges", report.run.privileges.join(", ")),
        ("markdown.time", report.run.started_at.clone()),
        ("markdown.version", format!("edgeprobe {}", report.tool.version)),
    ];
    let mut out = "| | |\n|---|---|\n".to_owned();
    for (label, value) in rows {
        if !value.is_empty() {
            let _ = writeln!(out, "| {} | {} |", word(label, language), prose(&value));
        }
    }
    out
}

/// A cause: its sentence, its evidence, what to do.
fn about(cause: &Cause, headline: &str, report: &Report, language: Language) -> String {
    let confidence = words::confidence(cause.confidence, language);
    let mut out = format!("\n#### {}, {confidence}\n", code(cause.id.word()));
    if cause.summary != headline {
        let _ = write!(out, "\n{}\n", prose(&cause.summary));
    }
    let mut evidence = evidence_of(cause, report, language);
    evidence.extend(cause.logged.iter().map(|logged| logged.summary.clone()));
    if !evidence.is_empty() {
        out += &heading("label.evidence", language);
        out += &fenced(&evidence.join("\n"));
    }
    if let Some(would_confirm) = &cause.would_confirm {
        let _ = writeln!(out, "{}{}", heading("label.confirm", language), prose(would_confirm));
    }
    if !cause.remedy.is_empty() {
        out += &heading("label.remedy", language);
        for (index, remedy) in cause.remedy.iter().enumerate() {
            let _ = writeln!(out, "{}. {}", index + 1, prose(&remedy.text));
            if let Some(command) = &remedy.command {
                let _ = writeln!(out, "   {}", code(command));
            }
        }
    }
    let documented = &cause.documented;
    let source = format!("<{}>", documented.source.replace(['<', '>', ' '], ""));
    let page = Text::new("labelled").with("label", prose(&documented.title)).with("text", source);
    let _ = writeln!(out, "{}{}", heading("label.documented", language), say(&page, language));
    out
}

fn heading(label: &'static str, language: Language) -> String {
    format!("\n**{}**\n\n", word(label, language))
}

/// Text that is nothing but text: no mark of it is read as Markdown or HTML, and no name in it calls
/// anybody.
fn prose(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text.split_whitespace().collect::<Vec<_>>().join(" ");
    rest.push(' ');
    let mut characters = rest.chars().peekable();
    while let Some(c) = characters.next() {
        let after = characters.peek().copied().unwrap_or(' ');
        let inside_a_word = before.is_alphanumeric() && after.is_alphanumeric();
        match c {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '$' => {
                out.extend(['\\', c]);
            }
            '_' if !inside_a_word => out.push_str("\\_"),
            '#' if out.is_empty() || after.is_alphanumeric() => out.push_str("\\#"),
            '-' | '+' | '=' if out.is_empty() => out.extend(['\\', c]),
            '@' => out.push_str("@<!-- -->"),
            c => out.push(c),
        }
        before = c;
    }
    out.trim_end().to_owned()
}

/// Code in a line: the fence is longer than any run of its mark inside.
fn code(text: &str) -> String {
    let fence = "`".repeat(longest_run(text) + 1);
    let blank = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{blank}{text}{blank}{fence}")
}

/// Lines as they are.
fn fenced(text: &str) -> String {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    format!("{fence}text\n{text}\n{fence}\n")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_foreign_text_is_markdown() {
        assert_eq!(prose("a *b* <img> [x](y) | `c`"), r"a \*b\* \<img\> \[x\](y) \| \`c\`");
        assert_eq!(prose("azure_iot_edge __x__"), r"azure_iot_edge \_\_x\_\_");
        assert_eq!(prose("# title"), "\\# title");
        assert_eq!(prose("ask @root, see #12"), "ask @<!-- -->root, see \\#12");
        assert_eq!(code("a `b` c"), "``a `b` c``");
        assert_eq!(code("`b"), "`` `b ``");
        assert_eq!(fenced("a ``` b"), "````text\na ``` b\n````\n");
    }
}
