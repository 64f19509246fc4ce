//! Lines that tell one failure: what a program reports, and the causes under it.
//!
//! Rust's daemons write `caused by:` for each, .NET ` --->`, Go a colon in the same line. What leads to
//! the cause is not a finding where the cause follows: the innermost known one decides.

use super::hit::Hit;
use super::set::Signatures;
use super::signature::{Part, Role, Signature};
use super::stamp::{Stamp, bare};
use super::writer::Place;

/// How far a cause may stand behind what it is the cause of: a message of several lines, or another
/// process's lines between.
const NEAR: u64 = 8;

/// How far the frames of a stack trace may stand behind their error.
const FRAMES: u64 = 16;

/// Lines of one failure are written at once; milliseconds.
const AT_ONCE: i64 = 5_000;

/// Lines of one failure that are kept; a loop may write thousands.
const LONGEST: usize = 64;

/// How the line of a cause begins, after its prefix.
const CAUSES: [&str; 3] = ["caused by: ", "---> ", "Caused by: "];

/// The lines of one failure so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Chain {
    hits: Vec<Hit>,
    last_line: u64,
    last_at: Stamp,
    /// The last cause that no signature knows.
    unknown: Option<Unknown>,
    /// Causes that the lines around an error name, by the signatures that say so.
    peers: Vec<usize>,
}

/// A cause that no signature knows.
#[derive(Clone, Debug)]
struct Unknown {
    line: u64,
    at: Stamp,
    place: Option<Place>,
    text: Vec<u8>,
}

/// A line as a chain takes it.
#[derive(Debug)]
pub(super) struct Line<'l> {
    pub(super) number: u64,
    pub(super) at: Stamp,
    pub(super) place: Option<Place>,
    pub(super) text: &'l [u8],
}

impl Chain {
    /// Whether a line goes on with this failure.
    pub(super) fn goes_on(&self, line: u64, at: Stamp, text: &[u8]) -> bool {
        let later = at.since(self.last_at).is_some_and(|passed| passed.abs() > AT_ONCE);
        if self.last_line == 0 || self.hits.len() >= LONGEST || later {
            return false;
        }
        let far = line.saturating_sub(self.last_line);
        ((is_cause(text) || is_indented(text)) && far <= NEAR) || (is_frame(text) && far <= FRAMES)
    }

    /// Whether hits belong to another failure, since this one is already reported.
    pub(super) fn is_told_before(&self, hits: &[Hit], signatures: &Signatures) -> bool {
        let is_whole = |hit: &Hit| {
            signatures.get(hit.signature).is_some_and(|signature| {
                signature.role == Role::Fault && signature.part == Part::Whole
            })
        };
        hits.iter().any(is_whole) && self.hits.iter().any(is_whole)
    }

    /// Whether lines were taken that are not reported yet.
    pub(super) fn is_open(&self) -> bool {
        self.last_line != 0
    }

    /// Where the writer of the failure so far runs.
    pub(super) fn place(&self) -> Option<Place> {
        self.hits.last().and_then(|hit| hit.place)
    }

    /// Takes a line, and what it shows.
    pub(super) fn take(&mut self, line: &Line<'_>, hits: Vec<Hit>, signatures: &Signatures) {
        if !is_frame(line.text) {
            self.last_line = line.number;
            self.last_at = line.at;
        }
        if hits.is_empty() && is_cause(line.text) {
            let text = line.text.get(..super::lines::LONGEST).unwrap_or(line.text).to_vec();
            let Line { number, at, place, .. } = *line;
            self.unknown = Some(Unknown { line: number, at, place, text });
        }
        let of = |hit: &Hit| signatures.get(hit.signature).is_some_and(|own| own.peer.is_some());
        self.peers.extend(hits.iter().filter(|hit| of(hit)).map(|hit| hit.signature));
        self.hits.extend(hits);
    }

