//! The forms in which a line comes: what it says, and when.

use std::borrow::Cow;

use edgeprobe_facts::clean::without_colour;
use serde::Deserialize;

use super::stamp::{Stamp, parse_line};
use super::time::microseconds;

/// A line without its wrapping.
#[derive(Debug, PartialEq)]
pub(super) struct Message<'l> {
    pub(super) text: Cow<'l, [u8]>,
    /// Empty where the line itself has no time.
    pub(super) at: Stamp,
}

/// Takes a line out of the form that docker, the journal or the runtime gave it.
pub(super) fn unwrap(line: &[u8]) -> Message<'_> {
    let line = without_frame(line.strip_suffix(b"\r").unwrap_or(line));
    if line.first() == Some(&b'{')
        && let Ok(wrapped) = serde_json::from_slice::<Wrapped<'_>>(line)
        && let Some((text, outer)) = wrapped.content()
    {
        // The time that the runtime wrote counts more than the time of collection.
        let text = without_colour(&text).into_owned();
        let at = parse_line(&text).or(outer);
        return Message { text: Cow::Owned(text), at };
    }
    let text = without_colour(line);
    let at = parse_line(&text);
    Message { text, at }
}

/// The fields of docker's json-file driver and of the journal's JSON, of which a line has some.
#[derive(Deserialize)]
struct Wrapped<'l> {
    #[serde(borrow)]
    log: Option<Cow<'l, str>>,
    #[serde(borrow)]
    time: Option<Cow<'l, str>>,
    #[serde(rename = "MESSAGE")]
    message: Option<Bytes>,
    #[serde(borrow, rename = "__REALTIME_TIMESTAMP")]
    realtime: Option<Cow<'l, str>>,
}

/// The journal writes text that is not UTF-8 as a list of bytes.
#[derive(Deserialize)]
#[serde(untagged)]
enum Bytes {
    Text(String),
    Raw(Vec<u8>),
}

impl Wrapped<'_> {
    fn content(self) -> Option<(Vec<u8>, Stamp)> {
        if let Some(log) = self.log {
            let at = self.time.map(|time| parse_line(time.as_bytes())).unwrap_or_default();
            return Some((log.into_owned().into_bytes(), at));
        }
        let at = self.realtime.and_then(|time| microseconds(time.as_bytes()));
        let at = Stamp { utc: at, ..Stamp::default() };
        match self.message? {
            Bytes::Text(text) => Some((text.into_bytes(), at)),
            Bytes::Raw(bytes) => Some((bytes, at)),
        }
    }
}

/// Past the eight bytes that the engine's API puts before each piece of a stream.
fn without_frame(line: &[u8]) -> &[u8] {
    match line {
        [0..=2, 0, 0, 0, _, _, _, _, rest @ ..] => rest,
        _ => line,
    }
}

/// A block of lines without a terminal's colours, which would stand in the middle of a text; of lines
/// in JSON too, where they are written as escapes. No line break goes.
pub(super) fn block_without_colour(text: &[u8]) -> Cow<'_, [u8]> {
    let is_coloured = || {
        memchr::memchr(ESCAPE, text).is_some() || memchr::memmem::find(text, b"\\u001").is_some()
    };
    if !is_coloured() {
        return Cow::Borrowed(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr2(ESCAPE, b'\\', rest) {
        let (before, mark) = rest.split_at(at);
        plain.extend_from_slice(before);
        let (kept, colour) = match mark {
            [ESCAPE, ..] | [b'\\', b'u', b'0', b'0', b'1', b'b' | b'B', ..] => {
                let escape = if mark.first() == Some(&ESCAPE) { 1 } else { 6 };
                match sequence(mark.get(escape..).unwrap_or_default()) {
                    0 => (escape, 0),
                    sequence => (0, escape + sequence),
                }
            }
            // A backslash that is itself escaped begins nothing.
            [b'\\', b'\\', ..] => (2, 0),
            _ => (1, 0),
        };
        plain.extend_from_slice(mark.get(..kept).unwrap_or_default());
        rest = mark.get(kept + colour..).unwrap_or_default();
    }
    plain.extend_from_slice(rest);
    Cow::Owned(plain)
}

/// How a terminal's commands begin.
const ESCAPE: u8 = 0x1b;

/// How long the rest of a terminal's command is: of a colour, of a cursor's move, of a set of letters.
fn sequence(rest: &[u8]) -> usize {
    match rest {
        [b'[', rest @ ..] => {
            let numbers = rest.iter().take_while(|byte| (b'0'..=b'?').contains(*byte)).count();
            let ends = rest.get(numbers).is_some_and(u8::is_ascii_alphabetic);
            1 + numbers + usize::from(ends)
        }
        [b'(', set, ..] if set.is_ascii_alphanumeric() => 2,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::time::rfc3339;

    fn told(line: &[u8]) -> (String, Option<String>) {
        let message = unwrap(line);
        (String::from_utf8_lossy(&message.text).into_owned(), message.at.utc.map(rfc3339))
    }

    #[test]
    fn docker_s_json_is_unwrapped() {
        let line = br#"{"log":"say \"x\" \u003cb\u003e\n","stream":"stderr","time":"2022-05-29T02:11:14.5Z"}"#;
        let (text, at) = told(line);
        assert_eq!(text, "say \"x\" <b>\n");
        assert_eq!(at.as_deref(), Some("2022-05-29T02:11:14.500Z"));
    }

    #[test]
    fn the_journal_s_json_is_unwrapped() {
        let line =
            br#"{"__REALTIME_TIMESTAMP":"1653790274000123","PRIORITY":"6","MESSAGE":"timed out"}"#;
        assert_eq!(told(line), ("timed out".into(), Some("2022-05-29T02:11:14Z".into())));
        let bytes = br#"{"__REALTIME_TIMESTAMP":"1653790274000123","MESSAGE":[111,107,255]}"#;
        assert_eq!(told(bytes).0, "ok\u{fffd}");
    }

    #[test]
    fn other_json_and_broken_json_stay_lines() {
        for line in [r#"{"a":1}"#, r#"{"log":"cut in the mid"#, "{", "{}", r#"{"log":3}"#] {
            assert_eq!(told(line.as_bytes()), (line.to_owned(), None));
        }
    }

    #[test]
    fn frames_colours_and_carriage_returns_go() {
        assert_eq!(told(b"\x01\0\0\0\0\0\0\x05hello\r").0, "hello");
        assert_eq!(told(b"\x1b[31mport\x1b[0m is\x1b[").0, "port is");
    }

    #[test]
    fn colours_go_from_the_middle_of_lines_and_from_json() {
        let plain = |text: &[u8]| String::from_utf8_lossy(&block_without_colour(text)).into_owned();
        assert_eq!(plain(b"a\x1b[1;31mb\x1b(B\x1b[mc\n\x1b[0Kd\x1b[\ne"), "abc\nd\ne");
        assert_eq!(plain(br#"{"log":"a\u001b[31mb\u001B[0m\n"}"#), r#"{"log":"ab\n"}"#);
        // A text about escapes, and what is no command.
        let about = r#"{"log":"say \\u001b[31m, \u001bx, \u0010 and C:\\users"}"#;
        assert_eq!(plain(about.as_bytes()), about);
        assert_eq!(plain(br#"{"log":"cut\u001b["}"#), r#"{"log":"cut"}"#);
    }
}
