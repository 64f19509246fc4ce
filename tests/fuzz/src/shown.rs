//! What has to hold of whatever is kept or shown.

use edgeprobe_facts::clean::is_unsafe;
use serde::Serialize;
use serde_json::Value;

/// A key that no reader may let through.
pub(crate) const KEY: &str = "q7Gz0W1xZ5tYkP3vR8mLhN2cVbXaSdFgHjKeUiOoPlM=";

/// Every text in the value is one that a terminal shows and does not act on.
pub(crate) fn assert_clean(value: &impl Serialize) {
    fn each(value: &Value) {
        match value {
            Value::String(text) => assert_text(text),
            Value::Array(items) => items.iter().for_each(each),
            Value::Object(members) => members.iter().for_each(|(name, member)| {
                assert_text(name);
                each(member);
            }),
            _ => {}
        }
    }
    each(&serde_json::to_value(value).expect("a value of JSON"));
}

/// The same for a text of lines.
pub(crate) fn assert_text(text: &str) {
    let found = text.chars().find(|c| is_unsafe(*c) && !matches!(c, '\n' | '\t'));
    assert!(found.is_none(), "{found:?} is shown in {text:?}");
}

/// A text with this program's own colours, which are taken away before it is looked at.
pub(crate) fn assert_coloured(text: &str) {
    let mut plain = String::new();
    for (index, part) in text.split("\x1b[").enumerate() {
        let digits = |c: char| c.is_ascii_digit() || c == ';';
        let after = part.trim_start_matches(digits).strip_prefix('m');
        plain += if index == 0 { part } else { after.unwrap_or(part) };
    }
    assert_text(&plain);
}

/// The bytes as text, as readers of files take them.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
