//! The sentences about logs in each language: those about the whole log here, and those of each
//! finding in its signature.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::signature::{OnTheHost, Signature};
use super::writer::Place;
use crate::language::Language;
use crate::verdict::{CauseId, Documented, entry};

crate::language::phrasebook!(pub(super));

static FRENCH_TITLES: LazyLock<BTreeMap<String, String>> =
    LazyLock::new(|| toml::from_str(include_str!("words/titles-fr.toml")).unwrap_or_default());

impl Signature {
    /// The finding's sentence, where its writer runs there; in the language of its file where it has
    /// no other.
    pub(super) fn sentence(&self, place: Option<Place>, language: Language) -> &str {
        let host = self.at(place);
        let on_host = |says: fn(&OnTheHost) -> Option<&String>| host.and_then(says);
        match language {
            Language::French => on_host(|host| host.says_fr.as_ref())
                .or_else(|| on_host(|host| host.says.as_ref()))
                .or(self.says_fr.as_ref())
                .unwrap_or(&self.says),
            Language::English => on_host(|host| host.says.as_ref()).unwrap_or(&self.says),
        }
    }

    /// Where the symptom is documented: its own page, or that of the likeliest of these causes.
    pub(super) fn documented(&self, candidates: &[CauseId], language: Language) -> Documented {
        let of_cause = || {
            let first = candidates.first()?;
            entry(*first, language).documented.first().cloned()
        };
        let own = self.documented.as_ref().map(|page| match language {
            Language::French => in_french(page),
            Language::English => page.clone(),
        });
        own.or_else(of_cause)
            .unwrap_or_else(|| Documented { title: self.id.clone(), source: self.source.clone() })
    }
}

/// The page under its French title and address, where it has them.
fn in_french(page: &Documented) -> Documented {
    let Some(title) = FRENCH_TITLES.get(&page.title) else { return page.clone() };
    let source = page.source.replace("://learn.microsoft.com/", "://learn.microsoft.com/fr-fr/");
    Documented { title: title.clone(), source }
}

#[cfg(test)]
mod tests {
    use super::super::set::Signatures;
    use super::*;
    use crate::language::{has_general_word, mistakes, placeholders};

    #[test]
    fn every_signature_says_the_same_in_french() {
        let signatures = Signatures::load(None).unwrap();
        let mut problems = Vec::new();
        for signature in signatures.all() {
            let id = &signature.id;
            match &signature.says_fr {
                None if signature.says.is_empty() => {}
                None => problems.push(format!("{id} lacks `says_fr`")),
                Some(french) if placeholders(french) != placeholders(&signature.says) => {
                    problems.push(format!("{id}: the placeholders of `says_fr` differ"));
                }
                Some(_) => {}
            }
            for placeholder in placeholders(&signature.says) {
                let lacking =
                    Language::ALL.iter().find(|own| !has_general_word(&placeholder, **own));
                problems.extend(lacking.map(|own| format!("{own:?} lacks general.{placeholder}")));
            }
            if let Some(host) = &signature.host {
                let (says, says_fr) = (host.says.as_deref(), host.says_fr.as_deref());
                if says.map(placeholders) != says_fr.map(placeholders) {
                    problems.push(format!("{id}: `host`: the placeholders of `says_fr` differ"));
                }
            }
            let title = signature.documented.as_ref().map(|page| &page.title);
            if let Some(title) = title.filter(|title| !FRENCH_TITLES.contains_key(*title)) {
                problems.push(format!("titles-fr.toml lacks \"{title}\""));
            }
        }
        assert!(problems.is_empty(), "src/logs/signatures:\n{}", problems.join("\n"));
    }

    #[test]
    fn the_french_is_well_set() {
        let signatures = Signatures::load(None).unwrap();
        let sentences = signatures.all().iter().filter_map(|own| own.says_fr.as_deref());
        let of_hosts =
            signatures.all().iter().filter_map(|own| own.host.as_ref()?.says_fr.as_deref());
        let titles = FRENCH_TITLES.values().map(String::as_str);
        let mistakes: Vec<String> =
            sentences.chain(of_hosts).chain(titles).flat_map(mistakes).collect();
        assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
    }
}