    /// What the lines show together.
    pub(super) fn told(self, signatures: &Signatures) -> Vec<Hit> {
        let faults = |hit: &Hit| {
            signatures.get(hit.signature).filter(|signature| signature.role == Role::Fault)
        };
        let part = |hit: &Hit| faults(hit).map(|signature| signature.part);
        let tells = |hit: &&Hit| part(hit).is_some_and(|part| part > Part::Wraps);
        let innermost = self.hits.iter().filter(tells).map(|hit| hit.line).max();
        let outermost = self.hits.iter().map(|hit| hit.line).max().unwrap_or_default();
        let unknown = self.unknown.filter(|unknown| unknown.line > outermost);
        let Some(innermost) = innermost else {
            let (wrapping, rest): (Vec<Hit>, Vec<Hit>) =
                self.hits.into_iter().partition(|hit| part(hit) == Some(Part::Wraps));
            let wrapping = with_cause(wrapping, unknown, signatures);
            return rest.into_iter().chain(wrapping).collect();
        };
        let whole =
            self.hits.iter().any(|hit| hit.line == innermost && part(hit) == Some(Part::Whole));
        let least = if whole { Part::Whole } else { Part::Error };
        let peers = self.peers;
        let is_local = self
            .hits
            .iter()
            .any(|hit| signatures.get(hit.signature).is_some_and(|signature| signature.local));
        // The one that has a sentence tells it.
        let tells = |peer: &&usize| signatures.get(**peer).is_some_and(|own| !own.says.is_empty());
        let peer = peers.iter().find(tells).or(peers.first()).copied();
        let keeps = |hit: &Hit| {
            let Some(signature) = faults(hit) else { return true };
            hit.line == innermost
                && signature.part >= least
                && !(is_local && signature.connection)
                && !(peer.is_none() && signature.needs_peer)
        };
        self.hits
            .into_iter()
            .filter(|hit| keeps(hit))
            .map(|hit| {
                let connects = faults(&hit).is_some_and(|signature| signature.connection);
                let peer = peer.filter(|_| connects && !names_its_peer(&hit.text));
                Hit { peer, ..hit }
            })
            .collect()
    }
}

/// What wraps, where a cause that no signature knows follows: the cause is reported instead, since
/// what wraps it decides nothing.
fn with_cause(wrapping: Vec<Hit>, unknown: Option<Unknown>, signatures: &Signatures) -> Vec<Hit> {
    let Some((unknown, signature)) = unknown.zip(signatures.unknown()) else { return wrapping };
    if wrapping.is_empty() {
        return wrapping;
    }
    let reason = cause_of(&unknown.text).unwrap_or_default();
    let words = super::hit::words([("reason", reason)].into_iter());
    let Unknown { line, at, place, text } = unknown;
    vec![Hit { signature, words, line, at, text, place, peer: None }]
}

/// Whether a line names a cause of what stands before it.
pub(super) fn is_cause(text: &[u8]) -> bool {
    cause_of(text).is_some()
}

fn cause_of(text: &[u8]) -> Option<&[u8]> {
    let text = bare(text);
    let head = text.get(..160).unwrap_or(text);
    CAUSES.iter().find_map(|mark| {
        let at = memchr::memmem::find(head, mark.as_bytes())?;
        // Before it stand a prefix and a level, and no other words.
        let before = head.get(..at)?.trim_ascii_end();
        let alone = before.is_empty() || matches!(before.last(), Some(b'-' | b']' | b':' | b'!'));
        alone.then(|| text.get(at + mark.len()..).unwrap_or_default())
    })
}

/// Whether a line is set in, as causes are that stand under a line `Caused by:`.
fn is_indented(text: &[u8]) -> bool {
    let head = text.get(..160).unwrap_or(text);
    let prefix = memchr::memmem::find(head, b"]: ").map_or(0, |end| end + 3);
    let message = bare(text.get(prefix..).unwrap_or_default());
    message.starts_with(b"  ") || message.starts_with(b"\t")
}

/// Whether an error of a connection says whom it was to reach, as Go's do.
fn names_its_peer(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"dial tcp ").is_some()
}

fn is_frame(text: &[u8]) -> bool {
    bare(text).trim_ascii_start().starts_with(b"at ")
}

/// Whether a signature's lines wait for what follows them.
pub(super) fn waits(signature: &Signature) -> bool {
    matches!(signature.role, Role::Fault | Role::Context)
}
