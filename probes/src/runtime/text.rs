//! The quoting of systemd's files (systemd.syntax(7)).

use edgeprobe_facts::systemd;

/// The lines of a text: continued ones joined, comments and empty ones left out.
pub(super) fn logical_lines(content: &str) -> impl Iterator<Item = String> {
    let lines = systemd::logical_lines(content).into_iter();
    lines.map(|line| line.trim().to_owned()).filter(|line| !line.is_empty())
}

/// The words of a setting, with their quotes and escapes resolved.
pub(super) fn words(value: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut characters = value.chars();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, '\\') => word.get_or_insert_default().extend(escaped(&mut characters)),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// A value that may stand in quotes as a whole or in part.
pub(super) fn unquoted(value: &str) -> String {
    let mut out = String::new();
    let mut quote: Option<char> = None;
    let mut characters = value.chars();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (Some('\''), c) => out.push(c),
            (_, '\\') => out.extend(characters.next()),
            (_, c) => out.push(c),
        }
    }
    out
}

/// The text with `%%` as the per cent sign that it stands for. Other specifiers have no place in a
/// proxy's URL.
pub(super) fn without_specifiers(value: &str) -> String {
    value.replace("%%", "%")
}

/// The character that an escape stands for, in C's manner.
fn escaped(characters: &mut std::str::Chars<'_>) -> Option<char> {
    match characters.next()? {
        'n' => Some('\n'),
        't' => Some('\t'),
        'r' => Some('\r'),
        's' => Some(' '),
        'x' => {
            let digits: String = characters.by_ref().take(2).collect();
            u8::from_str_radix(&digits, 16).ok().map(char::from)
        }
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_the_manual_s_examples_are() {
        let split = |value: &str| words(value);
        assert_eq!(
            split(r#""VAR1=word1 word2" VAR2=word3 "VAR3=$word 5 6""#),
            ["VAR1=word1 word2", "VAR2=word3", "VAR3=$word 5 6"]
        );
        assert_eq!(split(r"'one'  two\x20three"), ["one", "two three"]);
        assert_eq!(split(r#"A="b c" "#), ["A=b c"]);
        assert_eq!(split(r#""""#), [""]);
        assert!(split("  ").is_empty());
        assert_eq!(split(r#""unfinished"#), ["unfinished"]);
    }

    #[test]
    fn continued_lines_are_joined_and_comments_between_them_passed_over() {
        let text = "[Service]\n# one\nEnvironment=A=1 \\\n; two\n  B=2\n\nC=3 \\";
        assert_eq!(
            logical_lines(text).collect::<Vec<_>>(),
            ["[Service]", "Environment=A=1  B=2", "C=3"]
        );
    }

    #[test]
    fn a_value_of_a_file_loses_its_quotes() {
        assert_eq!(unquoted(r#""a b"c"#), "a bc");
        assert_eq!(unquoted(r"'a\b'"), r"a\b");
        assert_eq!(unquoted(r"a\ b"), "a b");
    }
}
