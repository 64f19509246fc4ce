//! Where a secret's value ends, after a name has shown that it is a secret.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// How far a value reaches that no quote opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// To white space, or to the next member of a list, a query or a connection string.
    Member,
    /// To white space.
    Word,
    /// To the line's end, as an HTTP header's, or to the quote that the line itself stands in.
    Line(Option<char>),
}

/// The next member, after what parts it from the one before.
static MEMBER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"^[A-Za-z_][\w.-]*(?:\\*["'])?\s*[=:]"#).ok());

/// Quotes whose counterpart is another character.
const PAIRS: [(char, char); 4] = [('«', '»'), ('“', '”'), ('‘', '’'), ('`', '`')];

/// How far the end of a value is looked for, in bytes; one that is longer reaches to the text's end.
const LONGEST: usize = 2048;

/// Where the value stands at the begin of this text, without quotes around it.
///
/// A quote or a bracket that opens it reaches to its counterpart, and to the text's end where there is
/// none: what is masked too much is no harm.
pub(super) fn place(text: &str, reach: Reach) -> Range<usize> {
    let near = text.get(..text.floor_char_boundary(LONGEST)).unwrap_or(text);
    let place = place_in(near, reach);
    if place.end >= near.len() { place.start..text.len() } else { place }
}

fn place_in(text: &str, reach: Reach) -> Range<usize> {
    let slashes = text.len() - text.trim_start_matches('\\').len();
    let rest = text.get(slashes..).unwrap_or_default();
    let Some(first) = rest.chars().next() else { return 0..0 };
    if let Some((_, end)) = PAIRS.iter().find(|(begin, _)| *begin == first) {
        let inner = text.get(first.len_utf8()..).unwrap_or_default();
        let inner = inner.find(*end).map_or(inner, |end| inner.get(..end).unwrap_or_default());
        // In French a space stands within them.
        let start = first.len_utf8() + (inner.len() - inner.trim_start().len());
        return start..start + inner.trim().len();
    }
    match first {
        '"' | '\'' => {
            // TOML and YAML open a text of many lines with three.
            let same = rest.len() - rest.trim_start_matches(first).len();
            let start = slashes + if same >= 3 { 3 } else { 1 };
            let inner = text.get(start..).unwrap_or_default();
            start..start + to_quote(inner, first, slashes)
        }
        '[' | '{' => 0..to_bracket(text),
        _ => 0..unquoted(text, reach),
    }
}

/// The length up to and with the counterpart of the bracket that opens this text.
fn to_bracket(text: &str) -> usize {
    let mut depth = 0usize;
    let mut quote = None;
    let mut run = 0;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            // Backslashes before a quote that opens stand before the one that closes, too.
            (Some((open, slashes)), c) if c == open && run <= slashes => quote = None,
            (None, '"' | '\'') => quote = Some((c, run)),
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + c.len_utf8();
                }
            }
            _ => {}
        }
        run = if c == '\\' { run + 1 } else { 0 };
    }
    text.len()
}

/// The length up to the counterpart of a quote before which so many backslashes stood: JSON in JSON
/// has one, and three before a quote inside.
fn to_quote(text: &str, quote: char, slashes: usize) -> usize {
    let mut run = 0;
    for (at, c) in text.char_indices() {
        if c == quote && (run < slashes || run % (2 * (slashes + 1)) == slashes) {
            return at - run.min(slashes);
        }
        run = if c == '\\' { run + 1 } else { 0 };
    }
    text.len()
}

fn unquoted(text: &str, reach: Reach) -> usize {
    match reach {
        Reach::Word => text.find(char::is_whitespace).unwrap_or(text.len()),
        Reach::Line(quote) => {
            let quoted = quote.map_or(text.len(), |quote| to_quote(text, quote, 0));
            let line = text.get(..quoted).unwrap_or_default();
            [line.find(['\n', '\r']), line.find("\\n"), line.find("\\r")]
                .into_iter()
                .flatten()
                .min()
                .unwrap_or(line.trim_end().len())
        }
        Reach::Member => member(text),
    }
}

/// A password may contain separators: a separator ends it only where the next member or nothing
/// follows.
fn member(text: &str) -> usize {
    let mut at = 0;
    while let Some(length) = text.get(at..).and_then(|rest| rest.find(is_end)) {
        let end = at + length;
        let rest = text.get(end..).unwrap_or_default();
        let after = rest.trim_start_matches(is_between);
        let follows = MEMBER.as_ref().is_some_and(|member| member.is_match(after));
        if after.is_empty() || after.starts_with(char::is_whitespace) || follows {
            // Backslashes before a quote are the quote's.
            let value = text.get(..end).unwrap_or_default();
            return if rest.starts_with(['"', '\'', '`']) {
                value.trim_end_matches('\\').len()
            } else {
                end
            };
        }
        at = text.len() - after.len();
    }
    text.len()
}

fn is_end(c: char) -> bool {
    c.is_whitespace() || ",;&)]}>\"'`»".contains(c)
}

fn is_between(c: char) -> bool {
    ",;&)]}>\"'`»\\:.([{<".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_ends_at_its_own_quote() {
        for (text, value) in [
            (r#""a,b; c&d)e}"}"#, "a,b; c&d)e}"),
            (r#""a\"b" c"#, r#"a\"b"#),
            (r#""a\\" c"#, r"a\\"),
            (r#"\"a\\\"b\",\"c\":1"#, r#"a\\\"b"#),
            (r#"\"a" b"#, "a"),
            ("'a \"b' c", "a \"b"),
            ("'''", ""),
            ("\"\" c", ""),
            ("\"no end", "no end"),
            (r#"["a", "]b"] c"#, r#"["a", "]b"]"#),
            (r#"[\"a\", \"]b\"] c"#, r#"[\"a\", \"]b\"]"#),
            (r#"{"a":["b}"]},"c":1"#, r#"{"a":["b}"]}"#),
            ("[a, b c", "[a, b c"),
            ("« a b » c", "a b"),
            ("`a b` c", "a b"),
        ] {
            assert_eq!(&text[place(text, Reach::Member)], value, "{text}");
        }
    }

    #[test]
    fn without_a_quote_it_ends_where_the_next_member_follows() {
        for (text, value) in [
            ("a;DeviceId=d", "a"),
            ("a;b", "a;b"),
            ("a&grant_type=x", "a"),
            ("a,b c", "a,b"),
            ("a, c", "a"),
            ("a)", "a"),
            ("a)b", "a)b"),
            (r#"a","c":"d"}"#, "a"),
            (r#"a\"}"#, "a"),
            (r#"a"b c"#, "a\"b"),
            (r"a\/b\u002Bc d", r"a\/b\u002Bc"),
            (",,,,b c", ",,,,b"),
        ] {
            assert_eq!(&text[place(text, Reach::Member)], value, "{text}");
        }
        assert_eq!(&"a;b c"[place("a;b c", Reach::Word)], "a;b");
        assert_eq!(&"a b\" c"[place("a b\" c", Reach::Line(Some('"')))], "a b");
    }
}
