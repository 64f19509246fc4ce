//! How often a question was sent, and how many packets were lost on the way.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What one observation shows of the line: which packets were answered, and which were not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tries {
    /// How often the question was begun: a look-up that was sent, a conversation that was opened.
    pub begun: u32,
    /// The packets that were sent to a peer which answers, as far as they had to be answered.
    pub sent: u32,
    /// Those of them that were lost, they or their answers: sent again, or not answered although a
    /// later one was.
    pub lost: u32,
    /// The packets that were sent in vain at the step that failed in silence.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unanswered: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands in a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Tries {
    /// The sum of two counts.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            begun: self.begun.saturating_add(other.begun),
            sent: self.sent.saturating_add(other.sent),
            lost: self.lost.saturating_add(other.lost),
            unanswered: self.unanswered.saturating_add(other.unanswered),
        }
    }
}
