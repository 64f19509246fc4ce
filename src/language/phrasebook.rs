//! Sentences by key, in each language.

use std::collections::BTreeMap;

use super::text::render;
use super::{Language, Text};

/// Sentences by key, in each language.
#[derive(Debug)]
pub struct Phrasebook {
    english: BTreeMap<String, String>,
    french: BTreeMap<String, String>,
}

/// Declares a module's phrase book, `words/en.toml` and `words/fr.toml` beside the file that names it:
/// `say` for a sentence, `word` for one that has no placeholders, and the tests of its texts.
#[macro_export]
macro_rules! phrasebook {
    ($visibility:vis) => {
        static BOOK: ::std::sync::LazyLock<$crate::Phrasebook> =
            ::std::sync::LazyLock::new(|| {
                $crate::Phrasebook::from_toml(
                    include_str!("words/en.toml"),
                    include_str!("words/fr.toml"),
                )
            });

        /// A sentence of this module's phrase book.
        $visibility fn say(text: &$crate::Text, language: $crate::Language) -> String {
            BOOK.say(text, language)
        }

        /// A sentence of this module's phrase book that has no placeholders.
        #[allow(dead_code, reason = "some books have sentences with placeholders alone")]
        $visibility fn word(key: &'static str, language: $crate::Language) -> String {
            say(&$crate::Text::new(key), language)
        }

        #[cfg(test)]
        #[test]
        fn the_phrase_book_is_complete_and_well_set() {
            let mistakes = BOOK.mistakes();
            assert!(mistakes.is_empty(), "{}:\n{}", module_path!(), mistakes.join("\n"));
        }
    };
}

impl Phrasebook {
    /// Reads a TOML table of keys and texts for each language. One that cannot be read is empty; a
    /// test finds that.
    pub fn from_toml(english: &str, french: &str) -> Self {
        let read = |text| toml::from_str(text).unwrap_or_default();
        Self { english: read(english), french: read(french) }
    }

    /// The sentence in a language, its placeholders filled. A sentence that the language lacks is
    /// given in English, and one that no language has shows its key; tests find both.
    pub fn say(&self, text: &Text, language: Language) -> String {
        let template = self.template(text.key(), language);
        match template.or_else(|| self.template(text.key(), Language::English)) {
            Some(template) => render(template, text.arguments(), language),
            None => format!("[{}]", text.key()),
        }
    }

    /// The sentence of a key as it stands, if the language has one.
    pub(super) fn template(&self, key: &str, language: Language) -> Option<&str> {
        self.sentences(language).get(key).map(String::as_str)
    }

    fn sentences(&self, language: Language) -> &BTreeMap<String, String> {
        match language {
            Language::English => &self.english,
            Language::French => &self.french,
        }
    }
}

#[cfg(any(test, feature = "testing"))]
impl Phrasebook {
    /// What one language has and the other lacks, and what is badly set in the French, a line each. A
    /// book that does not parse has no sentence at all.
    pub fn mistakes(&self) -> Vec<String> {
        if self.english.is_empty() || self.french.is_empty() {
            return vec!["the book has no sentence in one language".to_owned()];
        }
        let french = self.french.values().flat_map(|text| super::mistakes(text));
        super::text::differences(&self.english, &self.french).into_iter().chain(french).collect()
    }

    /// The sentences of a language as they stand.
    pub fn templates(&self, language: Language) -> impl Iterator<Item = (&str, &str)> {
        self.sentences(language).iter().map(|(key, text)| (key.as_str(), text.as_str()))
    }
}
