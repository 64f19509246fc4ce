//! Names for names, label by label: what ends with a domain still does, and what stood in
//! `no_proxy` still covers what it covered.

use std::collections::{BTreeMap, BTreeSet};

use super::known::{is_a_host, is_ordinary, public_labels};

/// What the images of labels begin with; one is taken that is no part of a word to be replaced.
const STEMS: [&str; 4] = ["name", "label", "item", "word"];

/// From this length on a word is replaced inside other words too.
const DISTINCT: usize = 5;

/// The most words that are learned. A device has some ten; a gateway's logs may have some thousand
/// names of other devices, and their content from outside must not take all memory.
const MOST: usize = 50_000;

/// The longest word that is learned; a device's id has 128 characters at most.
const LONGEST: usize = 253;

/// The images of names.
#[derive(Debug)]
pub(super) struct Names {
    /// Labels and words, in small letters, with their images.
    images: BTreeMap<String, String>,
    taken: BTreeSet<String>,
    /// Words that stand alone, without dots around them.
    words: BTreeSet<String>,
    /// Domains of learned names: every word that ends with one is a name too.
    domains: BTreeSet<String>,
    /// Words that mean something in the archive's own documents.
    vocabulary: &'static BTreeSet<String>,
    /// What images begin with, once the first is made.
    stem: Option<&'static str>,
    /// By the length of labels the number of the next image that is tried.
    next: BTreeMap<usize, u64>,
}

static NOTHING: BTreeSet<String> = BTreeSet::new();

impl Default for Names {
    fn default() -> Self {
        Self::new(&NOTHING)
    }
}

impl Names {
    pub(super) fn new(vocabulary: &'static BTreeSet<String>) -> Self {
        Self {
            images: BTreeMap::new(),
            taken: BTreeSet::new(),
            words: BTreeSet::new(),
            domains: BTreeSet::new(),
            vocabulary,
            stem: None,
            next: BTreeMap::new(),
        }
    }

    /// Learns a host's name, with its domain and its first label, which may stand alone.
    pub(super) fn learn_host(&mut self, name: &str) {
        let name = name.trim_matches('.').to_ascii_lowercase();
        if name.parse::<std::net::IpAddr>().is_ok() {
            return;
        }
        let public = public_labels(&name);
        let labels: Vec<&str> = name.split('.').collect();
        if labels.len() == 1 {
            return self.learn_word(&name);
        }
        let own = labels.len().saturating_sub(public);
        if let (1.., Some(first)) = (own, labels.first()) {
            self.learn_word(first);
        }
        // Of a domain of one's own the label before the public ones.
        if public == 1 && own >= 1 {
            let domain = labels.get(own - 1..).unwrap_or_default().join(".");
            if let Some(organisation) = labels.get(own - 1).filter(|_| own > 1) {
                self.learn_word(organisation);
            }
            self.domains.insert(domain);
        }
    }

    /// Learns a word that means this device, its hub or a user in every text.
    pub(super) fn learn_word(&mut self, word: &str) {
        let word = word.trim().to_ascii_lowercase();
        let says_nothing = word.len() < 2
            || word.len() > LONGEST
            || word.bytes().all(|byte| !byte.is_ascii_alphabetic())
            || is_ordinary(&word)
            || self.vocabulary.contains(&word);
        if !says_nothing && self.words.len() < MOST {
            self.stem = None;
            self.words.insert(word);
        }
    }

    /// Learns a name as lists of hosts have it; a single label is a word, unless it is what many
    /// domains end with.
    pub(super) fn learn_listed(&mut self, name: &str) {
        let name = name.trim_start_matches(['.', '*', '~']).trim_matches('.');
        if name.contains('.') {
            return self.learn_host(name);
        }
        if !is_a_host(&name.to_ascii_lowercase()) {
            self.learn_word(name);
        }
    }

    /// The words to look for, the longest first, each with whether it is looked for inside others.
    pub(super) fn words(&self) -> Vec<(&str, bool)> {
        let mut words: Vec<(&str, bool)> =
            self.words.iter().map(|word| (word.as_str(), word.len() >= DISTINCT)).collect();
        words.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
        words
    }

