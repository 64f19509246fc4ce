//! The words of the schedule's state, in each language.

use std::sync::LazyLock;

use crate::language::{Language, Phrasebook, Text};

static BOOK: LazyLock<Phrasebook> =
    LazyLock::new(|| Phrasebook::new(include_str!("words/en.toml"), include_str!("words/fr.toml")));

/// A sentence about a schedule.
pub fn say(text: &Text, language: Language) -> String {
    BOOK.say(text, language)
}

pub(super) fn word(key: &'static str, language: Language) -> String {
    say(&Text::new(key), language)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::mistakes;

    #[test]
    fn both_languages_have_the_same_words() {
        let differences = BOOK.differences();
        assert!(differences.is_empty(), "src/schedule/words:\n{}", differences.join("\n"));
    }

    #[test]
    fn the_french_is_well_set() {
        let texts = BOOK.templates(Language::French);
        let mistakes: Vec<String> = texts.flat_map(|(_, text)| mistakes(text)).collect();
        assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
    }
}
