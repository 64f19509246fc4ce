//! Which runs of letters and digits are keys by their form alone, and which after a word for a
//! secret.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::name::{Tells, tells, tells_after, words};
use super::words::{DIGESTS, PUBLIC};

/// What a run looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shape {
    /// A word, a name, a path or a number.
    Plain,
    /// A key, an id or a digest: what stands before it decides.
    Random,
    /// A key and hardly anything else: base64 with its padding, or 240 random bits in both cases.
    Key,
}

/// Bytes that a run has at least.
const SHORTEST: usize = 16;

/// What a key of 32 bytes needs in base64 without its padding is 43; some services have 40.
const KEY: usize = 40;

/// Base64 with padding: some services' passwords have 22 bytes, in 32 characters.
const PADDED: usize = 30;

/// How far before a run the word may stand that tells what it is, in bytes and in words.
const BEFORE: usize = 80;
const WORDS: usize = 8;

static RUN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"[A-Za-z0-9+/_-]{16,}={0,2}").ok());

/// Bytes in hexadecimals with signs between, as `openssl` prints a private key.
static PAIRS_OF_DIGITS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\b[0-9A-Fa-f]{2}(?:[: -][0-9A-Fa-f]{2}){15,}\b").ok());

/// Public things in PEM, which are as random as a key.
static PUBLIC_PEM: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?s)-{4,5} ?BEGIN (?:[A-Z0-9]+ )?(?:CERTIFICATE(?: REQUEST)?|PUBLIC KEY|X509 CRL) ?-{4,5}",
        r".*?(?:-{4,5} ?END|$)"
    ))
    .ok()
});

/// The runs of a text that are keys. `beside` says that a word for a secret stood right before it.
pub(super) fn keys(text: &str, beside: bool, add: &mut impl FnMut(Range<usize>)) {
    let Some(run) = RUN.as_ref() else { return };
    for found in PAIRS_OF_DIGITS.iter().flat_map(|pairs| pairs.find_iter(text)) {
        if is_secret(Shape::Random, text.get(..found.start()).unwrap_or_default(), beside) {
            add(found.range());
        }
    }
    let mut public: Option<Vec<Range<usize>>> = None;
    for found in run.find_iter(text) {
        for piece in pieces(text, found.range()) {
            let run = text.get(piece.clone()).unwrap_or_default();
            let shape = shape(run);
            if shape == Shape::Plain {
                continue;
            }
            let blocks = public.get_or_insert_with(|| {
                PUBLIC_PEM.iter().flat_map(|pem| pem.find_iter(text)).map(|it| it.range()).collect()
            });
            let is_public = blocks.iter().any(|block| block.contains(&piece.start));
            if !is_public && is_secret(shape, text.get(..piece.start).unwrap_or_default(), beside) {
                add(piece);
            }
        }
    }
}

/// A run as it is judged: paths piece by piece, and without what is no padding.
fn pieces(text: &str, run: Range<usize>) -> Vec<Range<usize>> {
    let own = text.get(run.clone()).unwrap_or_default();
    let body = own.trim_end_matches('=');
    let after = text.get(run.end..).and_then(|rest| rest.chars().next());
    // `NAME=value`: a name, and no padding.
    let is_a_name = body.len() < own.len() && after.is_some_and(char::is_alphanumeric);
    let end = if is_a_name { run.start + body.len() } else { run.end };
    let start = (run.start + escape_in(text, &run)).min(end);
    let run = start..end;
    let own = text.get(run.clone()).unwrap_or_default();
    let is_a_path = own.contains('/') && !own.contains('+') && shape(own) != Shape::Key;
    if !is_a_path {
        return vec![run];
    }
    let mut pieces = Vec::new();
    let mut from = run.start;
    for piece in own.split('/') {
        if piece.len() >= SHORTEST {
            pieces.push(from..from + piece.len());
        }
        from += piece.len() + 1;
    }
    pieces
}

/// How much of a run belongs to an encoded character that begins before it: `\u003d`, `%253D`.
fn escape_in(text: &str, run: &Range<usize>) -> usize {
    let own = text.get(run.clone()).unwrap_or_default();
    match text.get(..run.start).and_then(|before| before.chars().next_back()) {
        Some('\\') if own.starts_with('u') => 5,
        Some('\\') if own.starts_with('x') => 3,
        Some('\\') if own.starts_with(['n', 'r', 't', '/']) => 1,
        Some('[' | ';') => colour_in(own, text.get(..run.start).unwrap_or_default()),
        Some('%') => own.len() - own.trim_start_matches("25").len() + 2,
        _ => 0,
    }
}

/// How much of a run is the end of a colour, `ESC [ 1 ; 31 m`.
fn colour_in(own: &str, before: &str) -> usize {
    let numbers = |c: char| c.is_ascii_digit() || c == ';';
    let is_one = before.trim_end_matches(numbers).ends_with("\u{1b}[");
    let rest = own.trim_start_matches(numbers);
    if is_one && rest.starts_with('m') { own.len() - rest.len() + 1 } else { 0 }
}

