//! Secrets that stand behind their name: `SharedAccessKey=…`, `"password": "…"`, `the key is …`.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::MASK;
use super::name::{Tells, is_key, is_password, takes_the_line, tells_after};
use super::shape::{Shape, shape};
use super::value::{Reach, place};
use super::words::{NOTHING, SAID};

/// A name, what closes it, and what says that a value follows: a sign, a verb, or the value's quote.
static ASSIGNED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?<name>[\w$][\w.$-]*)(?:",
        r#"(?<close>\\*["'`»])?[\])]?[ \t\u{a0}]*(?<is>\\*=+>?|:[ \t]*(?:&(?:'static )?str|[Ss]tring|str)[ \t]*=|:+=?|[：＝]|-+>|\b(?i:is|was|are|set to|est|vaut)\b[ \t]*:?)"#,
        r#"|[ \t\u{a0}]+(?<quote>\\*["'“«`]))"#,
    ))
    .ok()
});

/// `mot de passe`, `clé d'accès`, `clave de acceso`: in Romance languages the noun comes first.
static NOUN_FIRST: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)\b(?:mots?[ _-]de[ _-]passe|phrases?[ _-](?:de[ _-]passe|secrète)|codes?[ _-](?:d['’]accès|secret|pin|confidentiel)|",
        r"(?:cl(?:é|e|ef)s?|jetons?|secrets?|claves?|llaves?|chiav[ei]|chaves?)(?<more>(?:[ _-](?:d['’]|l['’]|de |du |des |la |di |do )*\w+){1,3}))",
        r"[ \t\u{a0}]*(?::|=|\b(?:est|vaut)\b)[ \t\u{a0}]*",
    ))
    .ok()
});

/// Words behind such a noun that make it no secret.
const NOT_SECRET: [&str; 8] = [
    "publique",
    "inconnue",
    "introuvable",
    "registre",
    "absente",
    "partition",
    "manquante",
    "étrangère",
];

/// The values behind telling names. Gives whether such a name stands last and awaits its value.
pub(super) fn assigned(text: &str, add: &mut impl FnMut(Range<usize>)) -> bool {
    let mut awaits = false;
    let Some(pattern) = ASSIGNED.as_ref() else { return false };
    let mut from = 0;
    while let Some(found) = pattern.captures_at(text, from) {
        let Some(name) = found.name("name") else { break };
        // What stands in a value may be a name itself.
        from = name.end();
        let before = text.get(..name.start()).unwrap_or_default();
        let tells = in_place(before, name.as_str(), tells_after(before, name.as_str()));
        if tells == Tells::Nothing {
            continue;
        }
        let is = found.name("is");
        let start = match (is, found.name("quote")) {
            (Some(is), _) => {
                let rest = text.get(is.end()..).unwrap_or_default();
                is.end() + (rest.len() - rest.trim_start_matches([' ', '\t', '\u{a0}']).len())
            }
            (None, Some(quote)) => quote.start(),
            (None, None) => continue,
        };
        let how = How::from_text(is.map_or("", |is| is.as_str()), found.name("close").is_some());
        let reach = if takes_the_line(name.as_str()) {
            Reach::Line(quote_around(text.get(..start).unwrap_or_default()))
        } else {
            Reach::Member
        };
        let rest = text.get(start..).unwrap_or_default();
        if is.is_some() && is_left_open(rest) {
            awaits |= tells == Tells::Secret || is_key(name.as_str());
            continue;
        }
        if is_masked(rest) {
            continue;
        }
        let mut value = place(rest, reach);
        if is_one_of_a_list(before, how, rest) {
            value.end = value.end.max(rest.find([';', '"', '\'', '\n']).unwrap_or(rest.len()));
        }
        let bare = rest.get(value.clone()).unwrap_or_default();
        if is_a_secret(name.as_str(), tells, how, bare, value.start > 0) {
            from = start + value.end;
            add(start + value.start..from);
        }
    }
    noun_first(text, add);
    awaits
}

/// How a name and its value are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// By a sign that programs read: `=`, or `:` behind a quoted name.
    Sign,
    /// By a colon, as in a header, in YAML and in sentences.
    Colon,
    /// By a path's colons or by an arrow.
    Path,
    /// By a verb.
    Verb,
    /// By nothing but the value's quote.
    Quote,
}

impl How {
    fn from_text(is: &str, is_quoted: bool) -> Self {
        match is.trim() {
            "" => Self::Quote,
            "::" => Self::Path,
            ":" if is_quoted => Self::Sign,
            ":" => Self::Colon,
            sign if sign.contains('=') || sign.ends_with('>') => Self::Sign,
            _ => Self::Verb,
        }
    }
}

/// What a name tells where it stands: a parameter of a query, or a variable's whole name.
fn in_place(before: &str, name: &str, tells: Tells) -> Tells {
    let is_parameter = before.ends_with(['?', '&']);
    if tells == Tells::Perhaps && (is_parameter || name == "KEY") { Tells::Secret } else { tells }
}

