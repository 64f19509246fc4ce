//! Secrets right behind their name, with no sign that assigns one: `setenv("X_KEY", "…")`,
//! `["x-api-key", "…"]`, `Password("…")`, `setx X_KEY …`.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::assigned::{is_like_a_password, is_unlike_a_word};
use super::name::{Tells, is_password, tells};
use super::shape::{Shape, shape};
use super::value::{Reach, place};

/// Where a pair's value is one for sure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sure {
    /// A secret's name is enough.
    Always,
    /// In brackets the value must be the second of two, or it is one name of a list.
    OfTwo,
    /// The name must be a password's, or the value look like a key.
    IfItLooks,
}

/// The group `name`, and the value behind the match.
const PAIRS: [(&str, Sure); 6] = [
    // A function that is given both.
    (r#"\w\([ \t]*\\*["']?(?<name>[\w.$:-]+)\\*["']?[ \t]*,[ \t]*"#, Sure::Always),
    (
        r#"(?i)\b(?:setx|setenv|set -[a-z]+|secret set)[ \t]+\\*["']?(?<name>[\w.$:-]+)\\*["']?[ \t]+"#,
        Sure::Always,
    ),
    // PowerShell: `Set-Variable -Name X -Value Y`, `Set-Item Env:X Y`.
    (
        r#"(?i)-Name[ \t]+["']?(?<name>[\w.$:-]+)["']?[ \t]+-Value[ \t]+|\bSet-Item[ \t]+(?:-Path[ \t]+)?Env:\\?(?<other>\w+)[ \t]+(?:-Value[ \t]+)?"#,
        Sure::Always,
    ),
    // A tuple or a list of two, in quotes; and as .NET prints a pair.
    (r#"[\[({][ \t]*\\*["'](?<name>[\w.$:-]+)\\*["'][ \t]*,[ \t]*"#, Sure::OfTwo),
    (r"\[(?<name>[A-Za-z][\w.$:-]+), ", Sure::OfTwo),
    // A value in the type that is named after it.
    (r"(?<name>[A-Za-z]\w+)\([ \t]*", Sure::IfItLooks),
];

static ALL: LazyLock<Vec<(Regex, Sure)>> = LazyLock::new(|| {
    let pairs = PAIRS.into_iter();
    pairs.filter_map(|(pair, sure)| Some((Regex::new(pair).ok()?, sure))).collect()
});

/// The values of pairs.
pub(super) fn pairs(text: &str, add: &mut impl FnMut(Range<usize>)) {
    for (pair, sure) in ALL.iter() {
        for found in pair.captures_iter(text) {
            let (Some(name), Some(whole)) =
                (found.name("name").or_else(|| found.name("other")), found.get(0))
            else {
                continue;
            };
            if tells(name.as_str()) != Tells::Secret {
                continue;
            }
            let rest = text.get(whole.end()..).unwrap_or_default();
            let value = place(rest, Reach::Member);
            let own = rest.get(value.clone()).unwrap_or_default();
            let is_quoted = rest.starts_with(['"', '\'', '\\']);
            if !own.is_empty() && is_a_value(name.as_str(), own, is_quoted, *sure, rest, value.end)
            {
                add(whole.end() + value.start..whole.end() + value.end);
            }
        }
    }
}

fn is_a_value(name: &str, own: &str, is_quoted: bool, sure: Sure, rest: &str, end: usize) -> bool {
    let looks = shape(own) != Shape::Plain || is_like_a_password(own);
    match sure {
        // Without quotes it may be a sentence: `(token was refused)`.
        Sure::Always => is_quoted || is_unlike_a_word(own) || looks,
        Sure::OfTwo => {
            let after = rest.get(end..).unwrap_or_default();
            let after = after.trim_start_matches(['\\', '"', '\'', ' ']);
            after.starts_with([']', ')', '}']) && (is_quoted || is_unlike_a_word(own) || looks)
        }
        Sure::IfItLooks => is_quoted && (looks || is_password(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patterns_compile() {
        assert_eq!(ALL.len(), PAIRS.len());
    }
}
