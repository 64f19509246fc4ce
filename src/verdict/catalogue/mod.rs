//! The catalogue of causes: data, one file for each cause, with its texts in both languages.

pub(super) use edgeprobe_language::{Text, Word};

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::causes::CauseId;
use super::{Documented, Remedy};
use edgeprobe_language::{Arguments, Language, Phrasebook, is_complete, render, render_command};

#[cfg(test)]
mod tests;

/// A cause's page: what `explain` shows, and the sentences that the rules speak with.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Two to five words.
    pub title: String,
    /// The cause in one line.
    pub line: String,
    /// What a person sees.
    pub symptom: String,
    /// What is going on.
    pub cause: String,
    /// Which observations prove it.
    pub proof: String,
    /// Which observations rule it out.
    pub refutation: String,
    /// Where it is documented, the principal place first.
    pub documented: Vec<Documented>,
    /// What looks like it.
    #[serde(default, rename = "look_alike")]
    pub look_alikes: Vec<LookAlike>,
    /// What to do, the first thing first.
    #[serde(rename = "remedy")]
    pub remedies: Vec<RemedyText>,
    /// The rule's sentences when it finds the cause, by variant.
    #[serde(default)]
    summary: BTreeMap<String, String>,
    /// The rule's sentences when it rules the cause out, by variant.
    #[serde(default)]
    ruled_out: BTreeMap<String, String>,
    /// What would confirm a finding that is only likely, by the variant of its sentence, or
    /// [`ANY_VARIANT`].
    #[serde(default)]
    would_confirm: BTreeMap<String, String>,
}

/// The key of what would confirm a cause whatever its finding's sentence.
const ANY_VARIANT: &str = "general";

/// Another cause with a similar face.
#[derive(Debug, Serialize, Deserialize)]
pub struct LookAlike {
    pub cause: CauseId,
    /// How the two are told apart.
    pub difference: String,
}

/// One thing to do, before a device's own words are filled in.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemedyText {
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The system that it is for; both when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// The findings that it is for, by the variants of their sentences; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    only: Vec<String>,
    /// The findings that it is not for, by the variants of their sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unless: Vec<String>,
    /// The words that it is for, by placeholder: the VPN's product, the tool that changes a rule. A
    /// finding with another word there does not get it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    when: BTreeMap<String, Vec<String>>,
}

impl RemedyText {
    /// Whether it is for findings with this sentence.
    fn is_for(&self, variant: &str) -> bool {
        let lists = |variants: &[String]| variants.iter().any(|known| known == variant);
        (self.only.is_empty() || lists(&self.only)) && !lists(&self.unless)
    }

    /// Whether a finding with these words has a use for it.
    fn fits(&self, words: &Arguments) -> bool {
        self.when.iter().all(|(name, wanted)| {
            words.get(name.as_str()).is_none_or(|word| word.is_one_of(wanted))
        })
    }

    fn filled(&self, words: &Arguments, language: Language) -> Remedy {
        Remedy {
            text: render(&self.text, words, language),
            command: self.command.as_deref().map(|command| render_command(command, words)),
        }
    }
}

/// The device's operating system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    Linux,
    Windows,
}

impl Platform {
    /// The system that this program was built for.
    pub const HERE: Self = if cfg!(windows) { Self::Windows } else { Self::Linux };
}

impl Entry {
    /// What to do about a finding on a system, with the finding's own words filled in. A command
    /// that lacks a word is for another finding of the cause, so its remedy is left out.
    pub fn remedies_for(
        &self,
        platform: Platform,
        variant: &str,
        words: &Arguments,
        language: Language,
    ) -> Vec<Remedy> {
        let remedies = self.on(platform).filter(|remedy| remedy.is_for(variant));
        filled_in(remedies.filter(|remedy| remedy.fits(words)), words, language)
    }

    /// What to do on a system, in general words.
    pub fn remedies(&self, platform: Platform, language: Language) -> Vec<Remedy> {
        self.on(platform).map(|remedy| remedy.filled(&Arguments::new(), language)).collect()
    }

    /// Whether the rule has a sentence of this variant.
    pub fn has_sentence(&self, variant: &str) -> bool {
        self.summary.contains_key(variant)
    }

