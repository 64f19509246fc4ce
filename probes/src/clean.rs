//! Text from outside, made safe to show: bounded, on one line, without control characters.

/// The text with control and direction-changing characters replaced by spaces, runs of white space
/// folded, and cut to `limit` characters with an ellipsis.
pub fn line(text: &str, limit: usize) -> String {
    let mut out = String::with_capacity(text.len().min(limit * 4));
    let mut length = 0;
    for word in text.split(|c: char| c.is_whitespace() || is_unsafe(c)).filter(|w| !w.is_empty()) {
        if length > 0 {
            out.push(' ');
            length += 1;
        }
        for c in word.chars() {
            if length >= limit {
                out.push('…');
                return out;
            }
            out.push(c);
            length += 1;
        }
    }
    out
}

/// Bytes as text: what is not UTF-8 becomes U+FFFD, then as `line`.
pub fn bytes(bytes: &[u8], limit: usize) -> String {
    // Four bytes are the longest character, so no more are ever needed.
    let bounded = bytes.get(..limit.saturating_mul(4).max(16)).unwrap_or(bytes);
    line(&String::from_utf8_lossy(bounded), limit)
}

/// Whether a terminal would act on the character instead of showing it.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // Zero-width, bidirectional controls (Trojan Source, CVE-2021-42574), and the like.
            '\u{00ad}' | '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_line_breaks_become_single_spaces() {
        assert_eq!(line("a\x1b[31mred\r\n\tb", 80), "a [31mred b");
        assert_eq!(line("user\u{202e}gpj.exe", 80), "user gpj.exe");
    }

    #[test]
    fn long_text_is_cut_with_an_ellipsis() {
        assert_eq!(line("abcdef", 3), "abc…");
        assert_eq!(line("abc", 3), "abc");
    }

    #[test]
    fn foreign_bytes_never_fail() {
        assert_eq!(bytes(b"\xff\xfeok\0", 10), "\u{fffd}\u{fffd}ok");
    }
}
