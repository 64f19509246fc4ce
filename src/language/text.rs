//! A sentence before it is put into a language: a key, and the words that fill its `{placeholders}`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Display;

use super::{FAILURES, Language, WORDS, paste};

/// The words that fill a template, by placeholder.
pub type Arguments = BTreeMap<&'static str, Word>;

/// A sentence, before it is put into a language.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text {
    key: Cow<'static, str>,
    arguments: Arguments,
    /// The sentence that follows it.
    next: Option<&'static str>,
}

/// What fills a placeholder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// The same in every language: a name, an address, a number, a rule.
    Plain(String),
    /// A number with a decimal point, which is the language's own when it is said.
    Figure(String),
    /// Words that differ between languages, by their key in src/language/words.
    Phrase(Text),
    /// Several, as an enumeration: `a`, `a and b`, `a, b and c`.
    List(Vec<Self>),
    /// What a probe wrote in English, and the key of the same in other languages. Where a language
    /// has no such sentence, the probe's own stands.
    Told { english: String, text: Text },
}

/// Whatever can be shown is the same in every language; what is not is a [`Text`] or a [`Word`],
/// which cannot be shown without one.
impl<T: Display> From<T> for Word {
    fn from(word: T) -> Self {
        Self::Plain(word.to_string())
    }
}

impl From<Text> for Word {
    fn from(phrase: Text) -> Self {
        Self::Phrase(phrase)
    }
}

impl Text {
    /// The sentence of this key.
    pub fn new(key: impl Into<Cow<'static, str>>) -> Self {
        Self { key: key.into(), arguments: Arguments::new(), next: None }
    }

    /// The same sentence with a placeholder filled.
    #[must_use]
    pub fn with(mut self, placeholder: &'static str, word: impl Into<Word>) -> Self {
        self.arguments.insert(placeholder, word.into());
        self
    }

    /// The same with this word, where there is one.
    #[must_use]
    pub fn with_any(self, placeholder: &'static str, word: Option<impl Into<Word>>) -> Self {
        match word {
            Some(word) => self.with(placeholder, word),
            None => self,
        }
    }

    /// The same words in another sentence.
    #[must_use]
    pub fn with_key(self, key: &'static str) -> Self {
        Self { key: key.into(), ..self }
    }

    /// The same sentence with another one after it, of the same words.
    #[must_use]
    pub fn followed_by(self, key: &'static str) -> Self {
        Self { next: Some(key), ..self }
    }

    /// The keys of its sentences, in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.key()).chain(self.next)
    }

    pub fn key(&self) -> &str {
        &self.key
    }

    pub fn arguments(&self) -> &Arguments {
        &self.arguments
    }
}

impl Word {
    /// The enumeration of these words.
    pub fn listed<W: Into<Self>>(words: impl IntoIterator<Item = W>) -> Self {
        Self::List(words.into_iter().map(Into::into).collect())
    }

    /// A number with this many decimals.
    pub fn figure(number: f64, decimals: usize) -> Self {
        Self::Figure(format!("{number:.decimals$}"))
    }

    /// The word in a language.
    pub fn said(&self, language: Language) -> String {
        match self {
            Self::Plain(word) => word.clone(),
            Self::Figure(number) => number.replace('.', &phrase("decimal_mark", language)),
            Self::Phrase(text) => WORDS.say(text, language),
            Self::List(words) => enumeration(words, language),
            Self::Told { english, text } => FAILURES
                .template(text.key(), language)
                .map_or_else(|| english.clone(), |own| render(own, text.arguments(), language)),
        }
    }

    /// Whether it is, or lists, one of these; words that differ between languages are none.
    pub fn is_one_of(&self, wanted: &[String]) -> bool {
        match self {
            Self::Plain(word) => wanted.contains(word),
            Self::List(words) => words.iter().any(|word| word.is_one_of(wanted)),
            _ => false,
        }
    }

    /// The word that is the same in every language, if it is one such word.
    fn plain(&self) -> Option<&str> {
        match self {
            Self::Plain(word) => Some(word),
            Self::List(words) => match words.as_slice() {
                [only] => only.plain(),
                _ => None,
            },
            _ => None,
        }
    }
}

fn enumeration(words: &[Word], language: Language) -> String {
    let said: Vec<String> = words.iter().map(|word| word.said(language)).collect();
    match said.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => {
            let text = Text::new("and").with("first", first.join(", ")).with("last", last);
            WORDS.say(&text, language)
        }
    }
}

fn phrase(key: &'static str, language: Language) -> String {
    WORDS.say(&Text::new(key), language)
}

/// The template with its placeholders filled; one that has no word becomes a general one, and inside
/// backticks, where text is to be copied, stays one. So does one whose word a shell would act on there.
pub fn render(template: &str, arguments: &Arguments, language: Language) -> String {
    fill(template, |before, filled, name| {
        let is_code = before.matches('`').count() % 2 == 1;
        if let Some(word) = arguments.get(name) {
            let said = word.said(language);
            let is_shown = !is_code || paste::may_stand_in_code(&said);
            return if is_shown { said } else { name.to_uppercase() };
        }
        let general = general_word(filled, name, language);
        // Prose is nothing to copy.
        if is_code && general.contains(' ') { name.to_uppercase() } else { general }
    })
}

/// As [`render`], for a command: a placeholder without a word that may be pasted stays one, as manuals
/// write it.
pub fn render_command(template: &str, arguments: &Arguments) -> String {
    fill(template, |_, _, name| {
        pasteable(arguments, name).map_or_else(|| name.to_uppercase(), str::to_owned)
    })
}

