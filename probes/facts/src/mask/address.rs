//! What one signs in with before a host: `user:password@` of a URL, with a scheme and without.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// A password may hold what should have been escaped, so that it ends at the last `@`.
const SIGNED: [&str; 2] = [
    r#"[A-Za-z][A-Za-z0-9+.-]*:/{1,2}(?<signed>[^\s"'`<>]*@)"#,
    r#"(?:^|[^\w.%+-])(?<signed>[\w.%+-]+:[^\s"'`/@<>][^\s"'`<>]*@)"#,
];

static ADDRESSES: LazyLock<Vec<Regex>> =
    LazyLock::new(|| SIGNED.iter().filter_map(|pattern| Regex::new(pattern).ok()).collect());

/// The parts of addresses that one signs in with.
pub(super) fn addresses(text: &str, add: &mut impl FnMut(Range<usize>)) {
    for pattern in ADDRESSES.iter() {
        for found in pattern.captures_iter(text) {
            let Some(signed) = found.name("signed") else { continue };
            let after = text.get(signed.end()..).unwrap_or_default();
            if !is_digest(after) {
                add(signed.range());
                continue;
            }
            // What follows an image's last `@` is a digest, and no host.
            let image = signed.as_str().trim_end_matches('@');
            if let Some(at) = image.rfind('@') {
                add(signed.start()..signed.start() + at + 1);
            }
        }
    }
}

/// Whether this begins as the digest of an image does.
pub(super) fn is_digest(text: &str) -> bool {
    ["sha256:", "sha384:", "sha512:"].iter().any(|begin| text.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patterns_compile() {
        assert_eq!(ADDRESSES.len(), SIGNED.len());
    }
}
