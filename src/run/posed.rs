//! Which questions were put, and which are put again.

use std::time::Duration;

use edgeprobe_facts::{Observation, Token};
use edgeprobe_probes::Timeline;

use crate::plan::Ask;

/// How often a question is put at most.
const MOST: usize = 3;

/// The time that putting a question again needs to make sense: a lost packet is sent again after a
/// second.
const LEAST: Duration = Duration::from_millis(1_750);

/// The questions of a run, each with how often it was put.
#[derive(Debug, Default)]
pub(super) struct Posed(Vec<(Ask, usize)>);

impl Posed {
    /// Whether the question is a new one, which is then known.
    pub(super) fn add(&mut self, ask: &Ask) -> bool {
        let is_new = self.0.iter().all(|(known, _)| known != ask);
        if is_new {
            self.0.push((ask.clone(), 1));
        }
        is_new
    }

    /// Whether the question is to be put again, since this process stood still while it was under way.
    pub(super) fn is_to_be_repeated(
        &mut self,
        ask: &Ask,
        answer: &Observation,
        timeline: Timeline,
    ) -> bool {
        if answer.token() != Some(Token::OwnPause) || timeline.remaining() < LEAST {
            return false;
        }
        match self.0.iter_mut().find(|(known, _)| known == ask) {
            Some((_, times)) if *times < MOST => {
                *times += 1;
                true
            }
            _ => false,
        }
    }
}
