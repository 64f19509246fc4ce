//! Which hosts a proxy is not to be used for.

use std::net::IpAddr;

use ipnet::IpNet;

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

impl NoProxy {
    /// Reads a list with commas or blanks between its entries. Entries that make no sense cover
    /// nothing.
    pub fn read(list: &str) -> Self {
        let words =
            list.split([',', ' ', '\t', ';']).map(str::trim).filter(|word| !word.is_empty());
        Self(words.take(MOST_ENTRIES).filter_map(entry).collect())
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

    proptest! {
        #[test]
        fn no_list_upsets_it(list: String, host: String) {
            let _ = NoProxy::read(&list).covers(&host, 443);
        }
    }
}
