//! Holds the two languages together: what one says the other says too.

use std::collections::BTreeSet;

use super::*;
use edgeprobe_language::{differences, mistakes, placeholders};

fn page(id: CauseId, language: Language) -> Entry {
    let parsed: Result<Texts, _> = toml::from_str(id.texts());
    let texts = parsed.unwrap_or_else(|error| panic!("{id}.toml: {error}"));
    match language {
        Language::English => texts.en,
        Language::French => texts.fr,
    }
}

/// Fails with every line that was found, so that one run shows all that is to be done.
fn assert_none(found: impl IntoIterator<Item = String>) {
    let found: Vec<String> = found.into_iter().collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// The lines that `found` gives for each cause's English and French page.
fn assert_both(found: impl Fn(&Entry, &Entry) -> Vec<String>) {
    assert_none(CauseId::ALL.iter().flat_map(|id| {
        let lines = found(&page(*id, Language::English), &page(*id, Language::French));
        lines.into_iter().map(move |line| format!("{id}: {line}"))
    }));
}

#[test]
fn every_cause_has_a_page_that_parses() {
    for language in Language::ALL {
        for id in CauseId::ALL {
            let page = page(*id, language);
            assert!(!page.documented.is_empty(), "{id} is documented nowhere");
            for platform in [Platform::Linux, Platform::Windows] {
                let remedies = page.remedies(platform, language);
                assert!(!remedies.is_empty(), "{id} has no remedy for {platform:?}");
            }
        }
    }
}

/// A page that told a cause from everything would be read by nobody, so it names few, and a pair
/// may stand on one page of the two. Whoever comes from the wrong side finds it in docs/causes,
/// where a page also lists those that name it; for that, some other page must name each cause.
#[test]
fn every_cause_has_look_alikes_and_is_one() {
    let pages: Vec<(CauseId, Entry)> =
        CauseId::ALL.iter().map(|id| (*id, page(*id, Language::English))).collect();
    let names = |page: &Entry, id| page.look_alikes.iter().any(|other| other.cause == id);
    assert_none(pages.iter().flat_map(|(id, page)| {
        let others: BTreeSet<CauseId> = page.look_alikes.iter().map(|other| other.cause).collect();
        let mut found = Vec::new();
        if others.is_empty() || others.len() > 6 {
            found.push(format!("{id}: has {} look-alikes", others.len()));
        }
        if others.len() < page.look_alikes.len() {
            found.push(format!("{id}: names a look-alike twice"));
        }
        if others.contains(id) {
            found.push(format!("{id}: looks like itself"));
        }
        if !pages.iter().any(|(other, page)| other != id && names(page, *id)) {
            found.push(format!("{id}: is no other cause's look-alike"));
        }
        found
    }));
}

#[test]
fn both_languages_have_the_same_messages() {
    assert_none(MESSAGES.mistakes());
}

#[test]
fn both_languages_have_the_same_sentences() {
    assert_both(|english, french| {
        let summaries = differences(&english.summary, &french.summary);
        let refutations = differences(&english.ruled_out, &french.ruled_out);
        let confirmations = differences(&english.would_confirm, &french.would_confirm);
        summaries.into_iter().chain(refutations).chain(confirmations).collect()
    });
}

#[test]
fn what_would_confirm_belongs_to_a_sentence() {
    assert_none(CauseId::ALL.iter().filter_map(|id| {
        let page = page(*id, Language::English);
        let known = |key: &String| key == ANY_VARIANT || page.summary.contains_key(key);
        let unknown: Vec<&String> = page.would_confirm.keys().filter(|key| !known(key)).collect();
        (!unknown.is_empty()).then(|| format!("{id}: no summary has the keys {unknown:?}"))
    }));
}

#[test]
fn remedies_are_for_findings_that_there_are() {
    assert_none(CauseId::ALL.iter().flat_map(|id| {
        let page = page(*id, Language::English);
        let named =
            page.remedies.iter().flat_map(|remedy| remedy.only.iter().chain(&remedy.unless));
        let unknown = named.filter(|key| !page.summary.contains_key(*key));
        unknown.map(|key| format!("{id}: no summary has the key {key}")).collect::<Vec<_>>()
    }));
}

/// Whatever is found, there is something to do about it.
#[test]
fn every_finding_has_a_remedy() {
    assert_none(CauseId::ALL.iter().flat_map(|id| {
        let page = page(*id, Language::English);
        let idle = page.summary.keys().filter(|variant| {
            [Platform::Linux, Platform::Windows].into_iter().any(|platform| {
                !page.on(platform).any(|remedy| remedy.is_for(variant) && remedy.when.is_empty())
            })
        });
        idle.map(|variant| format!("{id}: nothing to do about {variant}")).collect::<Vec<_>>()
    }));
}

#[test]
fn both_languages_have_the_same_remedies() {
    assert_both(|english, french| {
        let (own, other) = (&english.remedies, &french.remedies);
        if own.len() != other.len() {
            return vec![format!("{} remedies in English, {} in French", own.len(), other.len())];
        }
        let pairs = own.iter().zip(other).filter(|(one, other)| {
            (&one.command, one.platform) != (&other.command, other.platform)
                || (&one.only, &one.unless, &one.when) != (&other.only, &other.unless, &other.when)
                || placeholders(&one.text) != placeholders(&other.text)
        });
        pairs.map(|(one, other)| format!("{one:?}\n  is not {other:?}")).collect()
    });
}

#[test]
fn both_languages_name_the_same_places_and_look_alikes() {
    assert_both(|english, french| {
        let sources = |page: &Entry| -> Vec<String> {
            page.documented.iter().map(|it| it.source.replace(".com/fr-fr/", ".com/")).collect()
        };
        let causes = |page: &Entry| -> Vec<CauseId> {
            page.look_alikes.iter().map(|other| other.cause).collect()
        };
        let mut found = Vec::new();
        if sources(english) != sources(french) {
            found.push(format!("{:?}\n  is not {:?}", sources(english), sources(french)));
        }
        if causes(english) != causes(french) {
            found.push(format!("{:?}\n  is not {:?}", causes(english), causes(french)));
        }
        let own = french.documented.iter().map(|it| &it.source);
        let english_page = own.filter(|it| it.starts_with("https://learn.microsoft.com/azure/"));
        found.extend(english_page.map(|it| format!("{it} is not the page in French")));
        found
    });
}

#[test]
fn the_french_is_well_set_and_ends_as_the_english_does() {
    assert_both(|english, french| {
        let ends = |text: &str| text.trim_end().chars().last().filter(char::is_ascii_punctuation);
        let told = texts(english).into_iter().zip(texts(french)).filter(|(one, other)| {
            let stop = |text| ends(text).filter(|end| matches!(end, '.' | ':'));
            stop(one) != stop(other)
        });
        let told = told.map(|(_, other)| format!("ends otherwise than in English: {other}"));
        let badly = texts(french).into_iter().flat_map(mistakes);
        let remedies = [Platform::Linux, Platform::Windows]
            .into_iter()
            .flat_map(|platform| french.remedies(platform, Language::French))
            .flat_map(|remedy| mistakes(&remedy.text));
        told.chain(badly).chain(remedies).collect()
    });
    assert_none(MESSAGES.templates(Language::French).flat_map(|(_, text)| mistakes(text)));
}

#[test]
fn no_page_is_left_untranslated() {
    assert_both(|english, french| {
        let pairs = texts(english).into_iter().zip(texts(french));
        let same = pairs.filter(|(one, other)| one == other && one.split(' ').count() > 2);
        same.map(|(one, _)| format!("the same in both: {one}")).collect()
    });
}

/// A placeholder that nothing fills is told in general words, which each language must have.
#[test]
fn every_placeholder_has_its_general_word() {
    let mut names = BTreeSet::new();
    for id in CauseId::ALL {
        let page = page(*id, Language::English);
        let remedies = page.remedies.iter().map(|remedy| &remedy.text);
        let sentences = page.summary.values().chain(page.ruled_out.values());
        let sentences = sentences.chain(page.would_confirm.values());
        names.extend(remedies.chain(sentences).flat_map(|text| placeholders(text)));
    }
    names.extend(MESSAGES.templates(Language::English).flat_map(|(_, text)| placeholders(text)));
    assert_none(Language::ALL.into_iter().flat_map(|language| {
        let lacks = |name: &&String| !edgeprobe_language::has_general_word(name, language);
        let file = format!("src/language/words/{}.toml", language.word());
        let names: Vec<&String> = names.iter().filter(lacks).collect();
        names.into_iter().map(move |name| format!("{file} lacks general.{name}"))
    }));
}

/// The texts of a page, in an order that is the same in every language; a documented page's own
/// title may be the same in both.
fn texts(page: &Entry) -> Vec<&str> {
    let mut texts = vec![
        page.title.as_str(),
        &page.line,
        &page.symptom,
        &page.cause,
        &page.proof,
        &page.refutation,
    ];
    texts.extend(page.look_alikes.iter().map(|other| other.difference.as_str()));
    texts.extend(page.remedies.iter().map(|remedy| remedy.text.as_str()));
    texts.extend(page.summary.values().chain(page.ruled_out.values()).map(String::as_str));
    texts.extend(page.would_confirm.values().map(String::as_str));
    texts
}
