//! Addresses in the zones of names for addresses, whole and in part.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use regex::Regex;

use super::addresses::Addresses;
use super::text::replaced;

/// The reverse of an address or of its begin, as a name.
static REVERSE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)(?<labels>(?:[0-9a-f]{1,3}\.)+)(?<zone>(?:in-addr|ip6)\.arpa)").ok()
});

/// The text with the images of such names: a zone of many addresses is that of their images.
pub(super) fn text(text: &str, addresses: &Addresses) -> String {
    replaced(&REVERSE, text, |found| {
        let labels = found.name("labels")?.as_str().trim_end_matches('.');
        let labels: Vec<&str> = labels.split('.').collect();
        let zone = found.name("zone")?.as_str();
        let is_v4 = zone.to_ascii_lowercase().starts_with("in");
        let most = if is_v4 { 4 } else { 32 };
        // What stands before a whole address stays.
        let (before, own) = labels.split_at(labels.len().saturating_sub(most));
        let image = if is_v4 { octets(own, addresses) } else { nibbles(own, addresses) }?;
        let before = before.iter().map(|label| format!("{label}."));
        Some(format!("{}{}.{zone}", before.collect::<String>(), image.join(".")))
    })
}

fn octets(labels: &[&str], addresses: &Addresses) -> Option<Vec<String>> {
    let mut octets = [0; 4];
    for (octet, label) in octets.iter_mut().zip(labels.iter().rev()) {
        *octet = label.parse().ok()?;
    }
    let IpAddr::V4(image) = addresses.ip(Ipv4Addr::from(octets).into()) else { return None };
    let image = image.octets();
    Some(image.iter().take(labels.len()).rev().map(u8::to_string).collect())
}

fn nibbles(labels: &[&str], addresses: &Addresses) -> Option<Vec<String>> {
    let mut bits = 0u128;
    for (place, label) in labels.iter().rev().enumerate() {
        let nibble = u128::from_str_radix(label, 16).ok().filter(|nibble| *nibble < 16)?;
        bits |= nibble << (124 - 4 * place);
    }
    let IpAddr::V6(image) = addresses.ip(Ipv6Addr::from_bits(bits).into()) else { return None };
    let image = format!("{:032x}", image.to_bits());
    let own = image.get(..labels.len())?;
    Some(own.chars().rev().map(String::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reverse_of_an_address_and_of_its_begin_are_those_of_its_image() {
        let addresses = Addresses::new([], []);
        let v4 = addresses.ip("20.49.110.2".parse().unwrap()).to_string();
        let parts: Vec<&str> = v4.split('.').collect();
        let [a, b, c, d] = parts[..] else { panic!("{v4}") };
        for (name, image) in [
            ("2.110.49.20.in-addr.arpa", format!("{d}.{c}.{b}.{a}.in-addr.arpa")),
            ("~110.49.20.in-addr.arpa", format!("~{c}.{b}.{a}.in-addr.arpa")),
            ("49.20.IN-ADDR.ARPA.", format!("{b}.{a}.IN-ADDR.ARPA.")),
            ("20.in-addr.arpa", format!("{a}.in-addr.arpa")),
            ("1.2.110.49.20.in-addr.arpa", format!("1.{d}.{c}.{b}.{a}.in-addr.arpa")),
            ("300.in-addr.arpa", "300.in-addr.arpa".to_owned()),
        ] {
            assert_eq!(text(name, &addresses), image, "{name}");
        }
        let ip: Ipv6Addr = "2603:1030:a::7".parse().unwrap();
        let reversed = |ip: Ipv6Addr| {
            let digits = format!("{:032x}", ip.to_bits());
            digits.chars().rev().flat_map(|digit| [digit, '.']).collect::<String>() + "ip6.arpa"
        };
        let IpAddr::V6(image) = addresses.ip(ip.into()) else { panic!("{ip}") };
        assert_eq!(text(&reversed(ip), &addresses), reversed(image));
        let zone = |ip| reversed(ip).split_off(2 * 24);
        assert_eq!(text(&zone(ip), &addresses), zone(image));
    }
}
