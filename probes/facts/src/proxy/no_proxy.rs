//! Which hosts a proxy is not to be used for.

use std::fmt;
use std::net::IpAddr;
use std::ops::Deref;

use ipnet::IpNet;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize};

use crate::clean;
use crate::mask::MASK;

/// How many entries of a list are read.
const MOST_ENTRIES: usize = 256;

/// The list of `no_proxy`, as Go's programs read it, the engine among them
/// (golang.org/x/net/http/httpproxy).
///
/// * `*` covers every host.
/// * `example.com` covers that host and all below it; `.example.com` and `*.example.com` those
///   below it alone.
/// * `10.0.0.1` covers that address and `10.0.0.0/8` that range, where the host is an address.
/// * Any of them but a range may end in `:PORT`.
/// * localhost and loopback addresses are always covered.
///
/// Others differ. curl takes a leading dot for none, knows `*` only alone and knows no ports. .NET's
/// own proxy from the environment knows exact names and leading dots, which cover the name itself
/// too, and nothing else. And the runtime's parts do not read the list at all: see
/// `Part::heeds_no_proxy`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoProxy(Vec<Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    Every,
    Address(IpAddr),
    Range(IpNet),
    /// A name in lower case, and whether it is covered itself.
    Below {
        name: String,
        itself: bool,
    },
}

/// How much of a list is kept, in characters.
const LONGEST: usize = 2048;

/// The text of such a list as it may be kept and shown. In place of what is no entry stands `…`: it
/// may be a URL with a password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct NoProxyList(String);

impl NoProxyList {
    /// The entries of a list; `None` where it is empty.
    pub fn parse(list: &str) -> Option<Self> {
        let list = clean::line(list, LONGEST);
        let entries: Vec<&str> = words(&list).collect();
        let Some(wrong) = entries.iter().position(|entry| !may_be_shown(entry)) else {
            return (!entries.is_empty()).then_some(Self(list));
        };
        // A password may hold what parts entries, and ends before an `@`.
        let signed = entries.iter().rposition(|entry| entry.contains('@')).unwrap_or(wrong);
        let mark = MASK.to_string();
        let mut shown: Vec<&str> = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            let hidden = (wrong..=signed).contains(&index) || !may_be_shown(entry);
            if !hidden {
                shown.push(entry);
            } else if shown.last() != Some(&mark.as_str()) {
                shown.push(&mark);
            }
        }
        Some(Self(shown.join(",")))
    }
}

/// The entries of a list.
fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split([',', ' ', '\t', ';']).map(str::trim).filter(|word| !word.is_empty())
}

/// Whether this can be nothing but an entry: `*`, a range, or a host with its port.
fn may_be_shown(entry: &str) -> bool {
    let is_range = entry.parse::<IpNet>().is_ok();
    let (host, port) = match entry.rsplit_once(':') {
        Some((host, port)) if entry.parse::<IpAddr>().is_err() => (host, port),
        _ => (entry, ""),
    };
    let is_port = port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
    let is_address = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    let name = host.strip_prefix('*').unwrap_or(host);
    let is_name = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'));
    is_range || (is_port && (is_address || is_name)) || entry == MASK.to_string()
}

impl Deref for NoProxyList {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NoProxyList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl<'de> Deserialize<'de> for NoProxyList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A report from outside is no safer than an environment.
        let list = String::deserialize(deserializer)?;
        Ok(Self::parse(&list).unwrap_or_else(|| Self(String::new())))
    }
}

impl JsonSchema for NoProxyList {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        String::schema_name()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}

impl NoProxy {
    /// Reads a list with commas or blanks between its entries. Entries that make no sense cover
    /// nothing.
    pub fn read(list: &str) -> Self {
        Self(words(list).take(MOST_ENTRIES).filter_map(entry).collect())
    }

    /// Whether a host's port is to be reached without a proxy.
    pub fn covers(&self, host: &str, port: u16) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let address: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
        if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
            return true;
        }
        self.0
            .iter()
            .filter(|entry| entry.port.is_none_or(|only| only == port))
            .any(|entry| entry.hosts.contain(&host, address))
    }
}

impl Hosts {
    fn contain(&self, host: &str, address: Option<IpAddr>) -> bool {
        match self {
            Self::Every => true,
            Self::Address(own) => address == Some(*own),
            Self::Range(range) => address.is_some_and(|address| range.contains(&address)),
            Self::Below { name, itself } => match host.strip_suffix(name.as_str()) {
                Some("") => *itself,
                Some(before) => before.ends_with('.'),
                None => false,
            },
        }
    }
}

