//! Text from outside, made safe to show: bounded, on one line, without control characters.

use std::borrow::Cow;

/// The text with control and direction-changing characters replaced by spaces, runs of white space
/// folded, and cut to `limit` characters with an ellipsis.
pub fn line(text: &str, limit: usize) -> String {
    let mut out = String::with_capacity(text.len().min(limit.saturating_mul(4)));
    let mut length = 0;
    for word in text.split(|c: char| c.is_whitespace() || is_unsafe(c)).filter(|w| !w.is_empty()) {
        if length > 0 {
            if length >= limit {
                out.push('…');
                return out;
            }
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

/// The text without a terminal's sequences and without characters that a terminal would act on or
/// no reader sees. Line breaks and tabs stay.
pub fn text(text: &str) -> Cow<'_, str> {
    let is_kept = |c: &char| matches!(c, '\n' | '\t') || !is_unsafe(*c);
    if text.chars().all(|c| is_kept(&c)) {
        return Cow::Borrowed(text);
    }
    let lines = text.split_inclusive('\n').map(|line| {
        let plain = without_colour(line.as_bytes());
        String::from_utf8_lossy(&plain).chars().filter(is_kept).collect::<String>()
    });
    Cow::Owned(lines.collect())
}

/// Without a terminal's colours, titles and links, which would stand in the middle of a text.
pub fn without_colour(line: &[u8]) -> Cow<'_, [u8]> {
    if !line.contains(&ESCAPE) {
        return Cow::Borrowed(line);
    }
    let mut plain = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.iter().position(|byte| *byte == ESCAPE) {
        let (before, sequence) = rest.split_at(at);
        plain.extend_from_slice(before);
        rest = sequence.get(escape(sequence)..).unwrap_or_default();
    }
    plain.extend_from_slice(rest);
    Cow::Owned(plain)
}

const ESCAPE: u8 = 0x1b;

/// The length of an escape sequence (ECMA-48): one that never ends reaches to the line's end, but for
/// a title's, whose text may be all that the line says.
pub(crate) fn escape(sequence: &[u8]) -> usize {
    let whole = sequence.len();
    let rest = sequence.get(2..).unwrap_or_default();
    match sequence.get(1) {
        Some(b'[') => {
            let end = rest.iter().position(|byte| (0x40..0x7f).contains(byte));
            end.map_or(whole, |end| end + 3)
        }
        Some(b']') => {
            let end = rest.iter().position(|byte| matches!(*byte, 0x07 | ESCAPE));
            match end.and_then(|end| Some((end, rest.get(end)?))) {
                Some((end, 0x07)) => end + 3,
                Some((end, _)) if rest.get(end + 1) == Some(&b'\\') => end + 4,
                _ => 2,
            }
        }
        // A choice of characters, as `ESC ( B`.
        Some(b' '..=b'/') => 3.min(whole),
        _ => 1,
    }
}

/// Whether a terminal would act on the character instead of showing it.
pub fn is_unsafe(c: char) -> bool {
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
    fn colours_titles_and_links_go() {
        for (line, plain) in [
            ("\x1b[31mport\x1b[0m is\x1b[", "port is"),
            ("\x1b]0;a title\x07port", "port"),
            ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
            ("\x1b]port", "port"),
            ("\x1b(Bport\x1b=\x1b", "port="),
            ("port", "port"),
        ] {
            assert_eq!(without_colour(line.as_bytes()), plain.as_bytes(), "{line:?}");
        }
    }

    #[test]
    fn a_text_of_many_lines_keeps_them_and_nothing_that_a_terminal_acts_on() {
        let given = "\u{1b}[31mport\u{1b}[0m\tis\r\n\u{9b}free\u{202e}\u{200b}\u{7}\n\u{1b}[";
        assert_eq!(text(given), "port\tis\nfree\n");
        assert!(matches!(text("plain\n\tété"), Cow::Borrowed(_)));
    }

    #[test]
    fn foreign_bytes_never_fail() {
        assert_eq!(bytes(b"\xff\xfeok\0", 10), "\u{fffd}\u{fffd}ok");
    }
}
