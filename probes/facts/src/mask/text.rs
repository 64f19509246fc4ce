//! Texts of many lines.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use super::assigned::is_like_a_password;
use super::line::{self, Before};
use super::members;
use super::shape::{Shape, shape};
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
/// A full line of a key, at any place in a line of the log.
static FULL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let least = FULL_LINE;
    Regex::new(&format!(r"(?:[A-Za-z0-9+/]|\\/|\\+u002[BbFf]){{{least},}}(?:=|\\+u003[Dd]){{0,2}}"))
        .ok()
});
/// How a line of a key ends, after the prefix that a log puts before each line.
static OF_A_KEY: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"[A-Za-z0-9+/]+={0,2}["',\\]*\s*$"#).ok());

static PUBLIC_BEGINS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"-{4,5} ?BEGIN [A-Z0-9 ]*(?:CERTIFICATE|PUBLIC KEY)[A-Z ]*-{4,5}").ok()
});

/// So many lines of a text are masked that a telling name opened and nothing closed.
const OPEN_LINES: usize = 16;

/// So many lines further down the value may stand that a member has named.
const NAMED_LINES: usize = 3;

/// Masks one line after the other, and knows when it is inside a private key or a secret of many
/// lines.
#[derive(Debug, Default)]
pub struct Lines {
    /// How many more lines may be a private key's.
    inside: usize,
    /// How many more lines may be a certificate's.
    public: usize,
    open: Option<Open>,
}

/// What the last line left open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    /// The value of its last name.
    Value,
    /// The value of what a member named, for so many lines.
    Member(usize),
    /// A text of YAML, whose lines stand further right than this, for so many lines.
    Block(usize, usize),
    /// A text in three of these, for so many lines.
    Quotes(char, usize),
}

impl Lines {
    /// The line without its secrets.
    pub fn line<'l>(&mut self, line: &'l str) -> Cow<'l, str> {
        let found = |pattern: &LazyLock<Option<Regex>>| {
            pattern.as_ref().and_then(|pattern| pattern.find(line)).map(|found| found.end())
        };
        let ends = found(&ENDS);
        if self.inside > 0 {
            return self.of_a_key(line, ends);
        }
        if let Some(begin) = found(&BEGINS)
            && ends.is_none_or(|end| end < begin)
        {
            self.inside = HEADERS;
        }
        if found(&PUBLIC_BEGINS).is_some() {
            self.public = REST;
        } else if self.public > 0 {
            let is_full = FULL.as_ref().is_some_and(|full| full.is_match(line));
            self.public = if is_full { REST } else { self.public - 1 };
        }
        match self.open.take() {
            Some(Open::Block(indent, left)) if left > 0 && self.is_inside(line, indent, left) => {
                let own = line.trim_start();
                let before = line.get(..line.len() - own.len()).unwrap_or_default();
                Cow::Owned(if own.is_empty() { line.to_owned() } else { format!("{before}{MASK}") })
            }
            Some(Open::Quotes(quote, left)) => self.quoted(line, quote, left),
            open => self.read(line, open),
        }
    }

    /// A line of a private key.
    fn of_a_key<'l>(&mut self, line: &'l str, ends: Option<usize>) -> Cow<'l, str> {
        let key = OF_A_KEY.as_ref().and_then(|pattern| pattern.find(line));
        self.inside = if ends.is_some() { 0 } else { self.inside - 1 };
        if let (Some(full), None) = (FULL.as_ref().filter(|full| full.is_match(line)), ends) {
            self.inside = REST;
            return Cow::Owned(mask(&full.replace_all(line, "…")).into_owned());
        }
        let rest = ends.map_or("", |end| line.get(end..).unwrap_or_default());
        match key {
            // Whatever stands after the key is a line like others.
            _ if ends.is_some() => Cow::Owned(format!("{MASK}{}", mask(rest))),
            Some(key) => {
                let before = line.get(..key.start()).unwrap_or_default();
                Cow::Owned(format!("{}{MASK}", mask(before)))
            }
            None => mask(line),
        }
    }

    /// Whether a line belongs to a text of YAML.
    fn is_inside(&mut self, line: &str, indent: usize, left: usize) -> bool {
        let is_inside = line.trim().is_empty() || indent_of(line) > indent;
        if is_inside {
            self.open = Some(Open::Block(indent, left - 1));
        }
        is_inside
    }

    /// A line of a text in three quotes.
    fn quoted<'l>(&mut self, line: &'l str, quote: char, left: usize) -> Cow<'l, str> {
        let three = quote.to_string().repeat(3);
        if let Some((inside, after)) = line.split_once(&three) {
            let inside = if inside.is_empty() { "" } else { "…" };
            return Cow::Owned(format!("{inside}{three}{}", self.read(after, None)));
        }
        self.open = (left > 0).then(|| Open::Quotes(quote, left - 1));
        Cow::Owned(if line.is_empty() { String::new() } else { MASK.to_string() })
    }

    /// A line like others, in the light of what the last one left open.
    fn read<'l>(&mut self, line: &'l str, open: Option<Open>) -> Cow<'l, str> {
        let before = Before {
            telling: matches!(open, Some(Open::Value | Open::Block(..))),
            named: matches!(open, Some(Open::Member(_))),
            public: self.public > 0,
        };
        let own = line.trim().trim_matches(['"', '\'', ',', ';']);
        if before.telling && is_one_word(own) {
            let at = line.find(own).unwrap_or_default();
            return line::without(line, std::slice::from_ref(&(at..at + own.len())))
                .into_owned()
                .into();
        }
        let found = line::find(line, before);
        let end = line.trim_end();
        let quote =
            ['"', '\''].into_iter().find(|quote| end.ends_with(&quote.to_string().repeat(3)));
        self.open = match (found.awaits, quote) {
            (true, Some(quote)) => Some(Open::Quotes(quote, OPEN_LINES)),
            (true, None) if end.trim_end_matches(['-', '+']).ends_with(['|', '>']) => {
                Some(Open::Block(indent_of(line), OPEN_LINES))
            }
            (true, None) => Some(Open::Value),
            (false, _) if found.names => Some(Open::Member(NAMED_LINES)),
            (false, _) => match open {
                Some(Open::Member(left)) if left > 1 && !members::has_a_value(line) => {
                    Some(Open::Member(left - 1))
                }
                _ => None,
            },
        };
        line::without(line, &found.secrets)
    }
}

/// The columns before a line's own text.
fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Whether this is a value and nothing else.
fn is_one_word(text: &str) -> bool {
    !text.contains(char::is_whitespace) && (shape(text) != Shape::Plain || is_like_a_password(text))
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
            assert_eq!(masked.places, 3);
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
