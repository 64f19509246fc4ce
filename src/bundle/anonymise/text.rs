//! Any text with its addresses and names replaced.

use std::net::IpAddr;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use ipnet::IpNet;
use regex::{Captures, Regex};

use super::addresses::Addresses;
use super::names::Names;

/// Six pairs of hexadecimal digits.
static HARDWARE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5,}").ok());

/// Whatever may be an IP address, with a zone, a port or the length of a prefix behind it.
static ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)(?<ip>[0-9a-z_:.]*[0-9a-f:][:.][0-9a-z_:.]*)(?:/(?<length>[0-9]{1,3}))?").ok()
});

/// Words with dots between them.
static DOTTED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)[a-z0-9_-]+(?:\.[a-z0-9_-]+)+").ok());

/// The reverse of an address, as a name.
static REVERSE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)(?:[0-9a-f]{1,3}\.)+(?<zone>in-addr|ip6)\.arpa").ok());

/// Replaces what was learned, and whatever shows by its form what it is.
pub(super) struct Replacer {
    addresses: Addresses,
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
        Self { addresses, names, words, images }
    }

    pub(super) fn text(&mut self, text: &str) -> String {
        let text = self.hardware(text);
        let text = self.reverse(&text);
        let text = self.addresses(&text);
        let text = self.hosts(&text);
        self.words(&text)
    }

    fn hardware(&mut self, text: &str) -> String {
        replaced(&HARDWARE, text, |found| {
            let digits: String = found.get(0)?.as_str().split([':', '-']).collect();
            // More than six are a fingerprint.
            let number = (digits.len() == 12).then(|| u64::from_str_radix(&digits, 16).ok())??;
            let [_, _, bytes @ ..] = number.to_be_bytes();
            let image = self.addresses.hardware(bytes);
            Some(image.map(|byte| format!("{byte:02x}")).join(":"))
        })
    }

    fn reverse(&mut self, text: &str) -> String {
        replaced(&REVERSE, text, |found| {
            let name = found.get(0)?.as_str();
            let zone = found.name("zone")?.as_str();
            if !zone.eq_ignore_ascii_case("in-addr") {
                return Some(format!("0.{zone}.arpa"));
            }
            let labels: Vec<&str> = name.split('.').rev().skip(2).collect();
            let IpAddr::V4(ip) = self.addresses.ip(labels.join(".").parse().ok()?) else {
                return None;
            };
            let [a, b, c, d] = ip.octets();
            Some(format!("{d}.{c}.{b}.{a}.{zone}.arpa"))
        })
    }

    fn addresses(&mut self, text: &str) -> String {
        replaced(&ADDRESS, text, |found| {
            let whole = found.name("ip")?.as_str();
            let (before, whole) = unescaped(text, found.name("ip")?.start(), whole);
            let length = found.name("length").map(|length| length.as_str());
            let image = self.address(whole, length)?;
            Some(format!("{before}{image}"))
        })
    }

    /// The image of what may be an address: alone, in a prefix, with a port, or at a sentence's end.
    fn address(&mut self, text: &str, length: Option<&str>) -> Option<String> {
        let slash = length.map(|length| format!("/{length}")).unwrap_or_default();
        if let Ok(ip) = text.parse::<IpAddr>() {
            let net = length.and_then(|length| IpNet::new(ip, length.parse().ok()?).ok());
            return Some(match net {
                Some(net) => self.addresses.net(net).to_string(),
                None => self.addresses.ip(ip).to_string() + &slash,
            });
        }
        let bare = text.trim_end_matches(['.', ':']);
        if bare.len() < text.len() {
            let end = text.get(bare.len()..).unwrap_or_default();
            return self.address(bare, None).map(|image| image + end + &slash);
        }
        let bare = text.trim_start_matches(['.', ':']);
        if bare.len() < text.len() && !text.starts_with("::") {
            let begin = text.get(..text.len() - bare.len()).unwrap_or_default();
            return self.address(bare, length).map(|image| format!("{begin}{image}"));
        }
        // `10.0.0.1:443`, `addr:10.0.0.1`, `10.0.0.1:443:443`.
        let parts: Vec<&str> = text.split(':').collect();
        let is_v4 = |part: &&str| part.parse::<std::net::Ipv4Addr>().is_ok();
        if parts.len() < 2 || !parts.iter().any(is_v4) {
            return None;
        }
        let images: Vec<String> = parts
            .iter()
            .map(|part| {
                part.parse()
                    .map_or_else(|_| (*part).to_owned(), |ip| self.addresses.ip(ip).to_string())
            })
            .collect();
        Some(images.join(":") + &slash)
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

/// The image of a word, which may be a name with dots.
fn image(names: &mut Names, word: &str) -> String {
    if word.contains('.') { names.host(word) } else { names.label(word) }
}

/// The text with each match replaced that has an image.
fn replaced(
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

/// A match without the end of an escape that stands before it: of `%2Fgw1` and of `\ngw1`.
fn unescaped<'t>(text: &'t str, start: usize, found: &'t str) -> (&'t str, &'t str) {
    let before = text.get(..start).unwrap_or_default();
    let is_hexadecimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let length = match before.chars().next_back() {
        Some('%') if found.get(..2).is_some_and(is_hexadecimal) => 2,
        Some('\\') if found.starts_with(['n', 'r', 't']) => 1,
        _ => 0,
    };
    found.split_at_checked(length).unwrap_or(("", found))
}

/// Whether no letter and no digit stands next to it, but for the end of an escape.
fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let before = text.get(..start).unwrap_or_default().as_bytes();
    let is_escape = match before {
        [.., b'%', high, low] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
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
    fn addresses_are_found_in_every_form() {
        let mut replacer = replacer();
        let image = replacer.text("20.49.110.2");
        assert_ne!(image, "20.49.110.2");
        for form in [
            "connect to {}:443 failed",
            "[::ffff:{}]:443",
            "{}.",
            "({}),{}",
            "addr:{}",
            "a%2F{}%3A443",
            "line\\n{} next",
            "src={}",
            "0.0.0.0:8080->{}:443/tcp",
            "\"{}\"",
            "dns://{}/x",
            "-d {}/32 -j DROP",
        ] {
            let shown = replacer.text(&form.replace("{}", "20.49.110.2"));
            assert_eq!(shown, form.replace("{}", &image), "{form}");
        }
        let v6 = replacer.text("2603:1030:a::7");
        for form in ["[{}]:443", "{} dev eth0", "{}%eth0", "via {}.", "<{}>"] {
            let shown = replacer.text(&form.replace("{}", "2603:1030:a::7"));
            assert_eq!(shown, form.replace("{}", &v6), "{form}");
        }
    }

    #[test]
    fn what_only_looks_like_an_address_stays() {
        for text in [
            "12:34:56.789 +00:00",
            "std::vec and k::b",
            "version 5.15.0-1062.azure",
            "edge 1.5.10",
            "2026-11-24T22:00:00.123456Z",
            "sha256:6a82e5e994bab5187939049684fb64efe076",
            "::/0 and ::",
            "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD",
            "10.0.0",
            "ratio 0.5:1",
        ] {
            assert_eq!(replacer().text(text), text);
        }
    }

    #[test]
    fn hardware_addresses_are_replaced() {
        let shown = replacer().text("link/ether 02:42:ac:12:00:02 brd ff:ff:ff:ff:ff:ff");
        assert_eq!(shown, "link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff");
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
    fn the_reverse_of_an_address_is_that_of_its_image() {
        let mut replacer = replacer();
        let image = replacer.text("20.49.110.2");
        let reversed: Vec<&str> = image.split('.').rev().collect();
        let shown = replacer.text("2.110.49.20.in-addr.arpa");
        assert_eq!(shown, format!("{}.in-addr.arpa", reversed.join(".")));
    }
}