    /// What would confirm the cause where it is no more than likely, in general words, each sentence
    /// once.
    pub fn confirmations(&self, language: Language) -> Vec<String> {
        let mut sentences: Vec<String> = Vec::new();
        for template in self.would_confirm.values() {
            let sentence = render(template, &Arguments::new(), language);
            if !sentences.contains(&sentence) {
                sentences.push(sentence);
            }
        }
        sentences
    }

    fn on(&self, platform: Platform) -> impl Iterator<Item = &RemedyText> {
        self.remedies
            .iter()
            .filter(move |remedy| remedy.platform.is_none_or(|wanted| wanted == platform))
    }
}

/// Those of the remedies whose commands can be filled in, filled in.
fn filled_in<'r>(
    remedies: impl Iterator<Item = &'r RemedyText>,
    words: &Arguments,
    language: Language,
) -> Vec<Remedy> {
    let complete = |remedy: &&RemedyText| {
        remedy.command.as_deref().is_none_or(|command| is_complete(command, words))
    };
    remedies.filter(complete).map(|remedy| remedy.filled(words, language)).collect()
}

/// The rule's sentence for a finding of its cause.
pub(super) fn summary_of(id: CauseId, text: &Text, language: Language) -> String {
    sentence(id, |page| &page.summary, text, language)
}

/// The rule's sentence for what rules its cause out.
pub(super) fn refutation_of(id: CauseId, text: &Text, language: Language) -> String {
    sentence(id, |page| &page.ruled_out, text, language)
}

/// What would confirm a finding with this sentence, filled in with its words.
pub(super) fn confirmation_of(
    id: CauseId,
    variant: &str,
    words: &Arguments,
    language: Language,
) -> Option<String> {
    let template = |language| {
        let sentences = &entry(id, language).would_confirm;
        sentences.get(variant).or_else(|| sentences.get(ANY_VARIANT))
    };
    let template = template(language).or_else(|| template(Language::English))?;
    Some(render(template, words, language))
}

/// The sentences of a variant, filled in. One that the language lacks is said in English, and one
/// that no page has shows its key, which tests keep from happening.
fn sentence(
    id: CauseId,
    sentences: fn(&Entry) -> &BTreeMap<String, String>,
    text: &Text,
    language: Language,
) -> String {
    let filled = |key: &str| {
        let template = |language| sentences(entry(id, language)).get(key);
        match template(language).or_else(|| template(Language::English)) {
            Some(template) => render(template, text.arguments(), language),
            None => format!("[{key}]"),
        }
    };
    text.keys().map(filled).collect::<Vec<_>>().join(" ")
}

/// The page of a cause.
pub fn entry(id: CauseId, language: Language) -> &'static Entry {
    let pages = match language {
        Language::English => &*ENGLISH,
        Language::French => &*FRENCH,
    };
    pages.get(&id).or_else(|| ENGLISH.get(&id)).unwrap_or(&*MISSING)
}

/// A sentence that belongs to no cause: the verdict's own, and the outlook's.
pub(super) fn message(text: &Text, language: Language) -> String {
    MESSAGES.say(text, language)
}

/// A cause's file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Texts {
    en: Entry,
    fr: Entry,
}

type Pages = BTreeMap<CauseId, Entry>;

static ENGLISH: LazyLock<Pages> = LazyLock::new(|| pages(|texts| texts.en));
static FRENCH: LazyLock<Pages> = LazyLock::new(|| pages(|texts| texts.fr));

/// Stands in for a page that cannot be read, which a test keeps from happening.
static MISSING: LazyLock<Entry> = LazyLock::new(Entry::missing);

static MESSAGES: LazyLock<Phrasebook> = LazyLock::new(|| {
    Phrasebook::from_toml(include_str!("en/messages.toml"), include_str!("fr/messages.toml"))
});

fn pages(of: fn(Texts) -> Entry) -> Pages {
    let page = |id: &CauseId| Some((*id, of(toml::from_str(id.texts()).ok()?)));
    CauseId::ALL.iter().filter_map(page).collect()
}

impl Entry {
    fn missing() -> Self {
        let text = || "This page is missing from the catalogue.".to_owned();
        Self {
            title: text(),
            line: text(),
            symptom: text(),
            cause: text(),
            proof: text(),
            refutation: text(),
            documented: Vec::new(),
            look_alikes: Vec::new(),
            remedies: Vec::new(),
            summary: BTreeMap::new(),
            ruled_out: BTreeMap::new(),
            would_confirm: BTreeMap::new(),
        }
    }
}
