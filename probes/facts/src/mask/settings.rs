//! Files of settings that are lines: systemd's units, and lists of variables.
//!
//! Files in TOML, YAML and JSON are parsed, and masked as values.

use std::sync::LazyLock;

use regex::Regex;

use super::{MASK, Masked, is_harmless, is_proxy, mask, more_marks, proxy, variable};
use crate::systemd::logical_lines;

/// `[section]`.
static SECTION: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^\[[A-Za-z][A-Za-z0-9_.-]*\]$").ok());

/// `Name=value`, `export NAME=value`.
static SETTING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^(?<lead>(?:export\s+)?)(?<name>[A-Za-z_][\w.-]*)\s*=\s*(?<value>.*)$").ok()
});

/// Directives of systemd whose value is variables, and those whose value is a command line.
const VARIABLES: [&str; 2] = ["environment", "defaultenvironment"];
const COMMANDS: &str = "exec";

/// The text with the values alone whose names are known to be harmless; comments are left out. Lines
/// that are continued are one.
pub fn settings(text: &str) -> Masked {
    let mut masked = Masked::default();
    for line in logical_lines(text.trim_start_matches('\u{feff}')) {
        let without = masked_line(&line);
        masked.places += more_marks(&without, &line);
        masked.text += &without;
        masked.text.push('\n');
    }
    masked
}

/// The line with no more than what is known to be harmless.
fn masked_line(line: &str) -> String {
    let is_section = SECTION.as_ref().is_some_and(|section| section.is_match(line));
    if is_section || line.is_empty() {
        return line.to_owned();
    }
    let Some(found) = SETTING.as_ref().and_then(|setting| setting.captures(line)) else {
        return MASK.to_string();
    };
    let part = |name: &str| found.name(name).map_or("", |part| part.as_str());
    let (lead, name, value) = (part("lead"), part("name"), part("value"));
    format!("{lead}{}={}", mask(name), masked_value(name, value))
}

/// What may be shown of a setting's value.
fn masked_value(name: &str, value: &str) -> String {
    let lower = name.to_ascii_lowercase();
    if VARIABLES.contains(&lower.as_str()) {
        return words(value).map(|word| variable(&word)).collect::<Vec<_>>().join(" ");
    }
    if lower.starts_with(COMMANDS) {
        return command(value);
    }
    if ["", "true", "false", "yes", "no", "\"\"", "''"].contains(&value) {
        return value.to_owned();
    }
    if is_proxy(name) {
        return proxy(without_comment(value));
    }
    let harmless = is_harmless(name) && !value.contains("data:");
    if harmless { mask(without_comment(value)).into_owned() } else { MASK.to_string() }
}

/// The value up to a comment behind it, which may say anything.
fn without_comment(value: &str) -> &str {
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let end = match quote {
        Some(quote) => value.get(1..).and_then(|rest| rest.find(quote)).map(|end| end + 2),
        None => value.find(" #"),
    };
    end.and_then(|end| value.get(..end)).unwrap_or(value).trim_end()
}

/// A command line: its program and the names of its options.
fn command(value: &str) -> String {
    let mut shown: Vec<String> = Vec::new();
    for (index, word) in words(value).enumerate() {
        let name = word.split('=').next().unwrap_or_default();
        shown.push(match index {
            0 => mask(&word).into_owned(),
            _ if word.starts_with('-') && name.len() < word.len() => format!("{name}={MASK}"),
            _ if word.starts_with('-') || word.starts_with('/') => mask(&word).into_owned(),
            _ => MASK.to_string(),
        });
    }
    shown.join(" ")
}

/// The words of a value, with quotes around them or parts of them taken away.
fn words(value: &str) -> impl Iterator<Item = String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for c in value.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None if c.is_whitespace() => words.push(std::mem::take(&mut word)),
            _ => word.push(c),
        }
    }
    words.push(word);
    words.into_iter().filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_unit_harmless_values_and_names_stay() {
        let unit = "# SharedAccessKey was PLANTED\n[Service]\n\
             Environment=\"https_proxy=http://u:PLANTED@p\" TOKEN=PLANTED 'A=x PLANTED'\n\
             Environment=B=1 \\\n# PLANTED\n  C=PLANTED\nExecStart=/usr/bin/edged -c /etc/x \\\n\
             --key PLANTED --pass=PLANTED\nRestart=always\nDescription=Edge # PLANTED\nPLANTED\n";
        let masked = settings(unit);
        assert_eq!(
            masked.text,
            "[Service]\nEnvironment=https_proxy=http://…p TOKEN=… A=…\nEnvironment=B=… C=…\n\
             ExecStart=/usr/bin/edged -c /etc/x --key … --pass=…\nRestart=always\nDescription=Edge\n…\n"
        );
        assert_eq!(masked.places, 8);
    }

    #[test]
    fn of_variables_too() {
        let masked =
            settings("export https_proxy=http://u:PLANTED@p:1\nAPI=PLANTED\nPATH=/bin\nX=\n");
        assert_eq!(masked.text, "export https_proxy=http://…p:1\nAPI=…\nPATH=/bin\nX=\n");
    }
}