/// The quote that a text stands in behind this one.
fn quote_around(before: &str) -> Option<char> {
    let mut open = None;
    let mut last = ' ';
    for c in before.chars() {
        match (open, c) {
            _ if last == '\\' => {}
            (None, '"') => open = Some(c),
            // An apostrophe is no quote.
            (None, '\'') if !last.is_alphanumeric() => open = Some(c),
            (Some(quote), c) if c == quote => open = None,
            _ => {}
        }
        last = if last == '\\' { ' ' } else { c };
    }
    open
}

/// Whether the value is a member of a list with semicolons, in which a value may have spaces.
fn is_one_of_a_list(before: &str, how: How, rest: &str) -> bool {
    let is_quoted = rest.starts_with(['"', '\'', '`', '\\', '{', '[']);
    how == How::Sign && before.trim_end().ends_with(';') && !is_quoted
}

/// Whether a mark stands here and nothing with it.
fn is_masked(rest: &str) -> bool {
    let after = rest.strip_prefix(MASK);
    after.is_some_and(|after| {
        !after.starts_with(|c: char| c.is_alphanumeric() || "+/=-_".contains(c))
    })
}

/// Whether what follows a name is left for the next line: nothing, or the begin of a text.
fn is_left_open(rest: &str) -> bool {
    let rest = rest.trim_end();
    matches!(
        rest,
        // Of YAML and TOML, of a shell, of JSON.
        "" | "|"
            | ">"
            | "|-"
            | ">-"
            | "|+"
            | ">+"
            | "\""
            | "'"
            | "\"\"\""
            | "'''"
            | "\\"
            | "("
            | "{"
            | "["
    )
}

fn is_a_secret(name: &str, tells: Tells, how: How, value: &str, is_quoted: bool) -> bool {
    // No word is longer.
    let short = if value.len() <= 32 { value.trim() } else { "" };
    let plain = short.trim_end_matches(['.', ',', ':', '!']).to_lowercase();
    let is_none = !plain.is_empty() && (NOTHING.has(&plain) || is_a_mark(&plain));
    if value.is_empty() || is_none {
        return false;
    }
    let looks = shape(value) != Shape::Plain;
    let is_said = !is_quoted && SAID.has(&plain);
    match (tells, how) {
        (Tells::Nothing, _) => false,
        (Tells::Secret, How::Sign) => true,
        (Tells::Secret, How::Colon) => !is_said,
        (Tells::Secret, How::Verb) => !is_said && (is_quoted || is_unlike_a_word(value)),
        (Tells::Secret, How::Quote) => looks || is_password(name),
        (Tells::Secret, How::Path) | (Tells::Perhaps, How::Path | How::Quote) => looks,
        (Tells::Perhaps, How::Sign | How::Colon | How::Verb) => {
            looks || (!is_said && is_like_a_password(value))
        }
    }
}

/// What others write in place of a secret.
fn is_a_mark(value: &str) -> bool {
    let inner = value.trim_matches(['<', '>', '[', ']', '(', ')', '{', '}']);
    let words = ["redacted", "masked", "hidden", "removed", "secret", "xxxxx"];
    (inner.len() < value.len() || inner == "xxxxx") && words.contains(&inner)
        || value.chars().all(|c| matches!(c, '*' | '…' | '•' | '.' | '-'))
}

/// Whether no sentence has this as a word: a digit, a sign or a capital is in it.
pub(super) fn is_unlike_a_word(value: &str) -> bool {
    let mut characters = value.trim_end_matches(['.', ',', ';', ':', '!', '?']).chars();
    characters.next();
    characters.any(|c| !c.is_lowercase() && c != '\'' && c != '’')
}

/// Whether letters are mixed with digits or signs, as in a short key or a password, and no name,
/// path or address is.
pub(super) fn is_like_a_password(value: &str) -> bool {
    let has = |is: fn(char) -> bool| value.chars().any(is);
    let is_structured = value.contains(['/', '\\', '.', ':', ' ', '(', '{', '[', '<', '_', ',']);
    let signs = value.contains(['!', '#', '$', '%', '^', '*', '+', '=', '?', '~', '@']);
    !is_structured
        && value.len() >= 8
        && has(|c| c.is_ascii_lowercase())
        && (signs || (has(|c| c.is_ascii_uppercase()) && has(|c| c.is_ascii_digit())))
}

fn noun_first(text: &str, add: &mut impl FnMut(Range<usize>)) {
    for found in NOUN_FIRST.iter().flat_map(|noun| noun.captures_iter(text)) {
        let more = found.name("more").map_or("", |more| more.as_str()).to_lowercase();
        if NOT_SECRET.iter().any(|word| more.contains(word)) {
            continue;
        }
        let start = found.get(0).map_or(0, |whole| whole.end());
        let rest = text.get(start..).unwrap_or_default();
        let value = place(rest, Reach::Member);
        let bare = rest.get(value.clone()).unwrap_or_default();
        let tells = Tells::Secret;
        if is_a_secret("mdp", tells, How::Colon, bare, value.start > 0) {
            add(start + value.start..start + value.end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patterns_compile() {
        assert!(ASSIGNED.is_some() && NOUN_FIRST.is_some());
    }
}
