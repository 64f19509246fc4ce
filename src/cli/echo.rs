//! Values that an option rejects, shown again: a key that was given in the wrong place is not.

use std::borrow::Cow;

use edgeprobe_probes::mask::MASK;

/// The shortest text that may be a key, in characters.
const SHORTEST: usize = 16;

/// From so many characters on, letters of both cases and digits make a key whatever their order.
const LONG: usize = 24;

/// From so many hexadecimal digits on, they may be a key.
const HEXADECIMAL: usize = 32;

/// The text with a mark in place of each part that has the form of a key: base64 in either alphabet, or
/// hexadecimal digits. Paths are shown.
pub(super) fn without_keys(text: &str) -> Cow<'_, str> {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_of_a_key) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|letter| !is_of_a_key(letter)).unwrap_or(from.len());
        let (part, after) = from.split_at(end);
        shown.push_str(before);
        if !part.starts_with('/') && looks_like_a_key(part) {
            shown.push(MASK);
        } else {
            shown.push_str(part);
        }
        rest = after;
    }
    if shown.contains(MASK) { Cow::Owned(shown + rest) } else { Cow::Borrowed(text) }
}

fn is_of_a_key(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '+' | '/' | '=' | '_' | '-')
}

/// Whether a text is as irregular as a key: words change between letters and digits, and between
/// cases, less often.
fn looks_like_a_key(text: &str) -> bool {
    let length = text.len();
    if length < SHORTEST {
        return false;
    }
    if length >= HEXADECIMAL && text.bytes().all(|letter| letter.is_ascii_hexdigit()) {
        return true;
    }
    // Names have hyphens between their words.
    let kinds: Vec<Kind> = text.bytes().filter_map(Kind::of).collect();
    let has = |kind| kinds.contains(&kind);
    let changes = kinds.windows(2).filter(|pair| pair.first() != pair.last()).count();
    let is_mixed = has(Kind::Digit) && has(Kind::Small) && has(Kind::Large);
    (is_mixed && length >= LONG) || (has(Kind::Digit) && changes * 20 >= kinds.len() * 7)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Small,
    Large,
    Digit,
}

impl Kind {
    fn of(letter: u8) -> Option<Self> {
        match letter {
            b'a'..=b'z' => Some(Self::Small),
            b'A'..=b'Z' => Some(Self::Large),
            b'0'..=b'9' => Some(Self::Digit),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_not_shown_wherever_it_stands_and_however_it_is_cut() {
        let keys = [
            "kf3Jx0PqLr8TnVb2YwZs5Ue7Hc1Mg4Ad9Ri6Ok+QyE5=",
            "0123456789abcdef0123456789abcdef",
            "kf3Jx0Pq-r8TnVb2_wZs5Ue7",
            "kf3jx0pqlr8tnvb2ywzs5ue7hc1mg4ad9ri6okqye",
        ];
        for key in keys {
            let text = format!("--timeout: `{key}` is no duration; try --hub {key}.example");
            let shown = without_keys(&text);
            assert_eq!(shown, "--timeout: `…` is no duration; try --hub ….example", "{key}");
        }
        for length in SHORTEST..=44 {
            let cut = &keys[0][..length];
            assert!(!without_keys(cut).contains(&cut[..SHORTEST]), "{cut}");
        }
    }

    #[test]
    fn what_a_person_writes_is_shown() {
        for text in [
            "--timeout: `ten-and-a-half-seconds` is no duration",
            "cannot write /var/lib/A1b2C3d4E5f6G7h8I9j0/report.json: no such file",
            "`my-very-long-hub-name-of-plant-7.azure-devices.net:443` has a port",
            "invalid value 'websockets-over-http' for '--protocol <LIST>'",
            "unexpected argument '--registry-credentials-file' found",
            "for example --since 2026-11-24T09:14:00Z",
            "`AmqpWebSocketProtocol` is no transport",
        ] {
            assert_eq!(without_keys(text), text);
        }
    }
}
