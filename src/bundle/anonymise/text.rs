//! Any text with its addresses and names replaced.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use regex::{Captures, Regex};

use super::addresses::Addresses;
use super::hardware::Hardware;
use super::names::Names;
use super::{reverse, written};

/// Words with dots between them.
static DOTTED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)[a-z0-9_-]+(?:\.[a-z0-9_-]+)+").ok());

/// Replaces what was learned, and everything with a distinct form.
pub(super) struct Replacer {
    addresses: Addresses,
    hardware: Hardware,
    names: Names,
    words: Option<AhoCorasick>,
    /// For each word whether it is looked for inside others, and its image.
    images: Vec<(bool, String)>,
}

impl Replacer {
    /// The names are learned.
    pub(super) fn new(addresses: Addresses, mut names: Names) -> Self {
        let (words, inside): (Vec<String>, Vec<bool>) =
            names.words().into_iter().map(|(word, inside)| (word.to_owned(), inside)).unzip();
        let images = words
            .iter()
            .zip(inside)
            .map(|(word, inside)| (inside, image(&mut names, word)))
            .collect();
        let words = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .build(&words)
            .ok();
        Self { addresses, hardware: Hardware::default(), names, words, images }
    }

    pub(super) fn text(&mut self, text: &str) -> String {
        let text = self.hardware.text(text);
        let text = reverse::text(&text, &self.addresses);
        let text = written::text(&text, &self.addresses);
        let text = self.hosts(&text);
        self.words(&text)
    }

    fn hosts(&mut self, text: &str) -> String {
        replaced(&DOTTED, text, |found| {
            let found = found.get(0)?;
            let (before, whole) = unescaped(text, found.start(), found.as_str());
            let name = whole.trim_matches(['-', '.']);
            let is_number = name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            if is_number || !self.names.is_a_host(name) {
                return None;
            }
            Some(format!("{before}{}", whole.replacen(name, &self.names.host(name), 1)))
        })
    }

    fn words(&self, text: &str) -> String {
        let Some(words) = &self.words else { return text.to_owned() };
        let mut out = String::with_capacity(text.len());
        let mut end = 0;
        for found in words.find_iter(text) {
            let Some((inside, image)) = self.images.get(found.pattern().as_usize()) else {
                continue;
            };
            if *inside || stands_alone(text, found.start(), found.end()) {
                out += text.get(end..found.start()).unwrap_or_default();
                out += image;
                end = found.end();
            }
        }
        out + text.get(end..).unwrap_or_default()
    }
}

/// The image of a word. With dots in it it is an id or a user's name, of which no part is public.
fn image(names: &mut Names, word: &str) -> String {
    word.split('.').map(|label| names.label(label)).collect::<Vec<_>>().join(".")
}

/// The text with each match replaced that has an image.
pub(super) fn replaced(
    pattern: &LazyLock<Option<Regex>>,
    text: &str,
    mut image: impl FnMut(&Captures<'_>) -> Option<String>,
) -> String {
    let Some(pattern) = pattern.as_ref() else { return text.to_owned() };
    let replace = |found: &Captures<'_>| {
        image(found).unwrap_or_else(|| found.get(0).map_or("", |whole| whole.as_str()).to_owned())
    };
    pattern.replace_all(text, replace).into_owned()
}

/// A match without the end of an escape that stands before it: of `%2Fgw1`, `\ngw1`, `\u003egw1`
/// and `\x3cgw1`.
pub(super) fn unescaped<'t>(text: &'t str, start: usize, found: &'t str) -> (&'t str, &'t str) {
    let before = text.get(..start).unwrap_or_default();
    let hexadecimal = |from: usize, to: usize| {
        let digits = found.get(from..to);
        digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let length = match before.chars().next_back() {
        Some('%') if hexadecimal(0, 2) => 2,
        Some('\\') if found.starts_with('u') && hexadecimal(1, 5) => 5,
        Some('\\') if found.starts_with('x') && hexadecimal(1, 3) => 3,
        Some('\\') if found.starts_with(['n', 'r', 't']) => 1,
        _ => 0,
    };
    found.split_at_checked(length).unwrap_or(("", found))
}

