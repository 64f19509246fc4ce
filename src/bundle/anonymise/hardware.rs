//! Hardware addresses: how texts have them, and their images, which are counted.

use std::collections::HashMap;
use std::net::Ipv6Addr;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::text::replaced;

/// Groups of hexadecimal digits, some without their leading zeros; a link's name that its address
/// made; and the address in three groups, as switches write it.
static FORMS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)\b(?<colons>[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){5,})\b",
        r"|\b(?<hyphens>[0-9a-f]{2}(?:-[0-9a-f]{2}){5,})\b",
        r"|\b(?<kind>enx|wlx|wwx)(?<name>[0-9a-f]{12})\b",
        r"|\b(?<dots>[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})\b",
    ))
    .ok()
});

/// The images of hardware addresses.
#[derive(Debug, Default)]
pub(super) struct Hardware(HashMap<[u8; 6], u32>);

impl Hardware {
    pub(super) fn text(&mut self, text: &str) -> String {
        replaced(&FORMS, text, |found| self.image(text, found))
    }

    fn image(&mut self, text: &str, found: &Captures<'_>) -> Option<String> {
        if let Some(colons) = found.name("colons") {
            let before = text.get(..colons.start()).unwrap_or_default();
            let after = text.get(colons.end()..).unwrap_or_default();
            // A part of an IPv6 address.
            if before.ends_with("::") || after.starts_with("::") {
                return None;
            }
            return self.groups(colons.as_str(), ":");
        }
        if let Some(hyphens) = found.name("hyphens") {
            return self.groups(hyphens.as_str(), "-");
        }
        if let Some(name) = found.name("name") {
            let kind = found.name("kind").map_or("", |kind| kind.as_str());
            return Some(format!("{kind}{}", self.digits(name.as_str())?));
        }
        let dots = found.name("dots")?.as_str();
        // Without a letter it may be any number.
        let digits: String = dots.split('.').collect();
        if digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let image = self.digits(&digits)?;
        let groups = [image.get(..4)?, image.get(4..8)?, image.get(8..)?];
        Some(groups.join("."))
    }

    /// The image of groups that are an address, or have addresses in them.
    fn groups(&mut self, text: &str, between: &str) -> Option<String> {
        let groups: Vec<&str> = text.split(between).collect();
        let begins = |head: &[&str]| groups.starts_with(head);
        // Where the addresses begin; what stands around them stays.
        let at: &[usize] = match groups.len() {
            6 => &[0],
            // A DHCP client's id, by the kind of hardware (RFC 2132, 9.14).
            7 => &[1],
            8 if text.parse::<Ipv6Addr>().is_ok() => &[],
            // Its id by RFC 8415, 11: by the address, and with a time before it.
            10 if begins(&["00", "03", "00", "01"]) => &[4],
            14 if begins(&["00", "01", "00", "01"]) => &[8],
            // A frame's head, as the kernel logs it: to whom, from whom, and of which kind.
            14 => &[0, 6],
            // A fingerprint.
            _ => &[],
        };
        let mut image: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
        for at in at {
            let own = groups.get(*at..at + 6)?;
            if own.iter().any(|group| group.len() > 2) {
                return None;
            }
            let is_short = own.iter().any(|group| group.len() < 2);
            let mut bytes = [0; 6];
            for (byte, group) in bytes.iter_mut().zip(own) {
                *byte = u8::from_str_radix(group, 16).ok()?;
            }
            let shown = self.replacement(bytes);
            for (group, byte) in image.iter_mut().skip(*at).zip(shown) {
                *group = if is_short { format!("{byte:x}") } else { format!("{byte:02x}") };
            }
        }
        Some(image.join(between))
    }

    /// The image of twelve digits.
    fn digits(&mut self, digits: &str) -> Option<String> {
        let [_, _, bytes @ ..] = u64::from_str_radix(digits, 16).ok()?.to_be_bytes();
        Some(self.replacement(bytes).map(|byte| format!("{byte:02x}")).concat())
    }

    /// The image of an address; groups and broadcast stay.
    fn replacement(&mut self, address: [u8; 6]) -> [u8; 6] {
        let [first, ..] = address;
        if first & 1 == 1 || address == [0; 6] {
            return address;
        }
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX).saturating_add(1);
        let [a, b, c, d] = self.0.entry(address).or_insert(next).to_be_bytes();
        // Locally administered.
        [0x02, 0x00, a, b, c, d]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_has_one_image_in_every_form() {
        let mut hardware = Hardware::default();
        for (text, image) in [
            (
                "link/ether b8:27:eb:02:34:56 brd ff:ff:ff:ff:ff:ff",
                "link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff",
            ),
            ("B8-27-EB-02-34-56", "02-00-00-00-00-01"),
            ("bridge_id 8000.b8:27:eb:2:34:56", "bridge_id 8000.2:0:0:0:0:1"),
            ("8000.b8:27:eb:02:34:56", "8000.02:00:00:00:00:01"),
            ("client-id 01:b8:27:eb:02:34:56", "client-id 01:02:00:00:00:00:01"),
            ("1:b8:27:eb:02:34:56", "1:02:00:00:00:00:01"),
            ("conf.enxb827eb023456.rp_filter", "conf.enx020000000001.rp_filter"),
            ("b827.eb02.3456", "0200.0000.0001"),
            ("00:03:00:01:b8:27:eb:02:34:56", "00:03:00:01:02:00:00:00:00:01"),
            (
                "MAC=b8:27:eb:02:34:56:02:42:ac:12:00:03:08:00 SRC",
                "MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC",
            ),
            ("02:42:ac:12:00:03", "02:00:00:00:00:02"),
        ] {
            assert_eq!(hardware.text(text), image, "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_one_stays() {
        for text in [
            "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD",
            "2603:1030:2001:30:40:50:60:70",
            "fe80::1:22:33:44:55:66",
            "2026-11-24-10-12-33",
            "2024.1125.0102",
            "12:34:56.789",
            "550e8400-e29b-41d4-a716-446655440000",
        ] {
            assert_eq!(Hardware::default().text(text), text);
        }
    }
}
