//! The words of the report's own, in each language.

use std::sync::LazyLock;

use crate::language::{Language, Phrasebook, Text};
use crate::verdict::{Confidence, Status};

static BOOK: LazyLock<Phrasebook> =
    LazyLock::new(|| Phrasebook::new(include_str!("words/en.toml"), include_str!("words/fr.toml")));

/// A sentence of the report's own.
pub fn say(text: &Text, language: Language) -> String {
    BOOK.say(text, language)
}

/// A word of the report's own, which nothing fills.
pub fn word(key: &'static str, language: Language) -> String {
    say(&Text::new(key), language)
}

/// The status in small letters.
pub fn status(status: Status, language: Language) -> String {
    word(
        match status {
            Status::Healthy => "status.healthy",
            Status::Degraded => "status.degraded",
            Status::Blocked => "status.blocked",
            Status::Inconclusive => "status.inconclusive",
        },
        language,
    )
}

/// How sure a cause is.
pub(super) fn confidence(confidence: Confidence, language: Language) -> String {
    word(
        match confidence {
            Confidence::Confirmed => "confidence.confirmed",
            Confidence::Likely => "confidence.likely",
        },
        language,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::mistakes;

    #[test]
    fn both_languages_have_the_same_words() {
        let differences = BOOK.differences();
        assert!(differences.is_empty(), "src/report/words:\n{}", differences.join("\n"));
    }

    #[test]
    fn the_french_is_well_set() {
        let texts = BOOK.templates(Language::French);
        let mistakes: Vec<String> = texts.flat_map(|(_, text)| mistakes(text)).collect();
        assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
    }

    #[test]
    fn a_label_leaves_a_space_in_its_column() {
        for language in Language::ALL {
            for (key, label) in BOOK.templates(language) {
                let column = if key.starts_with("label.") { 12 } else { 14 };
                let is_label = key.starts_with("label.") || key.starts_with("vpn.label.");
                assert!(!is_label || label.chars().count() < column, "{key}: {label}");
            }
        }
    }
}
