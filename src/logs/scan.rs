//! One log, from its bytes to its findings.

use super::chain::{Line, is_cause};
use super::clock::Clock;
use super::finding::{Scanned, Source};
use super::fold::Fold;
use super::hit::{Hit, words};
use super::line::{Message, block_without_colour, unwrap};
use super::lines::Lines;
use super::set::{Match, Signatures};
use super::stamp::{Stamp, parse_line};
use super::time::{Moment, rfc3339};
use super::words::say;
use super::writer::{self, Place};
use crate::language::{Language, Text};

/// Lines before a match that are searched for a time, when its own has none: a stack trace, or a
/// record of the journal's export form.
const LOOK_BACK: usize = 60;

/// Lines at the log's begin that are searched for its first time, and for one that tells how far its
/// prefixes are from UTC.
const LOOK_AHEAD: u64 = 1_000;

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
    /// The language of its findings.
    pub language: Language,
}

/// Reads one log, in pieces of any size and in constant memory.
#[derive(Debug)]
pub struct Scanner<'s> {
    origin: Origin,
    lines: Lines,
    state: Progress<'s>,
}

/// What was seen so far.
#[derive(Debug)]
struct Progress<'s> {
    signatures: &'s Signatures,
    clock: Clock,
    since: Option<Moment>,
    /// Where the log's writer runs, by the log's name.
    place: Option<Place>,
    /// The last line whose form tells its writer.
    writer: Option<(u64, Place)>,
    fold: Fold<'s>,
    lines: u64,
    bytes: u64,
    first: Stamp,
    last: Stamp,
}

impl<'s> Scanner<'s> {
    pub fn new(signatures: &'s Signatures, origin: Origin) -> Self {
        let state = Progress {
            signatures,
            clock: Clock::new(origin.now),
            since: origin.since,
            place: writer::place_from_source(&origin.name, origin.container.as_deref()),
            writer: None,
            fold: Fold::new(signatures),
            lines: 0,
            bytes: 0,
            first: Stamp::default(),
            last: Stamp::default(),
        };
        Self { origin, lines: Lines::default(), state }
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
        let Progress { fold, clock, lines, bytes, first, last, .. } = &self.state;
        let mut fold = fold.clone();
        fold.end_chain();
        let cut = Some(self.lines.cut()).filter(|cut| *cut > 0);
        let cut = cut.map(|cut| Text::new("note.cut").with("count", cut));
        let notes = cut.into_iter().chain(fold.left_out());
        let notes = notes.map(|note| say(&note, self.origin.language)).collect();
        let complete = self
            .origin
            .complete_until
            .filter(|complete| clock.moment(*last).is_none_or(|last| *complete > last));
        let end = complete.map_or(*last, Stamp::utc);
        let (findings, connected) = fold.findings(&self.origin, end, clock);
        Scanned {
            source: Source {
                name: self.origin.name.clone(),
                container: self.origin.container.clone(),
                lines: *lines,
                bytes: *bytes,
                first_at: clock.moment(*first).map(rfc3339),
                last_at: clock.moment(*last).map(rfc3339),
                notes,
            },
            findings,
            connected,
            successes: fold.successes(clock),
        }
    }
}

impl Progress<'_> {
    /// Takes whole lines.
    fn take(&mut self, block: &[u8]) {
        // A colour may stand in the middle of what is looked for.
        let block = &*block_without_colour(block);
        self.look_at_the_begin(block);
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
        self.last = time_before(block, end).or(self.last);
    }

    /// Looks in the log's first lines for its first time, and for a line that has both clocks.
    fn look_at_the_begin(&mut self, block: &[u8]) {
        let is_known = !self.first.is_none() && self.clock.has_learned();
        if self.lines >= LOOK_AHEAD || is_known {
            return;
        }
        let left = usize::try_from(LOOK_AHEAD - self.lines).unwrap_or_default();
        for line in block.split(|byte| *byte == b'\n').take(left) {
            let at = time_of(line);
            self.first = self.first.or(at);
            self.clock.learn(at);
            if self.clock.has_learned() {
                break;
            }
        }
    }

    /// Takes a line that may hold a signature's text; `self.lines` are before it.
    fn examine(&mut self, block: &[u8], begin: usize, end: usize) {
        let line = block.get(begin..end).unwrap_or_default();
        let message = unwrap(line);
        let matches = self.signatures.matches(&message.text);
        let number = self.lines + 1;
        let goes_on = self.fold.chain().goes_on(number, message.at, &message.text);
        if matches.is_empty() && !(goes_on && is_cause(&message.text)) {
            return;
        }
        self.clock.learn(message.at);
        let at = message.at.or(time_before(block, begin)).or(self.last);
        if !at.is_none() {
            self.last = at;
        }
        let before = self.since.zip(self.clock.moment(at)).is_some_and(|(since, at)| at < since);
        if before {
            return;
        }
        let place = self.place_of(&message, number, goes_on);
        let hits = matches.into_iter().map(|found| hit(found, number, at, place, &message.text));
        let line = Line { number, at, place, text: &message.text };
        self.fold.take(&line, hits.collect());
    }

    /// Where the writer of a line runs: by its form, by the failure that it belongs to, by its words,
    /// by the line before it, by the log's name.
    fn place_of(&mut self, message: &Message<'_>, number: u64, goes_on: bool) -> Option<Place> {
        let is_in_container = self.place == Some(Place::Container);
        let by_form = writer::by_form(&message.text);
        if let Some(place) = by_form {
            self.writer = Some((number, place));
        }
        let of_chain = || self.fold.chain().place().filter(|_| goes_on);
        let before = || {
            let (line, place) = self.writer?;
            (number - line <= LOOK_BACK as u64).then_some(place)
        };
        by_form
            .or_else(of_chain)
            .or_else(|| writer::by_words(&message.text, is_in_container))
            .or_else(before)
            .or(self.place)
    }
}

fn hit(found: Match<'_>, line: u64, at: Stamp, place: Option<Place>, text: &[u8]) -> Hit {
    let mut words = words(found.words.into_iter());
    if let Some(module) = module_of(text) {
        words.entry("module").or_insert(module);
    }
    let text = text.get(..super::lines::LONGEST).unwrap_or(text).to_vec();
    Hit { signature: found.signature, words, line, at, text, place, peer: None }
}

/// The module whose network the engine speaks of: `… on endpoint NAME (…)`.
fn module_of(text: &[u8]) -> Option<String> {
    let at = memchr::memmem::find(text, b" on endpoint ")?;
    let rest = text.get(at + b" on endpoint ".len()..)?;
    let length = rest.iter().position(|byte| matches!(byte, b' ' | b':' | b'('))?;
    let name = String::from_utf8_lossy(rest.get(..length)?);
    (!name.is_empty()).then(|| edgeprobe_facts::clean::line(&name, 80))
}

/// The time of the nearest line that has one, from the line that ends at `end` backwards.
fn time_before(block: &[u8], mut end: usize) -> Stamp {
    for _ in 0..LOOK_BACK {
        let Some(begin) = end.checked_sub(1).map(|last| line_begin(block, last)) else { break };
        let at = time_of(block.get(begin..end).unwrap_or_default());
        if !at.is_none() {
            return at;
        }
        let Some(before) = begin.checked_sub(1) else { break };
        end = before;
    }
    Stamp::default()
}

fn time_of(line: &[u8]) -> Stamp {
    if matches!(line, [b'{' | 0x1b | 0..=2, ..]) {
        return unwrap(line).at;
    }
    parse_line(line)
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