    /// Whether a dotted word is a host's name: by its ending, or because it is in a known domain.
    pub(super) fn is_a_host(&self, name: &str) -> bool {
        let lower = name.to_ascii_lowercase();
        let known = || {
            let mut endings = std::iter::successors(Some(lower.as_str()), |name| {
                name.split_once('.').map(|(_, ending)| ending)
            });
            endings.any(|ending| self.domains.contains(ending))
        };
        // Both are in it where .NET writes a namespace.
        let is_mixed = name.contains(|c: char| c.is_ascii_uppercase())
            && name.contains(|c: char| c.is_ascii_lowercase());
        (is_a_host(&lower) && !is_mixed) || public_labels(&lower) > 1 || known()
    }

    /// The image of a dotted name.
    pub(super) fn host(&mut self, name: &str) -> String {
        let lower = name.to_ascii_lowercase();
        let labels: Vec<&str> = lower.split('.').collect();
        let own = labels.len() - public_labels(&lower).min(labels.len());
        // A slip in a service's name stays one: the verdict tells of it.
        let own =
            if crate::verdict::Doubt::about(&lower).is_some_and(|doubt| doubt.meant().is_some()) {
                own.min(1)
            } else {
                own
            };
        let spelt: Vec<&str> = name.split('.').collect();
        let image = |(index, label): (usize, &&str)| match spelt.get(index) {
            Some(spelt) if index >= own => (*spelt).to_owned(),
            _ => self.label(label),
        };
        labels.iter().enumerate().map(image).collect::<Vec<_>>().join(".")
    }

    /// The image of a label or a word.
    pub(super) fn label(&mut self, label: &str) -> String {
        let label = label.to_ascii_lowercase();
        let kept = label.is_empty()
            || label == "*"
            || label == "privatelink"
            || label == "www"
            || label.bytes().all(|byte| byte.is_ascii_digit());
        if kept {
            return label;
        }
        if let Some(image) = self.images.get(&label) {
            return image.clone();
        }
        let image = self.fresh(&label);
        self.taken.insert(image.clone());
        self.images.insert(label, image.clone());
        image
    }

    /// A word that replaces no other word yet: of the same length where possible, with the characters
    /// at their places that no host name has, so that what is wrong with a name is still wrong.
    fn fresh(&mut self, label: &str) -> String {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let odd = !label.chars().all(is_part) || label.starts_with('-') || label.ends_with('-');
        let room = label.chars().filter(|c| !odd || c.is_ascii_alphanumeric()).count();
        let longest = self.stem();
        let mut number = self.next.get(&room).copied().unwrap_or(1);
        loop {
            let digits = base36(number);
            number += 1;
            let fits = room >= longest.len() + digits.len().max(2);
            let stem = if fits { longest } else { longest.get(..1).unwrap_or("q") };
            let padding = room.saturating_sub(stem.len() + digits.len());
            let plain = format!("{stem}{}{digits}", "0".repeat(padding));
            let image = if odd { refilled(label, &plain) } else { plain };
            let is_new = !self.taken.contains(&image) && !self.words.contains(&image);
            if is_new && image != label {
                self.next.insert(room, number);
                return image;
            }
        }
    }

    /// The first stem that holds no word that is to be replaced.
    fn stem(&mut self) -> &'static str {
        let holds_none = |stem: &&str| {
            !self.words.iter().any(|word| stem.contains(word.as_str()) || word.contains(*stem))
        };
        let stem = self.stem.or_else(|| STEMS.iter().find(|stem| holds_none(stem)).copied());
        self.stem.insert(stem.unwrap_or("q"))
    }
}

/// The number in digits and small letters.
fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    while number > 0 {
        let digit = u32::try_from(number % 36).unwrap_or_default();
        digits.push(char::from_digit(digit, 36).unwrap_or('0'));
        number /= 36;
    }
    digits.iter().rev().collect()
}

