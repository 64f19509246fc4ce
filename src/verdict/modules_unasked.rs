//! Whether the host alone was asked on a device whose modules have another way to the hub.
//!
//! A verdict is healthy only when that was seen from where modules run. A fault of theirs that the
//! kernel's own answers prove is a cause, and decides without any of this.

use edgeprobe_facts::{Facts, Observation, Outcome, Probe, Token, Vantage};

use super::catalogue::message;
use super::evidence::Evidence;
use super::reach::{self, Agent};
use super::{Status, Target, nested};
use edgeprobe_language::{Language, Text};

/// Whether a report's healthy verdict would rest on the host alone, though the device has an engine
/// or a runtime. `vpn` asks it, so that both commands say the same.
pub fn modules_unasked(target: &Target, observations: &[Observation]) -> bool {
    let unasked = |target: &Target, observations: &[Observation]| {
        let evidence = Evidence::new(target, observations);
        are_unasked(&evidence, &reach::agent(&evidence))
    };
    match nested::as_a_child(target, observations) {
        Some((target, observations)) => unasked(&target, &observations),
        None => unasked(target, observations),
    }
}

/// The status, never healthy where the modules were not asked.
pub(super) fn bounded(status: Status, evidence: &Evidence<'_>, agent: &Agent) -> Status {
    match status {
        Status::Healthy if are_unasked(evidence, agent) => Status::Inconclusive,
        decided => decided,
    }
}

/// The sentence that says so, and how to ask.
pub(super) fn summary(evidence: &Evidence<'_>, agent: &Agent) -> Option<&'static str> {
    are_unasked(evidence, agent).then(|| {
        if lacks_privilege(evidence) {
            "summary.modules_unasked"
        } else {
            "summary.modules_left_out"
        }
    })
}

/// Says that it is not known how Edge Agent fares.
pub(super) fn foretell_nothing(
    status: Status,
    evidence: &Evidence<'_>,
    agent: &Agent,
    outlook: &mut String,
    language: Language,
) {
    if status == Status::Inconclusive && are_unasked(evidence, agent) {
        let text = Text::new("agent.modules_unasked").with("hub", &evidence.target.hub);
        *outlook = message(&text, language);
    }
}

/// Whether the host's way stands for Edge Agent's, and nothing says that the two are the same.
fn are_unasked(evidence: &Evidence<'_>, agent: &Agent) -> bool {
    let reaches = matches!(agent, Agent::FirstChoice(_) | Agent::Fallback { .. });
    let from_the_host = evidence.agent().vantage == Vantage::Host;
    let target = evidence.target;
    let is_enough = target.host_alone || target.embedded || evidence.agent_is_on_the_host();
    reaches && from_the_host && !is_enough && has_engine_or_runtime(evidence)
}

fn has_engine_or_runtime(evidence: &Evidence<'_>) -> bool {
    let host = evidence.host();
    let engine = host.of(Probe::Engine).any(|seen| {
        // An engine that is not installed is skipped without a failure.
        let is_absent = seen.outcome == Outcome::Skipped && seen.failure.is_none();
        !is_absent
    });
    let runtime = evidence.runtime().is_some_and(|runtime| runtime.generation.is_some());
    engine || runtime
}

/// Whether it was this user's rights that kept the run from asking.
fn lacks_privilege(evidence: &Evidence<'_>) -> bool {
    evidence.all().iter().any(|seen| {
        let lacking = matches!(
            seen.token(),
            Some(Token::EnginePermissionDenied | Token::Prohibited | Token::OwnPermission)
        );
        lacking && matches!(seen.facts, Facts::Engine(_) | Facts::Vantage(_))
    })
}
