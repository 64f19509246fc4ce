//! Secrets whose name and value are members of one object, and elements and attributes of XML:
//! `{"name":"X_KEY","value":"…"}`, `<add key="X_KEY" value="…"/>`, `<password>…</password>`.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::assigned::is_like_a_password;
use super::name::{Tells, tells};
use super::shape::{Shape, shape};
use super::value::{Reach, place};

/// How far an object reaches that is looked at, in bytes.
const OBJECT: usize = 1024;

/// A member that names something.
static NAME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)\b(?:name|key|id|n|k|option|setting|variable|var|header|property|field|param|parameter|arg|argument)",
        r#"\\*["']?\s*[:=]\s*\\*["']?(?<name>[\w$][\w.$:-]*)"#
    ))
    .ok()
});

/// A member that is the value of what another names.
static VALUE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?i)\b(?:value|val|v|content|contents|text|data|string|default)\\*["']?\s*[:=]\s*"#,
    )
    .ok()
});

/// An element, to the begin of its text; and one that names something, to the text of the next.
static ELEMENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"<(?<name>[A-Za-z_][\w.:-]*)(?:\s[^<>]*)?>\s*(?:<!\[CDATA\[)?(?<text>[^<>\s][^<]*)")
        .ok()
});
/// An element whose text is on the next line.
static OPEN_ELEMENT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"<(?<name>[A-Za-z_][\w.:-]*)(?:\s[^<>]*)?>\s*$").ok());
static NAMED_ELEMENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)<(?:\w+:)?(?:name|key|id)(?:\s[^<>]*)?>\s*(?<name>[\w.$:-]+)\s*</[\w:]+>\s*",
        r"<[\w:]+(?:\s[^<>]*)?>\s*(?<text>[^<]+)"
    ))
    .ok()
});
/// A tag's own name, and its attribute that has the value.
static TAG: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)<(?<name>[A-Za-z_][\w.:-]*)\s(?:[^<>]*?\s)?(?:value|val|text)\s*=\s*").ok()
});

/// Whether an element opens here whose text is a secret on the next line.
pub(super) fn opens_an_element(text: &str) -> bool {
    let found =
        OPEN_ELEMENT.as_ref().filter(|_| text.contains('<')).and_then(|it| it.captures(text));
    let name = found.and_then(|found| found.name("name").map(|name| name.as_str().to_owned()));
    name.is_some_and(|name| tells(&name) == Tells::Secret)
}

/// Whether a value of what another member names is here.
pub(super) fn has_a_value(text: &str) -> bool {
    VALUE.as_ref().is_some_and(|value| value.is_match(text))
}

/// The values of members, elements and attributes that stand apart from their names. Gives whether a
/// telling name is there without its value.
pub(super) fn members(text: &str, named_before: bool, add: &mut impl FnMut(Range<usize>)) -> bool {
    elements(text, add);
    let (Some(name), Some(value)) = (NAME.as_ref(), VALUE.as_ref()) else { return false };
    if named_before {
        for found in value.find_iter(text) {
            add_value(text, found.end(), true, add);
        }
    }
    let mut is_open = false;
    for found in name.captures_iter(text) {
        let Some(own) = found.name("name") else { continue };
        let tells = tells(own.as_str());
        if tells == Tells::Nothing {
            continue;
        }
        let whole = found.get(0).map_or(own.range(), |whole| whole.range());
        let object = object(text, &whole);
        let values = value.find_iter(text.get(object.clone()).unwrap_or_default());
        let mut has_value = false;
        for found in values {
            let start = object.start + found.end();
            // A value's own name may be the name that tells.
            if start <= whole.start || object.start + found.start() >= whole.end {
                add_value(text, start, tells == Tells::Secret, add);
                has_value = true;
            }
        }
        is_open |= !has_value;
    }
    is_open
}

fn add_value(text: &str, start: usize, is_secret: bool, add: &mut impl FnMut(Range<usize>)) {
    let rest = text.get(start..).unwrap_or_default();
    let value = place(rest, Reach::Member);
    let own = rest.get(value.clone()).unwrap_or_default();
    let looks = shape(own) != Shape::Plain || is_like_a_password(own);
    if !is_nothing(own) && (is_secret || looks) {
        add(start + value.start..start + value.end);
    }
}

fn is_nothing(value: &str) -> bool {
    ["", "null", "true", "false", "None", "…"].contains(&value)
}

/// The object or the tag that this part stands in; the lines around it where it stands in none.
fn object(text: &str, part: &Range<usize>) -> Range<usize> {
    let from = text.floor_char_boundary(part.start.saturating_sub(OBJECT));
    let to = text.ceil_char_boundary((part.end + OBJECT).min(text.len()));
    let before = text.get(from..part.start).unwrap_or_default();
    let after = text.get(part.end..to).unwrap_or_default();
    let mut depth = 0usize;
    let mut start = from;
    for (at, c) in before.char_indices().rev() {
        match c {
            '}' | '>' | ')' => depth += 1,
            '{' | '<' | '(' if depth == 0 => {
                start = from + at;
                break;
            }
            '{' | '<' | '(' => depth -= 1,
            _ => {}
        }
    }
    depth = 0;
    let mut end = to;
    for (at, c) in after.char_indices() {
        match c {
            '{' | '<' | '(' => depth += 1,
            '}' | '>' | ')' if depth == 0 => {
                end = part.end + at;
                break;
            }
            '}' | '>' | ')' => depth -= 1,
            _ => {}
        }
    }
    start..end
}

fn elements(text: &str, add: &mut impl FnMut(Range<usize>)) {
    if !text.contains('<') {
        return;
    }
    let elements = ELEMENT.iter().flat_map(|it| it.captures_iter(text));
    let named = NAMED_ELEMENT.iter().flat_map(|it| it.captures_iter(text));
    for found in elements.chain(named) {
        let (Some(name), Some(own)) = (found.name("name"), found.name("text")) else { continue };
        let value = own.as_str().split("]]>").next().unwrap_or_default().trim_end();
        let looks = shape(value) != Shape::Plain || is_like_a_password(value);
        let is_secret = match tells(name.as_str()) {
            Tells::Nothing => false,
            Tells::Perhaps => looks,
            Tells::Secret => true,
        };
        if is_secret && !is_nothing(value) {
            add(own.start()..own.start() + value.len());
        }
    }
    for found in TAG.iter().flat_map(|tag| tag.captures_iter(text)) {
        let (Some(name), Some(whole)) = (found.name("name"), found.get(0)) else { continue };
        if tells(name.as_str()) != Tells::Nothing {
            add_value(text, whole.end(), tells(name.as_str()) == Tells::Secret, add);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patterns_compile() {
        for pattern in [&NAME, &VALUE, &ELEMENT, &NAMED_ELEMENT, &OPEN_ELEMENT, &TAG] {
            assert!(pattern.is_some());
        }
    }
}
