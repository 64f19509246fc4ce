//! Texts of many lines.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use super::{MASK, Masked, mask, more_marks};

/// So many lines may stand between a private key's first line and its content (RFC 1421, 4.6), and
/// after one of its full lines: the rest of it, and its end.
const HEADERS: usize = 8;
const REST: usize = 2;

/// From this length on it is one of a key's full lines, which have 64 characters.
const FULL_LINE: usize = 40;

static BEGINS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"-{4,5} ?BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)? ?-{4,5}").ok());
static ENDS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"-{4,5} ?END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)? ?-{4,5}").ok());
/// A full line of a key, wherever it stands in one of the log's.
static FULL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let least = FULL_LINE;
    Regex::new(&format!(r"(?:[A-Za-z0-9+/]|\\/|\\+u002[BbFf]){{{least},}}(?:=|\\+u003[Dd]){{0,2}}"))
        .ok()
});
/// What a line of a key ends with, after whatever a log puts before each line.
static OF_A_KEY: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"[A-Za-z0-9+/]+={0,2}["',\\]*\s*$"#).ok());

/// Masks one line after the other, and knows when it is inside a private key.
#[derive(Debug, Default)]
pub struct Lines {
    /// How many more lines may be a private key's.
    inside: usize,
}

impl Lines {
    /// The line without its secrets.
    pub fn line<'l>(&mut self, line: &'l str) -> Cow<'l, str> {
        let found = |pattern: &LazyLock<Option<Regex>>| {
            pattern.as_ref().and_then(|pattern| pattern.find(line)).map(|found| found.end())
        };
        let ends = found(&ENDS);
        if self.inside > 0 {
            let key = OF_A_KEY.as_ref().and_then(|pattern| pattern.find(line));
            self.inside = match key {
                _ if ends.is_some() => 0,
                _ => self.inside - 1,
            };
            if let (Some(full), None) = (FULL.as_ref().filter(|full| full.is_match(line)), ends) {
                self.inside = REST;
                return Cow::Owned(mask(&full.replace_all(line, "…")).into_owned());
            }
            let rest = ends.map_or("", |end| line.get(end..).unwrap_or_default());
            return match key {
                // Whatever stands after the key is a line like others.
                _ if ends.is_some() => Cow::Owned(format!("{MASK}{}", mask(rest))),
                Some(key) => {
                    let before = line.get(..key.start()).unwrap_or_default();
                    Cow::Owned(format!("{}{MASK}", mask(before)))
                }
                None => mask(line),
            };
        }
        if let Some(begin) = found(&BEGINS)
            && ends.is_none_or(|end| end < begin)
        {
            self.inside = HEADERS;
        }
        mask(line)
    }
}

/// The text without its secrets, line by line.
pub fn text(text: &str) -> Masked {
    let mut lines = Lines::default();
    let mut masked = Masked::default();
    for line in text.split_inclusive('\n') {
        let own = line.strip_suffix('\n').unwrap_or(line);
        let without = lines.line(own);
        masked.places += more_marks(&without, own);
        masked.text += &without;
        if own.len() < line.len() {
            masked.text.push('\n');
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_key_is_left_out_to_its_last_line() {
        let key = "-----BEGIN EC PRIVATE KEY-----\nUExBTlRFRFBMQU5URUQ\nUExB\n-----END EC PRIVATE KEY-----";
        for prefix in ["", "2026-11-24T22:00:00Z gw1 edged[7]: "] {
            let log = key.replace('\n', &format!("\n{prefix}"));
            let masked = text(&format!("before\n{prefix}{log}\nafter\n"));
            assert!(!masked.text.contains("UExB"), "{}", masked.text);
            assert!(masked.text.starts_with("before\n") && masked.text.ends_with("\nafter\n"));
            assert_eq!(masked.places, 4);
        }
    }

    #[test]
    fn a_key_s_lines_are_left_out_whatever_stands_around_them() {
        let full = format!("{}PLANTED", "MIIE/v+A".repeat(7));
        for (before, after) in [
            ("", "\\n"),
            ("\u{1b}[33m", "\u{1b}[0m"),
            ("[", "]"),
            ("{\"line\":\"", "\"}"),
            ("", " module=x"),
        ] {
            let log = format!(
                "-----BEGIN RSA PRIVATE KEY-----\n{before}{full}{after}\n{before}{full}{after}\n"
            );
            let masked = text(&log).text;
            assert!(!masked.contains("PLANTED") && !masked.contains("MIIE"), "{masked}");
        }
        let split = full.replace('/', "\\/").replace('+', "\\u002B");
        let masked = text(&format!("-----BEGIN PGP PRIVATE KEY BLOCK-----\n<{split}>\n")).text;
        assert!(!masked.contains("PLANTED"), "{masked}");
    }

    #[test]
    fn a_key_without_an_end_hides_no_whole_log() {
        let full = "A".repeat(64);
        let log = format!("-----BEGIN PRIVATE KEY-----\n{full}\n{full}\nrest\nlost\nall is well\n");
        let masked = text(&log).text;
        assert!(!masked.contains("AA") && masked.ends_with("\nall is well\n"), "{masked}");
    }

    #[test]
    fn places_are_counted_and_line_breaks_stay() {
        let masked = text("a password=x\r\nb … c\nsig=y");
        assert_eq!(masked.text, "a password=…\r\nb … c\nsig=…");
        assert_eq!(masked.places, 2);
    }
}