/// The label with its letters and digits replaced in turn, and what is longer at the end.
fn refilled(label: &str, with: &str) -> String {
    let mut letters = with.chars();
    let mut image: String = label
        .chars()
        .filter_map(|c| if c.is_ascii_alphanumeric() { letters.next() } else { Some(c) })
        .collect();
    // A hyphen at the end must stay there.
    let rest: String = letters.collect();
    image.insert_str(image.trim_end_matches('-').len(), &rest);
    image
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names() -> Names {
        Names::new(&crate::bundle::anonymise::learn::VOCABULARY)
    }

    proptest! {
        #[test]
        fn no_two_labels_become_one(labels in proptest::collection::btree_set("[a-z0-9_-]{1,12}", 1..60)) {
            let mut names = names();
            let images: BTreeSet<String> = labels.iter().map(|label| names.label(label)).collect();
            prop_assert_eq!(images.len(), labels.len());
            let again: BTreeSet<String> = labels.iter().map(|label| names.label(label)).collect();
            prop_assert_eq!(images, again, "always the same");
        }

        #[test]
        fn what_ends_with_a_domain_still_does(host in "[a-z]{1,9}", domain in "[a-z]{2,9}[.][a-z]{2,9}[.](com|lan)") {
            let mut names = names();
            let image = names.host(&format!("{host}.{domain}"));
            let ending = names.host(&domain);
            prop_assert!(image.ends_with(&format!(".{ending}")), "{} {}", image, ending);
        }

        #[test]
        fn a_long_label_keeps_its_length(label in "[a-z][a-z0-9-]{4,60}[a-z0-9]") {
            prop_assert_eq!(names().label(&label).len(), label.len());
        }
    }

    #[test]
    fn thousands_of_names_take_one_attempt_each() {
        let mut names = names();
        let all: Vec<String> = (0..20_000).map(|number| format!("leafdev{number:05}")).collect();
        for name in &all {
            names.learn_word(name);
        }
        let images: BTreeSet<String> = all.iter().map(|name| names.label(name)).collect();
        assert_eq!(images.len(), all.len());
        let attempts: u64 = names.next.values().map(|next| next - 1).sum();
        assert!(attempts < 20_100, "{attempts}");
        // Where there are more names than short images they become longer.
        let short: Vec<String> = (36..1_296).map(base36).collect();
        let images: BTreeSet<String> = short.iter().map(|name| names.label(name)).collect();
        assert_eq!(images.len(), short.len());
        let attempts: u64 = names.next.values().map(|next| next - 1).sum();
        assert!(attempts < 22_000, "{attempts}");
    }

    #[test]
    fn what_is_learned_without_end_is_bounded() {
        let mut names = names();
        (0..MOST + 10).for_each(|number| names.learn_word(&format!("leaf{number}")));
        assert_eq!(names.words().len(), MOST);
    }

    #[test]
    fn of_a_list_single_labels_are_words() {
        let mut names = names();
        for name in ["plc01", ".plant7", "lan", "local", "localhost", "*.mes.acme.ai", "*"] {
            names.learn_listed(name);
        }
        let words: Vec<&str> = names.words().into_iter().map(|(word, _)| word).collect();
        assert_eq!(words, ["plant7", "plc01", "acme", "mes"]);
        assert!(names.is_a_host("x.acme.ai"));
    }

    #[test]
    fn what_is_wrong_with_a_name_stays_wrong() {
        let mut names = names();
        let image = names.label("gate_way-");
        assert!(image.contains('_') && image.ends_with('-') && image != "gate_way-", "{image}");
        let misspelt = names.host("contoso.azure-device.net");
        assert!(
            misspelt.ends_with(".azure-device.net") && !misspelt.contains("contoso"),
            "{misspelt}"
        );
    }

    #[test]
    fn a_word_of_the_report_s_own_is_not_learned() {
        let mut names = names();
        for word in ["host", "bridge", "docker", "10", "x"] {
            names.learn_word(word);
        }
        names.learn_host("host.azure-devices.net");
        assert!(names.words().is_empty());
    }

    #[test]
    fn namespaces_and_files_are_no_hosts() {
        let mut names = names();
        names.learn_host("gw1.corp.contoso.example");
        for host in
            ["db.contoso.example", "a.azure-devices.net", "x.lan", "Contoso.azure-devices.net"]
        {
            assert!(names.is_a_host(host), "{host}");
        }
        for other in
            ["System.Net", "config.toml", "docker.service", "net.ipv4.ip_forward", "libc.so.6"]
        {
            assert!(!names.is_a_host(other), "{other}");
        }
    }
}
