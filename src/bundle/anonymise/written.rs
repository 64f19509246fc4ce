//! IP addresses as texts have them: with ports, prefixes and other characters right before or after
//! them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use ipnet::IpNet;
use regex::Regex;

use super::addresses::Addresses;
use super::text::{replaced, unescaped};

/// Whatever may be an IP address, with a zone, a port or the length of a prefix behind it.
static ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)(?<ip>[0-9a-z_:.]*[0-9a-f:][:.][0-9a-z_:.]*)(?:/(?<length>[0-9]{1,3}))?").ok()
});

/// The text with the images of the addresses in it.
pub(super) fn text(text: &str, addresses: &Addresses) -> String {
    replaced(&ADDRESS, text, |found| {
        let whole = found.name("ip")?.as_str();
        let after = text.get(found.name("ip")?.end()..).unwrap_or_default();
        if is_reverse(whole, after) {
            return None;
        }
        let (before, whole) = unescaped(text, found.name("ip")?.start(), whole);
        let length = found.name("length").map(|length| length.as_str());
        let image = image(whole, length, addresses)?;
        Some(format!("{before}{image}"))
    })
}

/// Whether this is the begin of a name for an address, which has its image already.
fn is_reverse(name: &str, after: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let zone = after.get(.."-addr.arpa".len()).unwrap_or_default();
    name.ends_with(".ip6.arpa")
        || (name.rsplit('.').next() == Some("in") && zone.eq_ignore_ascii_case("-addr.arpa"))
}

/// The image of what may be an address: alone, in a prefix, with a port, or at a sentence's end.
fn image(text: &str, length: Option<&str>, addresses: &Addresses) -> Option<String> {
    let slash = length.map(|length| format!("/{length}")).unwrap_or_default();
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Some(replacement(ip, length, addresses));
    }
    let bare = text.trim_end_matches(['.', ':']);
    if bare.len() < text.len() {
        let end = text.get(bare.len()..).unwrap_or_default();
        return image(bare, None, addresses).map(|image| image + end + &slash);
    }
    let bare = text.trim_start_matches(['.', ':']);
    if bare.len() < text.len() && !text.starts_with("::") {
        let begin = text.get(..text.len() - bare.len()).unwrap_or_default();
        return image(bare, length, addresses).map(|image| format!("{begin}{image}"));
    }
    // As `tcpdump` writes a port.
    if let Some((ip, port)) = text.rsplit_once('.')
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && let Ok(ip) = ip.parse::<Ipv6Addr>()
    {
        return Some(format!("{}.{port}{slash}", addresses.ip(ip.into())));
    }
    inside(text, length, addresses)
}

/// The text with the images of what is an IPv4 address in it: `10.0.0.1:443`, `addr:10.0.0.1`,
/// `peer_10.0.0.1`, `10.0.0.1.53`; `None` where there is no address.
fn inside(text: &str, length: Option<&str>, addresses: &Addresses) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    let mut found = false;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, run) = rest.split_at(start);
        let end = run.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(run.len());
        let (run, after) = run.split_at(end);
        out += before;
        // A version, and no address.
        let is_version =
            matches!(out.as_bytes(), [b'v' | b'V'] | [.., b'_' | b':' | b'.', b'v' | b'V']);
        let own = run.trim_end_matches('.');
        let length = length.filter(|_| after.is_empty() && own.len() == run.len());
        match v4(own).filter(|_| !is_version) {
            Some((ip, port)) => {
                out += &replacement(ip.into(), length, addresses);
                out += port;
                out += run.get(own.len()..).unwrap_or_default();
                found = true;
                if length.is_some() {
                    return Some(out);
                }
            }
            None => out += run,
        }
        rest = after;
    }
    let slash = length.map(|length| format!("/{length}")).unwrap_or_default();
    found.then(|| out + rest + &slash)
}

/// The address that numbers with dots between them are, and a fifth as `tcpdump` writes a port.
fn v4(numbers: &str) -> Option<(Ipv4Addr, &str)> {
    match numbers.matches('.').count() {
        3 => Some((numbers.parse().ok()?, "")),
        4 => {
            let at = numbers.rfind('.')?;
            let port = numbers.get(at..)?;
            port.get(1..)?.parse::<u16>().ok()?;
            Some((numbers.get(..at)?.parse().ok()?, port))
        }
        _ => None,
    }
}

/// The image of an address, or of a prefix where a length stands behind it.
fn replacement(ip: IpAddr, length: Option<&str>, addresses: &Addresses) -> String {
    let net = length.and_then(|length| IpNet::new(ip, length.parse().ok()?).ok());
    let slash = length.map(|length| format!("/{length}")).unwrap_or_default();
    match net {
        Some(net) => addresses.net(net).to_string(),
        None => addresses.ip(ip).to_string() + &slash,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_every_form() {
        let addresses = Addresses::new([], []);
        let image = text("20.49.110.2", &addresses);
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
            "0.0.0.0:8080-\\u003e{}:443/tcp",
            "\\x3c{}\\x3e",
            "\"{}\"",
            "dns://{}/x",
            "-d {}/32 -j DROP",
            "peer_{} x{}:443 a{}b from{}",
            "IP {}.53 > {}.4444: UDP",
            "{}:443:443",
            "peer_{}/32",
        ] {
            let shown = text(&form.replace("{}", "20.49.110.2"), &addresses);
            assert_eq!(shown, form.replace("{}", &image), "{form}");
        }
        let v6 = text("2603:1030:a::7", &addresses);
        for form in
            ["[{}]:443", "{} dev eth0", "{}%eth0", "via {}.", "<{}>", "\\u003c{}", "{}.443 >"]
        {
            let shown = text(&form.replace("{}", "2603:1030:a::7"), &addresses);
            assert_eq!(shown, form.replace("{}", &v6), "{form}");
        }
    }

    #[test]
    fn what_only_looks_like_an_address_stays() {
        let addresses = Addresses::new([], []);
        for shown in [
            "12:34:56.789 +00:00",
            "std::vec and k::b",
            "version 5.15.0-1062.azure",
            "edge 1.5.10",
            "2026-11-24T22:00:00.123456Z",
            "sha256:6a82e5e994bab5187939049684fb64efe076",
            "::/0 and ::",
            "10.0.0",
            "ratio 0.5:1",
            "tool v20.49.110.2",
            "oid 1.3.6.1.4.1.311",
            "8000.2:42:eb:1:34:56",
        ] {
            assert_eq!(text(shown, &addresses), shown);
        }
    }
}
