//! Where the lines of a JSON document end, so that people can read and compare documents.

use std::io;

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

/// Returns a value as JSON on one line, with a blank after each comma and colon.
pub(super) fn one_line(value: &impl Serialize) -> io::Result<String> {
    let mut line = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut line, OneLine))?;
    String::from_utf8(line).map_err(io::Error::other)
}

/// Returns a value as indented JSON in which a list or an object without objects inside it stands on
/// one line: a cause's evidence, a remedy, a cause that was ruled out.
pub(super) fn indented(value: &impl Serialize) -> io::Result<String> {
    let mut out = String::new();
    put(&mut out, &one_line(value)?, 0);
    Ok(out)
}

/// Appends `json`, which is one line, as a value that stands `depth` steps inside the document.
fn put(out: &mut String, json: &str, depth: usize) {
    let holds_objects = structure(json).skip(1).any(|(_, char)| char == '{');
    let ends = holds_objects.then(|| (json.split_at_checked(1), json.len().checked_sub(1)));
    let Some((Some((open, rest)), Some(last))) = ends else { return out.push_str(json) };
    let (inner, close) = rest.split_at_checked(last - 1).unwrap_or((rest, ""));
    out.push_str(open);
    for (index, member) in members(inner).into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        new_line(out, depth + 1);
        let (name, value) = named(member);
        out.push_str(name);
        put(out, value, depth + 1);
    }
    new_line(out, depth);
    out.push_str(close);
}

/// The members of a list or an object; `inner` is the text between its brackets.
fn members(inner: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let is_end = |(_, char): &(usize, char)| {
        match char {
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            _ => {}
        }
        depth == 0 && *char == ','
    };
    let mut found = Vec::new();
    let mut start = 0;
    for end in structure(inner).filter(is_end).map(|(at, _)| at).chain([inner.len()]) {
        found.extend(inner.get(start..end));
        start = end + ", ".len();
    }
    found
}

/// An object's member as its name, with the colon, and its value. An item of a list has no name.
fn named(member: &str) -> (&str, &str) {
    let end = match structure(member).next() {
        Some((at, ':')) => at + ": ".len(),
        _ => 0,
    };
    member.split_at_checked(end).unwrap_or(("", member))
}

/// The characters outside strings, with their places.
fn structure(json: &str) -> impl Iterator<Item = (usize, char)> {
    let (mut quoted, mut escaped) = (false, false);
    json.char_indices().filter(move |(_, char)| {
        let outside = !quoted && *char != '"';
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        outside
    })
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    for _ in 0..depth {
        out.push_str("  ");
    }
}

struct OneLine;

impl Formatter for OneLine {
    fn begin_array_value<W>(&mut self, to: &mut W, first: bool) -> io::Result<()>
    where
        W: io::Write + ?Sized,
    {
        if first { Ok(()) } else { to.write_all(b", ") }
    }

    fn begin_object_key<W>(&mut self, to: &mut W, first: bool) -> io::Result<()>
    where
        W: io::Write + ?Sized,
    {
        if first { Ok(()) } else { to.write_all(b", ") }
    }

    fn begin_object_value<W>(&mut self, to: &mut W) -> io::Result<()>
    where
        W: io::Write + ?Sized,
    {
        to.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_holds_no_object_is_one_line() {
        let value = json!({"a": {"b": [1, 2]}, "c": [{"d": {}, "e": "x"}, {"f": [3]}], "g": []});
        let expected = r#"{
  "a": {"b": [1, 2]},
  "c": [
    {
      "d": {},
      "e": "x"
    },
    {"f": [3]}
  ],
  "g": []
}"#;
        assert_eq!(indented(&value).unwrap(), expected);
    }

    /// Brackets, commas, colons and quotation marks inside strings are text.
    #[test]
    fn the_data_stays_the_same() {
        for text in ["", "{", "}, {", "\": ", "\\", "\\\"", "a\n\u{1b}é,", "]"] {
            let value = json!({text: [text, {text: text}, null, 1.5, {"in": {text: [text]}}]});
            for written in [one_line(&value).unwrap(), indented(&value).unwrap()] {
                assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), value, "{written}");
            }
            assert!(!one_line(&value).unwrap().contains('\n'));
        }
    }
}
