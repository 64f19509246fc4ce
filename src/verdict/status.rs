//! The verdict in a word, and how sure it is.

use super::evidence::Evidence;
use super::logged::Supported;
use super::needs::Needs;
use super::reach::{self, Agent, Hub};
use super::{Cause, Confidence, Effect, NotTested, Status};

/// What works and what does not, and never better than a proved cause allows.
pub(super) fn status(
    evidence: &Evidence<'_>,
    needs: &Needs<'_>,
    (agent, hub): (&Agent, Hub),
    causes: &[Supported<'_>],
) -> Status {
    let by_reach = match reach::status(evidence, needs, agent, hub) {
        Status::Healthy if lacks_a_hub(evidence) => Status::Inconclusive,
        reached => reached,
    };
    let by_causes = causes
        .iter()
        .filter_map(|cause| match cause.proof.effect {
            Effect::Blocks => Some(Status::Blocked),
            Effect::Degrades => Some(Status::Degraded),
            Effect::Warns => None,
        })
        .max();
    match by_causes {
        Some(worse) if by_reach == Status::Inconclusive || worse > by_reach => worse,
        _ => by_reach,
    }
}

/// Whether the device was asked what it is set up to do and knows no hub. A run that was to look at
/// its ports alone needs none.
pub(super) fn lacks_a_hub(evidence: &Evidence<'_>) -> bool {
    evidence.target.hub.is_empty() && evidence.runtime().is_some()
}

/// Confirmed when every cause is, nothing is left unexplained, and, where the verdict is good, all
/// that it speaks of was tested.
pub(super) fn confidence(
    status: Status,
    causes: &[Cause],
    unexplained: &[String],
    not_tested: &[NotTested],
) -> Confidence {
    let open = match status {
        Status::Healthy | Status::Degraded => !not_tested.is_empty(),
        Status::Blocked => causes.iter().all(|cause| cause.effect == Effect::Warns),
        Status::Inconclusive => true,
    };
    let unsure = causes.iter().any(|cause| cause.confidence == Confidence::Likely);
    if open || unsure || !unexplained.is_empty() {
        Confidence::Likely
    } else {
        Confidence::Confirmed
    }
}
