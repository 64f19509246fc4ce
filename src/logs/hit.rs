//! A line that matches a signature, with the words that it says.

use std::collections::BTreeMap;

use edgeprobe_facts::clean;
use edgeprobe_facts::mask::mask;

use super::stamp::Stamp;
use super::writer::Place;

/// Characters that are kept of a line and of a captured word.
const TEXT: usize = 400;
const WORD: usize = 160;

/// The words that tell two findings of one signature apart.
pub(super) type Words = BTreeMap<&'static str, String>;

/// A line that matches a signature.
#[derive(Clone, Debug)]
pub(super) struct Hit {
    pub(super) signature: usize,
    pub(super) words: Words,
    pub(super) line: u64,
    pub(super) at: Stamp,
    pub(super) text: Vec<u8>,
    /// Where its writer runs.
    pub(super) place: Option<Place>,
    /// The signature of the line around it that names the peer.
    pub(super) peer: Option<usize>,
}

impl Hit {
    pub(super) fn word(&self, name: &str) -> String {
        self.words.get(name).cloned().unwrap_or_default()
    }
}

/// Captured words without secrets and control characters.
pub(super) fn words<'w>(captured: impl Iterator<Item = (&'static str, &'w [u8])>) -> Words {
    captured
        .map(|(name, word)| {
            let word = clean::line(&mask(&String::from_utf8_lossy(word)), WORD);
            (name, word.trim_end_matches(['.', ':']).to_owned())
        })
        .filter(|(_, word)| !word.is_empty())
        .collect()
}

/// A line as it may be shown.
pub(super) fn shown(text: &[u8]) -> String {
    // Masked before it is cut, so that no secret's beginning is left at the cut.
    let bounded = text.get(..super::lines::LONGEST).unwrap_or(text);
    clean::line(&mask(&String::from_utf8_lossy(bounded)), TEXT)
}
