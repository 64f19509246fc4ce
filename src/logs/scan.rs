//! One log, from its bytes to its findings.

use super::finding::{Scanned, Source};
use super::fold::{Fold, Hit};
use super::line::{block_without_colour, unwrap};
use super::lines::Lines;
use super::set::Signatures;
use super::time::{Moment, Reference, of_line, rfc3339};
use super::words::say;
use crate::language::{Language, Text};

/// Lines before a match that are searched for a time, when its own has none: a stack trace, or a
/// record of the journal's export form.
const LOOK_BACK: usize = 60;

/// Lines at the log's begin that are searched for its first time.
const LOOK_AHEAD: usize = 100;

/// What is known of a log before it is read.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// A file's name, `container NAME`, `journal of UNIT`.
    pub name: String,
    pub container: Option<String>,
    /// Lines before this moment do not count.
    pub since: Option<Moment>,
    /// For a log that is written now: the present, up to which it is complete.
    pub complete_until: Option<Moment>,
    /// The present, for times without a year.
    pub now: Option<Moment>,
    /// The language in which its findings are told.
    pub language: Language,
}

/// Reads one log, in pieces of any size and in constant memory.
#[derive(Debug)]
pub struct Scanner<'s> {
    signatures: &'s Signatures,
    origin: Origin,
    lines: Lines,
    state: Progress<'s>,
}

/// What was seen so far.
#[derive(Debug)]
struct Progress<'s> {
    signatures: &'s Signatures,
    reference: Reference,
    since: Option<Moment>,
    fold: Fold<'s>,
    lines: u64,
    bytes: u64,
    first: Option<Moment>,
    last: Option<Moment>,
}

impl<'s> Scanner<'s> {
    pub fn new(signatures: &'s Signatures, origin: Origin) -> Self {
        let state = Progress {
            signatures,
            reference: Reference { now: origin.now },
            since: origin.since,
            fold: Fold::new(signatures),
            lines: 0,
            bytes: 0,
            first: None,
            last: None,
        };
        Self { signatures, origin, lines: Lines::default(), state }
    }

    /// Takes the next bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.state.bytes += bytes.len() as u64;
        self.lines.feed(bytes, |block| self.state.take(block));
    }

    /// Takes the last line, if no line break ends it.
    pub fn finish(&mut self) {
        self.lines.finish(|block| self.state.take(block));
    }

    /// How many lines have shown anything so far; it grows when there is news.
    pub fn hits(&self) -> u64 {
        self.state.fold.hits()
    }

    /// What the log shows up to here.
    pub fn scanned(&self) -> Scanned {
        let Progress { fold, lines, bytes, first, last, .. } = &self.state;
        let cut = Some(self.lines.cut()).filter(|cut| *cut > 0);
        let cut = cut.map(|cut| Text::new("note.cut").with("count", cut));
        let notes = cut.into_iter().chain(fold.left_out());
        let notes = notes.map(|note| say(&note, self.origin.language)).collect();
        let end = (*last).max(self.origin.complete_until);
        let (findings, connected) = fold.findings(&self.origin, end, self.signatures);
        Scanned {
            source: Source {
                name: self.origin.name.clone(),
                container: self.origin.container.clone(),
                lines: *lines,
                bytes: *bytes,
                first_at: first.map(rfc3339),
                last_at: last.map(rfc3339),
                notes,
            },
            findings,
            connected,
            successes: fold.successes().clone(),
        }
    }
}

impl Progress<'_> {
    /// Takes whole lines.
    fn take(&mut self, block: &[u8]) {
        // A colour may stand in the middle of what is looked for.
        let block = &*block_without_colour(block);
        if self.first.is_none() && self.lines < LOOK_AHEAD as u64 {
            let mut heads = block.split(|byte| *byte == b'\n').take(LOOK_AHEAD);
            self.first = heads.find_map(|line| self.time_of(line));
        }
        // Up to here the lines are counted.
        let mut counted = 0;
        let mut from = 0;
        while let Some(at) = self.signatures.next(block, from) {
            let begin = line_begin(block, at);
            let end = line_end(block, at);
            self.lines += breaks(block.get(counted..begin).unwrap_or_default());
            counted = begin;
            self.examine(block, begin, end);
            from = end;
        }
        self.lines += breaks(block.get(counted..).unwrap_or_default());
        let end = block.len().saturating_sub(1);
        self.last = self.time_before(block, end).or(self.last);
    }

    /// Takes a line that may hold a signature's text; `self.lines` are before it.
    fn examine(&mut self, block: &[u8], begin: usize, end: usize) {
        let line = block.get(begin..end).unwrap_or_default();
        let message = unwrap(line, self.reference);
        let matches = self.signatures.matches(&message.text);
        if matches.is_empty() {
            return;
        }
        let at = message.at.or_else(|| self.time_before(block, begin)).or(self.last);
        if at.is_some() {
            self.last = at;
        }
        if at.zip(self.since).is_some_and(|(at, since)| at < since) {
            return;
        }
        for found in matches {
            self.fold.take(&Hit { found, line: self.lines + 1, at, text: &message.text });
        }
    }

    /// The time of the nearest line that has one, from the line that ends at `end` backwards.
    fn time_before(&self, block: &[u8], mut end: usize) -> Option<Moment> {
        for _ in 0..LOOK_BACK {
            let begin = line_begin(block, end.checked_sub(1)?);
            if let Some(at) = self.time_of(block.get(begin..end)?) {
                return Some(at);
            }
            end = begin.checked_sub(1)?;
        }
        None
    }

    fn time_of(&self, line: &[u8]) -> Option<Moment> {
        if matches!(line, [b'{' | 0x1b | 0..=2, ..]) {
            return unwrap(line, self.reference).at;
        }
        of_line(line, self.reference)
    }
}

fn line_begin(block: &[u8], at: usize) -> usize {
    let before = block.get(..at).unwrap_or_default();
    memchr::memrchr(b'\n', before).map_or(0, |before| before + 1)
}

fn line_end(block: &[u8], at: usize) -> usize {
    let after = block.get(at..).unwrap_or_default();
    memchr::memchr(b'\n', after).map_or(block.len(), |after| at + after)
}

fn breaks(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}
