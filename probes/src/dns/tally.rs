//! What the questions to one name server showed of the line.

use std::sync::{Mutex, PoisonError};

use edgeprobe_facts::dns::RecordOutcome;
use edgeprobe_facts::{Failure, Tries};

use super::question::Answer;

/// Counts for both families' questions. It outlives a question that is given up.
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<(Tries, Option<RecordOutcome>)>);

impl Tally {
    /// The try of this number was answered, counted from zero; those before it were lost.
    pub(super) fn answered(&self, number: usize) {
        let lost = u32::try_from(number).unwrap_or(u32::MAX);
        self.add(Tries { begun: lost + 1, sent: lost + 1, lost, unanswered: 0 });
    }

    /// So many tries were not answered.
    pub(super) fn in_vain(&self, tries: usize) {
        let tries = u32::try_from(tries).unwrap_or(u32::MAX);
        self.add(Tries { begun: tries, unanswered: tries, ..Tries::default() });
    }

    /// What became of the same question over TCP, beside silence over UDP.
    pub(super) fn heard_over_tcp(&self, answer: &Result<Answer, Failure>) {
        let outcome = super::server::outcome_of(answer);
        let mut tally = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // An address of one family shows as much as of both.
        if tally.1.is_none() || outcome == RecordOutcome::Answered {
            tally.1 = Some(outcome);
        }
    }

    pub(super) fn tries(&self) -> Tries {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    pub(super) fn over_tcp(&self) -> Option<RecordOutcome> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1
    }

    fn add(&self, tries: Tries) {
        let mut tally = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tally.0 = tally.0.and(tries);
    }
}
