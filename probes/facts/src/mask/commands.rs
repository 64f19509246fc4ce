//! Secrets in command lines: options and arguments whose next word is one.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::assigned::is_unlike_a_word;
use super::name::{Tells, tells};
use super::shape::{Shape, shape};
use super::value::{Reach, place};

/// An option by its name, and what parts it from its value: a space, or a list's comma.
static OPTION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r#"(?:^|[\s"'`(\[,])-{1,2}(?<name>[A-Za-z][\w-]*)"#,
        r#"(?:[ \t]+|\\*["'][ \t]*,[ \t]*|\\*["'][ \t]+)"#
    ))
    .ok()
});

/// The argument right before a secret; the secret is the next word.
const TOLD: [&str; 15] = [
    // `docker login -u USER -p PASSWORD`, `az login … -p PASSWORD`, also as a list of arguments.
    r#"(?i)\blogin\b.*?[\s"'],?[ \t]*\\*["']?-p(?:\\*["'][ \t]*,[ \t]*|[ =]?)"#,
    r"(?i)\bsshpass\b.*?\s-p ?",
    r"\b(?:mysql\w*|mariadb\w*|7z)\b.*?\s-p",
    r"\bmosquitto_(?:pub|sub|rr|passwd)\b.*?\s-P ?",
    r"\b(?:sqlcmd|bcp|unzip|zip)\b.*?\s-P ?",
    r"\bredis-cli\b.*?\s-a ",
    r"(?i)\b(?:plink|pscp|psftp|putty)\b.*?\s-pw ",
    r"\bldap(?:search|modify|add|delete|passwd|whoami)\b.*?\s-w ",
    r"\bsnmp\w+\b.*?\s-[cAX] ",
    r"(?i)\bConvertTo-SecureString\s+(?:-String\s+)?",
    r#"(?i)\b(?:PS|Network)Credential\b\s*\(\s*(?:"[^"]*"|'[^']*'|[^,()\s]+)\s*,\s*"#,
    r"(?i)--password-stdin\b.*?<<<\s*",
    r"\bmosquitto_passwd\b.*?\s-b\s+\S+\s+\S+\s+",
    r"\bnmcli\b.*?\s(?:password|[\w-]+\.(?:psk|password|secrets))\s+",
    // netrc(5).
    r"(?i)\blogin\s+\S+\s+password\s+",
];

static ALL_TOLD: LazyLock<Vec<Regex>> =
    LazyLock::new(|| TOLD.iter().filter_map(|told| Regex::new(told).ok()).collect());

/// The argument of a sign-in, with the user's name before the password.
static SIGNED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"\b(?:curl|wget|https?|xh)\b.*?\s(?:-[A-Za-z]*[uUa]|--(?:proxy-)?user)[ =]*").ok()
});

/// What is piped into a program that reads a secret.
static PIPED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r#"(?i)\b(?:echo|printf)\s+(?:-\w+\s+|(?:\\*["'])?%s(?:\\n)?(?:\\*["'])?\s+)*(?<secret>[^|\n]*?)\s*\|"#,
        r"[^|\n]*(?:-stdin\b|\bchpasswd\b|\bpasswd\b|\blogin\b|\bsecret\b)"
    ))
    .ok()
});

/// The secrets of command lines. Gives whether an option stands last and awaits its value.
pub(super) fn commands(text: &str, add: &mut impl FnMut(Range<usize>)) -> bool {
    let mut awaits = false;
    for found in OPTION.iter().flat_map(|option| option.captures_iter(text)) {
        let name = found.name("name").map_or("", |name| name.as_str());
        let start = found.get(0).map_or(0, |whole| whole.end());
        let (range, value) = word(text, start);
        let is_secret = match tells(name) {
            Tells::Nothing => false,
            Tells::Secret => !value.starts_with('-'),
            Tells::Perhaps => {
                !value.starts_with('-') && !is_a_path(value) && is_a_value(name, value)
            }
        };
        if is_secret && !value.is_empty() {
            add(range);
        } else if is_secret {
            awaits |=
                text.get(range.end..).is_some_and(|rest| ["", "\\"].contains(&rest.trim_end()));
        }
    }
    for told in ALL_TOLD.iter() {
        for found in told.find_iter(text) {
            let (range, value) = word(text, found.end());
            if !value.is_empty() && !value.starts_with('-') {
                add(range);
            }
        }
    }
    for found in SIGNED.iter().flat_map(|signed| signed.find_iter(text)) {
        let (range, value) = word(text, found.end());
        if value.contains(':') || shape(value) != Shape::Plain {
            add(range);
        }
    }
    for found in PIPED.iter().flat_map(|piped| piped.captures_iter(text)) {
        if let Some(secret) = found.name("secret").filter(|secret| !secret.is_empty()) {
            add(secret.range());
        }
    }
    awaits
}

/// The word that begins here, without quotes around it.
fn word(text: &str, start: usize) -> (Range<usize>, &str) {
    let rest = text.get(start..).unwrap_or_default();
    let mut value = place(rest, Reach::Word);
    // Not quoted, it may still stand in a quoted list or in brackets.
    if value.start == 0 {
        let own = rest.get(..value.end).unwrap_or_default();
        value.end = own.trim_end_matches(['"', '\'', '`', ')', ']', ',', '\\', ';']).len();
    }
    let own = rest.get(value.clone()).unwrap_or_default();
    (start + value.start..start + value.end, own)
}

/// Whether an option that may take a key or a file has a key.
fn is_a_value(name: &str, value: &str) -> bool {
    name.eq_ignore_ascii_case("key") || shape(value) != Shape::Plain || is_unlike_a_word(value)
}

/// Whether this names a file.
fn is_a_path(value: &str) -> bool {
    const ENDS: [&str; 11] =
        [".pem", ".key", ".crt", ".cer", ".der", ".pfx", ".p12", ".jks", ".txt", ".json", ".toml"];
    let lower = value.to_ascii_lowercase();
    let begins =
        ["file:", "./", "../", "~/", "pkcs11:", "c:\\"].iter().any(|it| lower.starts_with(it));
    begins
        || ENDS.iter().any(|end| lower.ends_with(end))
        || (value.starts_with('/')
            && shape(value) == Shape::Plain
            && value.matches('/').count() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patterns_compile() {
        assert!(OPTION.is_some() && PIPED.is_some() && SIGNED.is_some());
        assert_eq!(ALL_TOLD.len(), TOLD.len());
    }
}
