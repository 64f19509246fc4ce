//! The catalogue of causes: data, one file for each cause and language.

mod text;

pub(super) use text::{Arguments, Text};
use text::{is_complete, render, render_command};

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::cause::CauseId;
use super::{Documented, Remedy};

/// A language that the catalogue speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    #[default]
    English,
}

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
}

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
}

impl RemedyText {
    fn filled(&self, words: &Arguments) -> Remedy {
        Remedy {
            text: render(&self.text, words),
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
    /// The rule's sentence for a finding.
    pub(super) fn summary(&self, text: &Text) -> String {
        sentence(&self.summary, text)
    }

    /// The rule's sentence for a refutation.
    pub(super) fn because(&self, text: &Text) -> String {
        sentence(&self.ruled_out, text)
    }

    /// What to do on a system, with the finding's own words filled in. A command that lacks a word
    /// is for another finding of the cause, so its remedy is left out.
    pub(super) fn remedies_for(&self, platform: Platform, words: &Arguments) -> Vec<Remedy> {
        self.on(platform)
            .filter(|remedy| remedy.command.as_deref().is_none_or(|c| is_complete(c, words)))
            .map(|remedy| remedy.filled(words))
            .collect()
    }

    /// What to do on a system, in general words.
    pub fn remedies(&self, platform: Platform) -> Vec<Remedy> {
        self.on(platform).map(|remedy| remedy.filled(&Arguments::new())).collect()
    }

    fn on(&self, platform: Platform) -> impl Iterator<Item = &RemedyText> {
        self.remedies
            .iter()
            .filter(move |remedy| remedy.platform.is_none_or(|wanted| wanted == platform))
    }
}

/// The sentence of a variant, filled in. A variant without a sentence shows its key, which a test
/// keeps from happening.
fn sentence(sentences: &BTreeMap<String, String>, text: &Text) -> String {
    sentences
        .get(text.key())
        .map_or_else(|| format!("[{}]", text.key()), |template| render(template, text.arguments()))
}

/// The page of a cause.
pub fn entry(id: CauseId, language: Language) -> &'static Entry {
    match language {
        Language::English => ENGLISH.causes.get(&id).unwrap_or(&ENGLISH.missing),
    }
}

/// A sentence that belongs to no cause: the verdict's own, and the outlook's.
pub(super) fn message(text: &Text, language: Language) -> String {
    match language {
        Language::English => sentence(&ENGLISH.messages, text),
    }
}

struct Catalogue {
    causes: BTreeMap<CauseId, Entry>,
    messages: BTreeMap<String, String>,
    /// Stands in for a page that cannot be read, which a test keeps from happening.
    missing: Entry,
}

static ENGLISH: LazyLock<Catalogue> = LazyLock::new(|| {
    let pages =
        CauseId::ALL.iter().filter_map(|id| Some((*id, toml::from_str(id.english()).ok()?)));
    Catalogue {
        causes: pages.collect(),
        messages: toml::from_str(include_str!("en/messages.toml")).unwrap_or_default(),
        missing: Entry::missing(),
    }
});

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
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_a_page_that_parses() {
        for id in CauseId::ALL {
            let parsed: Result<Entry, _> = toml::from_str(id.english());
            let page = parsed.unwrap_or_else(|error| panic!("{id}: {error}"));
            assert!(!page.documented.is_empty(), "{id} is documented nowhere");
            for platform in [Platform::Linux, Platform::Windows] {
                assert!(!page.remedies(platform).is_empty(), "{id} has no remedy for {platform:?}");
            }
        }
    }

    #[test]
    fn the_messages_parse() {
        let parsed: Result<BTreeMap<String, String>, _> =
            toml::from_str(include_str!("en/messages.toml"));
        parsed.unwrap();
    }
}
