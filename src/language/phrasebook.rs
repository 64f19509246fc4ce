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

impl Phrasebook {
    /// The sentences of these files, each a TOML table of keys and texts. One that cannot be read
    /// is empty, which a test keeps from happening.
    pub fn new(english: &str, french: &str) -> Self {
        let read = |text| toml::from_str(text).unwrap_or_default();
        Self { english: read(english), french: read(french) }
    }

    /// The sentence in a language, its placeholders filled. One that the language lacks is said in
    /// English, and one that nobody has shows its key; tests keep both from happening.
    pub fn say(&self, text: &Text, language: Language) -> String {
        let template = self.template(text.key(), language);
        match template.or_else(|| self.template(text.key(), Language::English)) {
            Some(template) => render(template, text.arguments(), language),
            None => format!("[{}]", text.key()),
        }
    }

    /// The sentence of a key as it stands, if the language has one.
    pub(super) fn template(&self, key: &str, language: Language) -> Option<&str> {
        self.of(language).get(key).map(String::as_str)
    }

    fn of(&self, language: Language) -> &BTreeMap<String, String> {
        match language {
            Language::English => &self.english,
            Language::French => &self.french,
        }
    }
}

#[cfg(any(test, feature = "testing"))]
impl Phrasebook {
    /// What one language has and the other lacks, a line for each key. A book that does not parse
    /// has nothing at all.
    pub fn differences(&self) -> Vec<String> {
        if self.english.is_empty() && self.french.is_empty() {
            return vec!["the book has no sentence in either language".to_owned()];
        }
        super::text::differences(&self.english, &self.french)
    }

    /// The sentences of a language as they stand.
    pub fn templates(&self, language: Language) -> impl Iterator<Item = (&str, &str)> {
        self.of(language).iter().map(|(key, text)| (key.as_str(), text.as_str()))
    }
}