/// Whether no letter and no digit stands next to it, but for the end of an escape.
fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let before = text.get(..start).unwrap_or_default().as_bytes();
    let hexadecimal = |digits: &[u8]| digits.iter().all(u8::is_ascii_hexdigit);
    let is_escape = match before {
        [.., b'\\', b'u', a, b, c, d] => hexadecimal(&[*a, *b, *c, *d]),
        [.., b'%', high, low] | [.., b'\\', b'x', high, low] => hexadecimal(&[*high, *low]),
        [.., b'\\', b'n' | b'r' | b't'] => true,
        _ => false,
    };
    let begins = is_escape || !before.last().is_some_and(u8::is_ascii_alphanumeric);
    let after = text.get(end..).unwrap_or_default().bytes().next();
    begins && !after.is_some_and(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replacer() -> Replacer {
        let mut names = Names::default();
        for host in ["contoso.azure-devices.net", "gw1.corp.fabrikam.com"] {
            names.learn_host(host);
        }
        names.learn_word("alice");
        Replacer::new(Addresses::new([], []), names)
    }

    #[test]
    fn names_are_replaced_whole_alone_and_inside_others() {
        let mut replacer = replacer();
        let hub = replacer.text("contoso.azure-devices.net");
        assert!(hub.ends_with(".azure-devices.net") && !hub.contains("contoso"), "{hub}");
        let label = hub.split('.').next().unwrap().to_owned();
        for (given, expected) in [
            ("Contoso rules", "{} rules"),
            ("/my-contoso2/", "/my-{}2/"),
            ("sr=contoso.azure-devices.net%2Fdevices", "sr={}.azure-devices.net%2Fdevices"),
            ("contoso.privatelink.azure-devices.net", "{}.privatelink.azure-devices.net"),
            (
                "*.azure-devices.net and mcr.microsoft.com",
                "*.azure-devices.net and mcr.microsoft.com",
            ),
            ("gw10 gw1x", "gw10 gw1x"),
            ("System.Net.Http in config.toml", "System.Net.Http in config.toml"),
        ] {
            assert_eq!(replacer.text(given), expected.replace("{}", &label));
        }
        let all =
            "gw1: a%2Fgw1 \\ngw1 GW1.corp.fabrikam.com x.fabrikam.com /home/alice db.lan Fabrikam";
        let shown = replacer.text(all).to_ascii_lowercase();
        for gone in ["gw1", "fabrikam", "alice", "db."] {
            assert!(!shown.contains(gone), "{gone}: {shown}");
        }
        assert_eq!(shown, replacer.text(all).to_ascii_lowercase(), "always the same");
    }

    #[test]
    fn the_reverse_of_an_address_is_replaced_once() {
        let mut replacer = replacer();
        let image = replacer.text("20.49.110.2");
        let reversed: Vec<&str> = image.split('.').rev().collect();
        let shown = replacer.text("2.110.49.20.in-addr.arpa and 2.110.49.20.IN-ADDR.ARPA.");
        let reversed = reversed.join(".");
        assert_eq!(shown, format!("{reversed}.in-addr.arpa and {reversed}.IN-ADDR.ARPA."));
        let zone = "1.2.3.4.5.6.7.8.2.0.0.0.0.3.0.1.3.0.6.2.ip6.arpa";
        let own = super::reverse::text(zone, &replacer.addresses);
        assert_eq!(replacer.text(zone), own);
    }

    #[test]
    fn of_an_id_with_dots_no_part_stays() {
        let mut names = Names::default();
        names.learn_word("line1.acmecorp");
        let mut replacer = Replacer::new(Addresses::new([], []), names);
        let shown =
            replacer.text("twin of line1.acmecorp: LINE1.AcmeCorp/modA \\u003cline1.acmecorp");
        assert!(!shown.to_ascii_lowercase().contains("acmecorp"), "{shown}");
        assert!(!shown.to_ascii_lowercase().contains("line1"), "{shown}");
    }

    #[test]
    fn names_in_capitals_and_with_newer_endings_are_hosts() {
        let shown = replacer().text(
            "SRV01.FABRIKAM.LOCAL DB7.PLANT.AI mes7.plant.ru mes7.plant.group vpn7.acme-group.co ASP.NET",
        );
        for gone in ["SRV01", "FABRIKAM", "DB7", "PLANT", "mes7", "plant", "vpn7", "acme"] {
            assert!(!shown.contains(gone), "{gone}: {shown}");
        }
        assert!(shown.ends_with(" ASP.NET") && shown.contains(".LOCAL "), "{shown}");
    }
}
