//! The languages of output for people, and how a sentence is put into one.
//!
//! Sentences are data. What composes one hands in a key and the words that fill its placeholders,
//! a [`Text`]; a [`Phrasebook`] has the sentence for the key in each language. A word that differs
//! between languages is itself a key, so no language's words stand in code.

mod paste;
mod phrasebook;
mod text;
#[cfg(any(test, feature = "testing"))]
mod typography;

pub use phrasebook::Phrasebook;
pub use text::{Arguments, is_complete, render, render_command};
pub use text::{Text, Word};
#[cfg(any(test, feature = "testing"))]
pub use text::{differences, placeholders};
#[cfg(any(test, feature = "testing"))]
pub use typography::mistakes;

use std::sync::LazyLock;

/// A language of output for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    #[default]
    English,
    French,
}

impl Language {
    pub const ALL: [Self; 2] = [Self::English, Self::French];

    /// The word for it in ISO 639-1.
    pub fn word(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
        }
    }

    /// The language that the locale asks for.
    ///
    /// `variable` gives the value of an environment variable. As POSIX has it, `LC_ALL` counts
    /// before `LC_MESSAGES`, and that before `LANG`; an empty one counts as unset. Every other
    /// locale gets English.
    pub fn from_locale(variable: impl Fn(&str) -> Option<String>) -> Self {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(|name| variable(name).filter(|value| !value.is_empty()))
            .unwrap_or_default();
        // language[_territory][.codeset][@modifier], or a tag of RFC 5646.
        let spoken = locale.split(['_', '-', '.', '@']).next().unwrap_or_default();
        let known = Self::ALL.into_iter().find(|own| spoken.eq_ignore_ascii_case(own.word()));
        known.unwrap_or_default()
    }
}

/// The words that several modules hand in: places, units, general words for what is not known.
static WORDS: LazyLock<Phrasebook> = LazyLock::new(|| {
    Phrasebook::from_toml(include_str!("words/en.toml"), include_str!("words/fr.toml"))
});

/// What a probe tells in English, in the other languages. A probe's failures have no English here:
/// its own words are kept in the report.
static FAILURES: LazyLock<Phrasebook> =
    LazyLock::new(|| Phrasebook::from_toml("", include_str!("words/failures-fr.toml")));

/// Whether a language has a general word for a placeholder.
#[cfg(any(test, feature = "testing"))]
pub fn has_general_word(placeholder: &str, language: Language) -> bool {
    WORDS.template(&format!("general.{placeholder}"), language).is_some()
}

#[cfg(test)]
mod tests {
    use edgeprobe_facts::Token;

    use super::*;

    fn spoken(variables: &[(&str, &str)]) -> Language {
        Language::from_locale(|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_locale_is_read_as_posix_has_it() {
        for french in ["fr", "fr_FR", "fr_FR.UTF-8", "fr_CA.ISO-8859-1", "fr_BE@euro", "fr-CH"] {
            assert_eq!(spoken(&[("LANG", french)]), Language::French, "{french}");
        }
        for english in ["C", "C.UTF-8", "POSIX", "en_GB.UTF-8", "frr_DE", "de_DE", ""] {
            assert_eq!(spoken(&[("LANG", english)]), Language::English, "{english}");
        }
        assert_eq!(spoken(&[]), Language::English);
        assert_eq!(spoken(&[("LC_ALL", "C"), ("LANG", "fr_FR.UTF-8")]), Language::English);
        assert_eq!(spoken(&[("LC_ALL", ""), ("LANG", "fr_FR.UTF-8")]), Language::French);
        let messages = [("LC_MESSAGES", "fr_FR.UTF-8"), ("LANG", "en_US.UTF-8")];
        assert_eq!(spoken(&messages), Language::French);
    }

    #[test]
    fn both_languages_have_the_same_words() {
        let mistakes = WORDS.mistakes();
        assert!(mistakes.is_empty(), "src/language/words:\n{}", mistakes.join("\n"));
    }

    #[test]
    fn every_token_has_its_french() {
        let schema = serde_json::to_value(schemars::schema_for!(Token)).unwrap();
        let tokens: Vec<&str> = schema["oneOf"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["const"].as_str().unwrap())
            .collect();
        assert!(tokens.len() > 40, "{schema}");
        let missing: Vec<String> = tokens
            .iter()
            .flat_map(|token| [(*token).to_owned(), format!("token.{token}")])
            .filter(|key| FAILURES.template(key, Language::French).is_none())
            .collect();
        assert!(missing.is_empty(), "src/language/words/failures-fr.toml lacks {missing:?}");
        let cells = tokens.iter().map(|token| Text::new(format!("token.{token}")));
        for cell in cells {
            let said = FAILURES.say(&cell, Language::French);
            assert!(said.chars().count() < 29, "{said} is wider than its column");
        }
    }

    #[test]
    fn the_french_is_well_set() {
        let books = [&*WORDS, &*FAILURES];
        let texts = books.iter().flat_map(|book| book.templates(Language::French));
        let mistakes: Vec<String> = texts.flat_map(|(_, text)| mistakes(text)).collect();
        assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
    }
}