/// Whether every placeholder of a command has a word that may be pasted into a shell.
pub fn is_complete(command: &str, arguments: &Arguments) -> bool {
    let missing = std::cell::Cell::new(false);
    fill(command, |_, _, name| {
        missing.set(missing.get() || pasteable(arguments, name).is_none());
        String::new()
    });
    !missing.get()
}

fn pasteable<'a>(arguments: &'a Arguments, name: &str) -> Option<&'a str> {
    arguments.get(name).and_then(Word::plain).filter(|word| paste::is_argument(word))
}

/// Replaces each `{name}` by the word for what stands before it in the template, the same as it is
/// filled, and the name; braces that enclose anything else stay as they are.
fn fill(template: &str, word: impl Fn(&str, &str, &str) -> String) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        match after.split_once('}') {
            Some((name, tail)) if is_placeholder(name) => {
                let place = template.len() - after.len() - 1;
                let word = word(template.get(..place).unwrap_or_default(), &out, name);
                if word.is_empty() && out.ends_with(' ') {
                    out.pop();
                }
                out.push_str(&word);
                rest = tail;
            }
            _ => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn is_placeholder(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

/// What a placeholder stands for when nothing more exact is known: nothing where the sentence has
/// just said the word.
fn general_word(before: &str, name: &str, language: Language) -> String {
    let general = WORDS
        .template(&format!("general.{name}"), language)
        .map_or_else(|| format!("the {}", name.replace('_', " ")), str::to_owned);
    let last = |text: &str| text.rsplit([' ', '\'', '(']).next().map(str::to_lowercase);
    if last(before.trim_end()) == last(&general) { String::new() } else { general }
}

/// What one of two sets of sentences has and the other lacks, a line for each key.
#[cfg(any(test, feature = "testing"))]
pub fn differences(
    english: &BTreeMap<String, String>,
    french: &BTreeMap<String, String>,
) -> Vec<String> {
    let keys: std::collections::BTreeSet<&String> = english.keys().chain(french.keys()).collect();
    let difference = |key: &String| match (english.get(key), french.get(key)) {
        (Some(_), None) => Some(format!("{key}: French lacks it")),
        (None, Some(_)) => Some(format!("{key}: English lacks it")),
        (Some(one), Some(other)) if placeholders(one) != placeholders(other) => Some(format!(
            "{key}: English has the placeholders {:?}, French {:?}",
            placeholders(one),
            placeholders(other)
        )),
        _ => None,
    };
    keys.into_iter().filter_map(difference).collect()
}

/// The placeholders of a template, each once.
#[cfg(any(test, feature = "testing"))]
pub fn placeholders(template: &str) -> std::collections::BTreeSet<String> {
    let found = std::cell::RefCell::new(std::collections::BTreeSet::new());
    fill(template, |_, _, name| {
        found.borrow_mut().insert(name.to_owned());
        String::new()
    });
    found.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENGLISH: Language = Language::English;
    const FRENCH: Language = Language::French;

    #[test]
    fn placeholders_are_filled_or_general() {
        let words = Arguments::from([("port", Word::from(443))]);
        let said = |template| render(template, &words, ENGLISH);
        assert_eq!(said("{port} is held by {process}."), "443 is held by the process.");
        assert_eq!(render_command("systemctl stop {unit}", &words), "systemctl stop UNIT");
        assert_eq!(said("the gateway {gateway} answers"), "the gateway answers");
        let dit = |template| render(template, &words, FRENCH);
        assert_eq!(dit("Le port {port} et {process}."), "Le port 443 et le processus.");
        assert_eq!(dit("La passerelle {gateway} répond."), "La passerelle répond.");
        assert_eq!(dit("Sur l'interface {interface}."), "Sur l'interface.");
    }

    #[test]
    fn what_differs_between_languages_is_said_in_each() {
        let several = Word::listed([443, 5671, 8883]);
        assert_eq!(several.said(ENGLISH), "443, 5671 and 8883");
        assert_eq!(several.said(FRENCH), "443, 5671 et 8883");
        assert_eq!(Word::figure(4.75, 1).said(ENGLISH), "4.8");
        assert_eq!(Word::figure(4.75, 1).said(FRENCH), "4,8");
        let told = Word::Told {
            english: "No route to host".to_owned(),
            text: Text::new("host_unreachable"),
        };
        assert_eq!(told.said(ENGLISH), "No route to host");
        assert_ne!(told.said(FRENCH), "No route to host");
    }

    #[test]
    fn other_braces_stay() {
        let words = Arguments::new();
        let json = r#"{"dns": ["{resolver}"]}"#;
        assert_eq!(render(json, &words, ENGLISH), r#"{"dns": ["the resolver"]}"#);
        assert_eq!(render("a { b", &words, ENGLISH), "a { b");
    }

    #[test]
    fn a_hostile_name_cannot_add_a_command() {
        let words =
            Arguments::from([("unit", Word::from("x; rm -rf /")), ("log", Word::from("a` b"))]);
        assert_eq!(render_command("systemctl stop {unit}", &words), "systemctl stop UNIT");
        // Backticks within a word open no code, and close none.
        let said = render("{log} {unit}: `stop {unit}`, {unit}", &words, ENGLISH);
        assert_eq!(said, "a` b x; rm -rf /: `stop UNIT`, x; rm -rf /");
    }

    #[test]
    fn only_a_word_that_is_the_same_in_every_language_is_pasted() {
        let words = Arguments::from([
            ("port", Word::listed([443])),
            ("resolver", Word::from(Text::new("resolver.system"))),
            ("address", Word::listed(["192.0.2.1", "192.0.2.2"])),
        ]);
        assert!(is_complete("ss {port}", &words));
        assert!(!is_complete("dig @{resolver}", &words));
        assert!(!is_complete("ping {address}", &words));
    }
}
