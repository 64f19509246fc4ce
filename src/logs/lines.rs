//! From bytes as they come to blocks of whole lines, in constant memory.

/// A longer line is cut: a line of a log has some hundred bytes, a stack trace in JSON some ten
/// thousand.
pub(super) const LONGEST: usize = 64 * 1024;

/// Keeps what follows the last line break until the next bytes come.
#[derive(Debug, Default)]
pub(super) struct Lines {
    rest: Vec<u8>,
    /// The line under way is longer than it may be; its rest is skipped.
    skipping: bool,
    cut: u64,
}

impl Lines {
    /// Hands whole lines on: a block that ends with a line break, or a single line that was kept.
    pub(super) fn feed(&mut self, mut bytes: &[u8], mut take: impl FnMut(&[u8])) {
        if (!self.rest.is_empty() || self.skipping)
            && let Some(end) = memchr::memchr(b'\n', bytes)
        {
            let (begin, after) = bytes.split_at(end + 1);
            self.keep(begin);
            if !self.rest.ends_with(b"\n") {
                self.rest.push(b'\n');
            }
            take(&self.rest);
            self.rest.clear();
            self.skipping = false;
            bytes = after;
        }
        if let Some(last) = memchr::memrchr(b'\n', bytes) {
            let (block, after) = bytes.split_at(last + 1);
            take(block);
            bytes = after;
        }
        self.keep(bytes);
    }

    /// Hands on a last line that has no line break.
    pub(super) fn finish(&mut self, mut take: impl FnMut(&[u8])) {
        if !self.rest.is_empty() {
            self.rest.push(b'\n');
            take(&self.rest);
        }
        self.rest.clear();
        self.skipping = false;
    }

    /// How many lines were cut.
    pub(super) fn cut(&self) -> u64 {
        self.cut
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.skipping {
            return;
        }
        let room = LONGEST.saturating_sub(self.rest.len());
        self.rest.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        if bytes.len() > room {
            self.skipping = true;
            self.cut += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fed(pieces: &[&[u8]]) -> (Vec<String>, u64) {
        let mut lines = Lines::default();
        let mut out = Vec::new();
        let mut take = |block: &[u8]| {
            assert!(block.ends_with(b"\n"));
            out.extend(String::from_utf8_lossy(block).lines().map(str::to_owned));
        };
        for piece in pieces {
            lines.feed(piece, &mut take);
        }
        lines.finish(&mut take);
        (out, lines.cut())
    }

    #[test]
    fn lines_are_the_same_however_the_bytes_come() {
        let text = b"one\ntwo\n\nthree";
        let whole = fed(&[text]);
        assert_eq!(whole.0, ["one", "two", "", "three"]);
        for at in 0..text.len() {
            let (before, after) = text.split_at(at);
            assert_eq!(fed(&[before, after]), whole);
        }
        let single: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(fed(&single), whole);
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let piece = vec![b'x'; 10_000];
        let mut pieces: Vec<&[u8]> = vec![&piece; 20];
        pieces.push(b"\nnext\n");
        let (lines, cut) = fed(&pieces);
        assert_eq!((lines.len(), cut), (2, 1));
        assert_eq!((lines[0].len(), lines[1].as_str()), (LONGEST, "next"));
    }
}
