//! A text as it reads once its encodings are taken away, and where each character stood.
//!
//! A secret may stand in a URL (`%3D`), in JSON within JSON (`\u003d`, `\/`, `\n`), in XML (`&quot;`) or
//! between colours. So every pattern is written for plain text alone, and is held against the text as
//! it is and against this.

use std::ops::Range;

use crate::clean::{escape, is_unsafe};

/// A text without encodings.
#[derive(Debug)]
pub(super) struct View {
    pub(super) text: String,
    /// Where each character begins in `text`, and what it was made from.
    places: Vec<(usize, Range<usize>)>,
}

impl View {
    /// None where the text is plain already.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_plain =
            |c: char| !matches!(c, '%' | '\\' | '&') && (c == '\t' || c == '\n' || !is_unsafe(c));
        if text.chars().all(is_plain) {
            return None;
        }
        Some(Self::decoded(text).without_hidden_characters())
    }

    /// The part of the text that a part of the view was made from.
    pub(super) fn source(&self, part: &Range<usize>) -> Range<usize> {
        let first = self.places.partition_point(|(at, _)| *at < part.start);
        let end = self.places.partition_point(|(at, _)| *at < part.end);
        let of = |index: usize| self.places.get(index).map(|(_, source)| source.clone());
        let (first, last) = (of(first).unwrap_or(0..0), of(end.saturating_sub(1)).unwrap_or(0..0));
        first.start..last.end.max(first.start)
    }

    fn decoded(text: &str) -> Self {
        let mut view = Self { text: String::with_capacity(text.len()), places: Vec::new() };
        let mut at = 0;
        while let Some(rest) = text.get(at..)
            && let Some(c) = rest.chars().next()
        {
            let coded = match c {
                '%' => percent(rest),
                '\\' => backslash(rest),
                '&' => entity(rest),
                _ => None,
            };
            let Coded { is, length, depth } =
                coded.unwrap_or(Coded { is: c, length: c.len_utf8(), depth: 0 });
            // What is a quote of an inner text stays marked as one.
            if matches!(is, '"' | '\'') {
                (0..depth).for_each(|_| view.push('\\', at..at));
            }
            view.push(is, at..at + length);
            at += length;
            // A run of backslashes that encodes nothing is looked through once.
            while is == '\\' && text.get(at..).is_some_and(|rest| rest.starts_with("\\\\")) {
                view.push('\\', at..at + 1);
                at += 1;
            }
        }
        view
    }

    /// Without colours, and without characters that have no width.
    fn without_hidden_characters(self) -> Self {
        let mut seen = Self { text: String::with_capacity(self.text.len()), places: Vec::new() };
        let mut hidden = 0;
        for ((at, source), c) in self.places.into_iter().zip(self.text.chars()) {
            if c == '\u{1b}' && at >= hidden {
                hidden = at + escape(self.text.as_bytes().get(at..).unwrap_or_default());
            }
            if at >= hidden && (matches!(c, '\t' | '\n' | '\r') || !is_unsafe(c)) {
                seen.push(c, source);
            }
        }
        seen
    }

    fn push(&mut self, c: char, source: Range<usize>) {
        self.places.push((self.text.len(), source));
        self.text.push(c);
    }
}

/// A character that was written as several.
struct Coded {
    is: char,
    length: usize,
    /// How often it was encoded beyond the first time.
    depth: usize,
}

/// `%3D`, `%253D`: of ASCII alone, which is all that a pattern asks for.
fn percent(rest: &str) -> Option<Coded> {
    let digits = rest.get(1..)?;
    let inner = digits.trim_start_matches("25");
    let of = |digits: &str, depth: usize| {
        let code = u8::from_str_radix(digits.get(..2)?, 16).ok().filter(u8::is_ascii)?;
        Some(Coded { is: code.into(), length: 3 + 2 * depth, depth })
    };
    // `%25` alone is a percent sign.
    of(inner, (digits.len() - inner.len()) / 2).or_else(|| of(digits, 0))
}

