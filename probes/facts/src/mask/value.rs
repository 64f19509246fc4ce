//! Where a secret's value ends, once something before it has told that it is one.

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
    /// To a quote or the line's end, as an HTTP header's.
    Line,
}

/// What may stand for a quote in a text that was encoded for another.
const ENCODED: [&str; 7] = ["%22", "%27", "%2522", "&quot;", "\\u0022", "\\u0027", "\\\\u0022"];

/// The next member, after what parts it from the one before.
static MEMBER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"^[A-Za-z_][\w.-]*(?:\\*["'])?\s*(?:[=:]|%3[AaDd])"#).ok());

/// Where the value stands at the begin of this text, without quotes around it.
///
/// A quote that opens it reaches to its counterpart, and a bracket to the line's end: what is masked
/// too much is no harm.
pub(super) fn place(text: &str, reach: Reach) -> Range<usize> {
    let slashes = text.len() - text.trim_start_matches('\\').len();
    let rest = text.get(slashes..).unwrap_or_default();
    if let Some(encoded) = ENCODED.iter().find(|encoded| text.starts_with(**encoded)) {
        let inner = text.get(encoded.len()..).unwrap_or_default();
        return encoded.len()..encoded.len() + inner.find(encoded).unwrap_or(inner.len());
    }
    match rest.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            // TOML and YAML open a text of many lines with three.
            let same = rest.len() - rest.trim_start_matches(quote).len();
            let start = slashes + if same >= 3 { 3 } else { 1 };
            let inner = text.get(start..).unwrap_or_default();
            start..start + to_quote(inner, quote, slashes)
        }
        Some('[' | '{') => 0..text.len(),
        _ => 0..unquoted(text, reach),
    }
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
        Reach::Line => {
            let ends = |(at, c): &(usize, char)| match c {
                '"' | '\'' => true,
                '\\' => {
                    text.get(at + 1..).is_some_and(|next| next.starts_with(['n', 'r', '"', '\'']))
                }
                _ => false,
            };
            text.char_indices().find(ends).map_or(text.len(), |(at, _)| at)
        }
        Reach::Member => member(text),
    }
}

/// A password may hold whatever parts members: it ends one where the next member follows, or nothing.
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
            return if rest.starts_with(['"', '\'']) {
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
    c.is_whitespace() || ",;&)]}>\"'".contains(c)
}

fn is_between(c: char) -> bool {
    ",;&)]}>\"'\\:.([{<".contains(c)
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
            ("%22a%2Cb%22%7D", "a%2Cb"),
            (r"\u0022a,b\u0022}", "a,b"),
            (r#"["a", "b"] c"#, r#"["a", "b"] c"#),
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
        assert_eq!(&"a b\" c"[place("a b\" c", Reach::Line)], "a b");
    }
}