/// Whether a run of this shape is a secret behind this text.
fn is_secret(shape: Shape, before: &str, beside: bool) -> bool {
    let from = before.floor_char_boundary(before.len().saturating_sub(BEFORE));
    let near = before.get(from..).unwrap_or_default();
    let near = near.rsplit('\n').next().unwrap_or_default();
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let mut rest = near;
    for nth in 0..WORDS {
        rest = rest.trim_end_matches(|c: char| !is_part(c));
        let start = rest.rfind(|c: char| !is_part(c)).map_or(0, |at| {
            at + rest.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
        });
        let (earlier, word) = rest.split_at(start);
        if word.is_empty() {
            break;
        }
        let last = words(word).into_iter().rfind(|word| !word.bytes().all(|b| b.is_ascii_digit()));
        let last = last.unwrap_or_default();
        if nth == 0 && DIGESTS.has(&last) {
            return false;
        }
        // A key is a secret at every place.
        if shape == Shape::Key && nth > 0 {
            return true;
        }
        match tells_after(earlier, word) {
            // Of a public key, as `wg show` has it.
            Tells::Nothing if tells(word) != Tells::Nothing => return false,
            Tells::Nothing
                if shape == Shape::Random && (PUBLIC.has(&last) || DIGESTS.has(&last)) =>
            {
                return false;
            }
            Tells::Nothing => {}
            Tells::Perhaps | Tells::Secret => return true,
        }
        rest = earlier;
    }
    shape == Shape::Key || beside
}

/// What a run looks like by itself.
pub(super) fn shape(run: &str) -> Shape {
    let body = run.trim_end_matches('=');
    let padded = body.len() < run.len();
    if body.len() < SHORTEST || is_uuid(body) || is_digest(body) {
        return Shape::Plain;
    }
    let Signs { small, capital, digits, plus, changes, length } = Signs::from_text(body);
    // Two neighbours of random base64 are of different kinds two times out of three, of random
    // hexadecimals every second time. An identifier has a change or two in each of its words.
    let is_mixed = small >= 2 && capital >= 2;
    let is_random = changes * 20 >= length * if is_mixed { 9 } else { 6 };
    let is_mixed = is_mixed && digits >= 1;
    let plain_base64 = !body.contains(['_', '-']);
    if padded && run.len() >= PADDED && (plain_base64 || is_random)
        || body.len() >= KEY && is_random && is_mixed
    {
        return Shape::Key;
    }
    let is_written = digits >= 2 || plus > 0 || padded || is_mixed;
    let is_short = body.len() < 20 && !(is_mixed || plus > 0 || digits >= 4);
    if is_written && is_random && !is_short { Shape::Random } else { Shape::Plain }
}

/// What a run consists of.
struct Signs {
    small: usize,
    capital: usize,
    digits: usize,
    plus: usize,
    /// How often a letter or digit is followed by one of another kind.
    changes: usize,
    /// Letters and digits.
    length: usize,
}

impl Signs {
    fn from_text(run: &str) -> Self {
        let mut signs = Self { small: 0, capital: 0, digits: 0, plus: 0, changes: 0, length: 0 };
        let mut last = None;
        for byte in run.bytes() {
            let kind = match byte {
                b'a'..=b'z' => {
                    signs.small += 1;
                    0
                }
                b'A'..=b'Z' => {
                    signs.capital += 1;
                    1
                }
                b'0'..=b'9' => {
                    signs.digits += 1;
                    2
                }
                _ => {
                    signs.plus += usize::from(byte == b'+');
                    continue;
                }
            };
            signs.length += 1;
            signs.changes += usize::from(last.is_some_and(|last| last != kind));
            last = Some(kind);
        }
        signs
    }
}

/// 8-4-4-4-12 hexadecimal digits, which are ids.
fn is_uuid(run: &str) -> bool {
    let lengths: Vec<usize> = run.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && run.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

/// `sha256-…`, as integrities are written.
fn is_digest(run: &str) -> bool {
    ["sha1-", "sha256-", "sha384-", "sha512-", "md5-"].iter().any(|begin| run.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_look_like_keys() {
        for run in [
            "UExBTlRFRFBMQU5URURQTEFOVEVEUExBTlRFRDA5MzI=",
            "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=",
            "PLANTED+key/PLANTED+key/PLANTED+key/PLANTED=",
            "kX9-2bQv_7RmTz4cWn8YpL1sJ6hGd3fKaE5uVxBtC0o",
            "kX9+2bQv/7RmTz4cWn8YpL1sJ6hGd3fKaE5uVxBtC0o",
        ] {
            assert_eq!(shape(run), Shape::Key, "{run}");
        }
        for run in [
            "3f9a1c7be204d8865b1fa07c93de42e13f9a1c7be204d8865b1fa07c93de42e1",
            "0x3f9a1c7be204d8865b1fa07c93de42e1",
            "a1B2c3D4e5F6g7H8",
        ] {
            assert_eq!(shape(run), Shape::Random, "{run}");
        }
        for run in [
            "AutomaticDeviceConfigurationEnabled",
            "azureiotedge-diagnostics",
            "x86_64-unknown-linux-gnu",
            "20261124T221530Z",
            "/usr/lib/systemd/system",
            "8f14e45f-ceea-467a-9575-1d5f4a6c1b2e",
            "AmqpTransportHandlerOpenAsyncInternal2Async",
            "br-6a82e5e994ba",
            "----------------------",
            "1700000000000000000000000000000000000000",
            "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        ] {
            assert_eq!(shape(run), Shape::Plain, "{run}");
        }
    }
}