/// `\u003d`, `\x3d`, `\n`, `\/`, behind as many backslashes as there were encodings.
fn backslash(rest: &str) -> Option<Coded> {
    let after = rest.trim_start_matches('\\');
    let run = rest.len() - after.len();
    let code = |from: usize, digits: usize, radix: u32| {
        let number = u32::from_str_radix(after.get(from..from + digits)?, radix).ok()?;
        Some((char::from_u32(number)?, from + digits))
    };
    let (is, length) = match after.chars().next()? {
        'u' if after.starts_with("u{") => {
            let digits = after.get(2..)?.find('}').filter(|length| *length <= 6)?;
            let (is, end) = code(2, digits, 16)?;
            (is, end + 1)
        }
        'u' => code(1, 4, 16)?,
        'x' => code(1, 2, 16)?,
        '0' if after.starts_with("033") => code(0, 3, 8)?,
        'e' if after.starts_with("e[") => ('\u{1b}', 1),
        'n' => ('\n', 1),
        'r' => ('\r', 1),
        't' => ('\t', 1),
        '/' => ('/', 1),
        _ => return None,
    };
    Some(Coded { is, length: run + length, depth: run - 1 })
}

/// `&quot;`, `&#34;`, `&amp;quot;`.
fn entity(rest: &str) -> Option<Coded> {
    const NAMES: [(&str, char); 6] = [
        ("quot;", '"'),
        ("apos;", '\''),
        ("lt;", '<'),
        ("gt;", '>'),
        ("amp;", '&'),
        ("nbsp;", ' '),
    ];
    let after = rest.get(1..)?;
    let inner = after.trim_start_matches("amp;");
    let depth = (after.len() - inner.len()) / "amp;".len();
    let named = |text: &str| NAMES.iter().find(|(name, _)| text.starts_with(name)).copied();
    let numbered = |text: &str| {
        let digits = text.strip_prefix('#')?;
        let digits = digits.get(..digits.find(';').filter(|end| *end < 8)?)?;
        let number = match digits.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => digits.parse().ok()?,
        };
        Some((digits.len() + 2, char::from_u32(number)?))
    };
    let of = |text: &str| named(text).map(|(name, is)| (name.len(), is)).or_else(|| numbered(text));
    let (length, is, depth) = match of(inner) {
        Some((length, is)) => (length + depth * 4, is, depth),
        None => of(after).map(|(length, is)| (length, is, 0))?,
    };
    Some(Coded { is, length: 1 + length, depth })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_reads_as_plain_text() {
        for (text, plain) in [
            ("http%3A%2F%2Fu%3Ap%40h", "http://u:p@h"),
            ("a%253Db 100% %zz %25", "a=b 100% %zz %"),
            (r"a\u003db a\\u003db a\x3db", "a=b a=b a=b"),
            (r"one\ntwo\\nthree\/four", "one\ntwo\nthree/four"),
            ("&lt;a b=&quot;c&#39;&amp;quot;&quot;&gt; &amp; &copy;", "<a b=\"c'\\\"\"> & &copy;"),
            (r"\u0022a\\u0022b\u0022", "\"a\\\"b\""),
            ("%22a%2522b%22", "\"a\\\"b\""),
            ("pass\u{1b}[0mword\u{200b}=\u{1b}[1mx", "password=x"),
            (r"pass\u001b[0mword\033[1m=\e[2mx", "password=x"),
            (r"pass\u{1b}[0mword\u{3d}x \u{", r"password=x \u{"),
        ] {
            assert_eq!(View::parse(text).unwrap().text, plain, "{text}");
        }
        assert!(View::parse("plain, clé\t1").is_none());
    }

    #[test]
    fn a_part_is_found_again() {
        let text = "a%3D\u{1b}[1mkey\u{1b}[0m é";
        let view = View::parse(text).unwrap();
        let at = view.text.find("key").unwrap();
        let source = view.source(&(at..at + 3));
        assert_eq!(&text[source], "key");
        assert_eq!(&text[view.source(&(1..2))], "%3D");
    }
}
