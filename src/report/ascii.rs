//! Text for programs that know no more than ASCII.

use std::borrow::Cow;

/// The text with typographic marks written in ASCII. Letters stay: a name or a French word would be
/// another one without its accents.
pub(super) fn marks(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{a0}' | '\u{202f}' => out.push(' '),
            '“' | '”' | '„' | '«' | '»' => out.push('"'),
            '‘' | '’' => out.push('\''),
            '–' | '—' => out.push('-'),
            '…' => out.push_str("..."),
            '→' => out.push_str("->"),
            '×' => out.push('x'),
            c if c.is_ascii() || c.is_alphanumeric() => out.push(c),
            _ => out.push('?'),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::marks;

    #[test]
    fn marks_become_ascii_and_letters_stay() {
        assert_eq!(marks("“a” – b…"), "\"a\" - b...");
        assert_eq!(marks("l'hôte\u{a0}: ✓"), "l'hôte : ?");
        assert_eq!(marks("plain"), "plain");
    }
}