fn entry(word: &str) -> Option<Entry> {
    if word == "*" {
        return Some(Entry { hosts: Hosts::Every, port: None });
    }
    if let Ok(range) = word.parse() {
        return Some(Entry { hosts: Hosts::Range(range), port: None });
    }
    if let Ok(address) = word.trim_matches(['[', ']']).parse() {
        return Some(Entry { hosts: Hosts::Address(address), port: None });
    }
    let (host, port) = match word.rsplit_once(':') {
        Some((host, port)) => (host, Some(port.parse().ok()?)),
        None => (word, None),
    };
    if let Ok(address) = host.trim_matches(['[', ']']).parse() {
        return Some(Entry { hosts: Hosts::Address(address), port });
    }
    let name = host.strip_prefix('*').unwrap_or(host);
    let below = name.strip_prefix('.');
    let name = below.unwrap_or(name).trim_end_matches('.').to_ascii_lowercase();
    let hosts = Hosts::Below { name, itself: below.is_none() };
    (!matches!(&hosts, Hosts::Below { name, .. } if name.is_empty()))
        .then_some(Entry { hosts, port })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn covers(list: &str, host: &str) -> bool {
        NoProxy::read(list).covers(host, 443)
    }

    #[test]
    fn names_cover_what_is_below_them() {
        assert!(covers("azure-devices.net", "contoso.azure-devices.net"));
        assert!(covers("a.b, CONTOSO.azure-devices.net", "contoso.azure-devices.net"));
        assert!(!covers("devices.net", "contoso.azure-devices.net"));
        for below in [".example.com", "*.example.com"] {
            assert!(covers(below, "hub.example.com"), "{below}");
            assert!(!covers(below, "example.com"), "{below}");
        }
        assert!(covers("*", "contoso.azure-devices.net"));
        assert!(!covers("", "contoso.azure-devices.net"));
    }

    #[test]
    fn addresses_and_ranges_cover_addresses() {
        assert!(covers("10.0.0.0/8 192.168.1.1", "10.1.2.3"));
        assert!(covers("10.0.0.0/8,192.168.1.1", "192.168.1.1"));
        assert!(covers("fd00::/8", "[fd00::1]"));
        assert!(covers("[fd00::1]:443", "fd00::1"));
        assert!(!covers("10.0.0.0/8", "hub.example"));
    }

    #[test]
    fn a_port_narrows_an_entry() {
        assert!(covers("hub.example:443", "hub.example"));
        assert!(!covers("hub.example:80", "hub.example"));
        assert!(!covers("10.0.0.1:80", "10.0.0.1"));
        assert!(!covers("hub.example:https", "hub.example"));
    }

    #[test]
    fn this_device_itself_is_never_reached_by_a_proxy() {
        assert!(covers("", "localhost"));
        assert!(covers("", "127.0.0.1"));
        assert!(covers("", "::1"));
    }

    #[test]
    fn of_a_list_no_password_is_kept() {
        let shown = |list: &str| NoProxyList::parse(list).map(|list| list.to_string());
        let all = "localhost,.corp, *.example.com;10.0.0.0/8 [fd00::1]:443,fd00::2,hub_1:8080,*";
        assert_eq!(shown(all).as_deref(), Some(all));
        assert_eq!(shown(" , "), None);
        for (list, kept) in [
            ("http://user:PLANTED@host", "…"),
            ("a.net,http://user:PLANTED@host:80/,b.net", "a.net,…,b.net"),
            ("a.net,http://u:p,PLANTED,x@host,b.net", "a.net,…,b.net"),
            ("u:PLANTED@h u:PLANTED@i", "…"),
            ("PLANTED@host,b", "…,b"),
            ("user:PLANTED", "…"),
            ("https://PLANTED/x", "…"),
        ] {
            assert_eq!(shown(list).as_deref(), Some(kept), "{list}");
            assert_eq!(shown(kept).as_deref(), Some(kept));
        }
        let read: NoProxyList = serde_json::from_str("\"a.net,u:PLANTED@h\"").unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), "\"a.net,…\"");
        assert!(NoProxy::read(&read).covers("a.net", 443));
    }

    proptest! {
        #[test]
        fn no_list_upsets_it(list: String, host: String) {
            let _ = NoProxyList::parse(&list);
            let _ = NoProxy::read(&list).covers(&host, 443);
        }
    }
}
