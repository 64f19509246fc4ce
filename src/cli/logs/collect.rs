//! From pieces as they are read to what each log shows.

use std::ops::ControlFlow;

use edgeprobe_facts::mask::mask;

use crate::language::{Language, Word};
use crate::logs::{Moment, Origin, Scanned, Scanner, Signatures};
use crate::sources::Piece;

/// The logs of one input.
pub(super) struct Collected<'s> {
    signatures: &'s Signatures,
    since: Option<Moment>,
    now: Moment,
    language: Language,
    current: Option<Scanner<'s>>,
    notes: Vec<String>,
    done: Vec<Scanned>,
}

impl<'s> Collected<'s> {
    pub(super) fn new(
        signatures: &'s Signatures,
        since: Option<Moment>,
        now: Moment,
        language: Language,
    ) -> Self {
        Self {
            signatures,
            since,
            now,
            language,
            current: None,
            notes: Vec::new(),
            done: Vec::new(),
        }
    }

    pub(super) fn take(&mut self, piece: Piece<'_>) -> ControlFlow<()> {
        match piece {
            Piece::Begins(log) => {
                self.finish();
                let origin = Origin {
                    name: mask(&log.name.said(self.language)).into_owned(),
                    container: log.container.map(|name| mask(&name).into_owned()),
                    since: self.since,
                    complete_until: log.live.then_some(self.now),
                    now: Some(self.now),
                    language: self.language,
                };
                self.current = Some(Scanner::new(self.signatures, origin));
            }
            Piece::Bytes(bytes) => {
                if let Some(scanner) = &mut self.current {
                    scanner.feed(bytes);
                }
            }
            Piece::Note(note) => {
                let note = Word::from(note).said(self.language);
                self.notes.push(mask(&note).into_owned());
            }
        }
        ControlFlow::Continue(())
    }

    /// Lines so far that show anything.
    pub(super) fn hits(&self) -> u64 {
        self.current.as_ref().map_or(0, Scanner::hits)
    }

    /// What the logs show so far.
    pub(super) fn so_far(&self) -> Vec<Scanned> {
        let current = self.current.as_ref().map(|scanner| {
            let mut scanned = scanner.scanned();
            scanned.source.notes.extend(self.notes.iter().cloned());
            scanned
        });
        self.done.iter().cloned().chain(current).collect()
    }

    /// What the logs show, when there is no more.
    pub(super) fn end(mut self) -> Vec<Scanned> {
        self.finish();
        self.done
    }

    fn finish(&mut self) {
        if let Some(mut scanner) = self.current.take() {
            scanner.finish();
            let mut scanned = scanner.scanned();
            scanned.source.notes.append(&mut self.notes);
            self.done.push(scanned);
        }
    }
}
