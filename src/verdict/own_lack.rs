//! What a run itself lacked: open files, memory, a permission, work for a certificate.
//!
//! It says nothing of the network. The questions that it prevented count as not tested, and a
//! verdict that would depend on them is inconclusive.

use edgeprobe_facts::{Facts, Observation, Probe, Role};

use super::catalogue::message;
use super::reach::{Agent, Hub};
use super::{Cause, Confidence, Effect, Status};
use edgeprobe_language::{Language, Text};

/// The observations to judge, and those that are not judged. `None` where all are judged.
///
/// An engine that was not asked, and a network that was not joined, are still observations.
pub(super) fn set_aside(
    observations: &[Observation],
) -> Option<(Vec<Observation>, Vec<Observation>)> {
    let is_not_judged = |seen: &Observation| {
        is_lacking(seen) && !matches!(seen.probe(), Probe::Engine | Probe::Vantage)
    };
    if !observations.iter().any(is_not_judged) {
        return None;
    }
    let (not_judged, kept) = observations.iter().cloned().partition(is_not_judged);
    Some((kept, not_judged))
}

/// Whether the question was not asked, or its answer not weighed, for what the run itself lacked.
pub(super) fn is_lacking(observation: &Observation) -> bool {
    observation.token().is_some_and(edgeprobe_facts::Token::is_own)
}

/// Whether it leaves a part of the verdict open.
pub(super) fn is_missed(observation: &Observation) -> bool {
    is_lacking(observation)
        && match &observation.facts {
            Facts::Ports(_) | Facts::Registry(_) | Facts::Engine(_) => true,
            Facts::Dns(facts) => !sheds_light(facts.role),
            facts => facts.endpoint().is_some_and(|facts| !sheds_light(facts.role)),
        }
}

/// Whether a question of this role is a control.
fn sheds_light(role: Role) -> bool {
    matches!(role, Role::Control | Role::Detour | Role::Proxy)
}

/// Whether it leaves open how Edge Agent reaches the hub.
fn is_on_the_way(observation: &Observation) -> bool {
    let role = match &observation.facts {
        Facts::Dns(facts) => Some(facts.role),
        facts => facts.endpoint().map(|facts| facts.role),
    };
    is_lacking(observation) && matches!(role, Some(Role::Hub | Role::Parent | Role::Proxy))
}

/// Whether Edge Agent's way is lost as far as it was tested, and a part of it was not.
fn leaves_the_way_open(agent: &Agent, not_judged: &[Observation]) -> bool {
    matches!(agent, Agent::Unreachable { .. } | Agent::Nameless)
        && not_judged.iter().any(is_on_the_way)
}

/// Takes back what is confirmed of a way that is lost, where a part of it was not tested.
pub(super) fn confirm_nothing(
    (agent, observations): (&Agent, &[Observation]),
    not_judged: &[Observation],
    causes: &mut [Cause],
    language: Language,
) {
    if !leaves_the_way_open(agent, not_judged) {
        return;
    }
    let rests_on_the_way = |cause: &Cause| {
        let mut seen = observations.iter().filter(|seen| cause.evidence.contains(&seen.id));
        seen.any(|seen| seen.facts.endpoint().is_some() || is_of_the_way(seen.probe()))
    };
    let confirmed =
        |cause: &&mut Cause| cause.confidence == Confidence::Confirmed && rests_on_the_way(cause);
    for cause in causes.iter_mut().filter(confirmed) {
        cause.confidence = Confidence::Likely;
        cause.would_confirm = Some(message(&Text::new("own_lack.would_confirm"), language));
    }
}

fn is_of_the_way(probe: Probe) -> bool {
    use Probe::{Dns, EdgeRoute, Route, RouteTables, Trace};
    matches!(probe, Dns | Route | EdgeRoute | RouteTables | Trace)
}

/// Says that it is not known how Edge Agent fares where a part of a way that is lost was not tested.
pub(super) fn leave_the_outlook_open(
    agent: &Agent,
    not_judged: &[Observation],
    outlook: &mut String,
    language: Language,
) {
    if leaves_the_way_open(agent, not_judged) {
        *outlook = message(&Text::new("agent.own_lack"), language);
    }
}

/// The status that is left where some of what it speaks of was not asked. What is confirmed all the
/// same decides.
pub(super) fn bounded(
    status: Status,
    (agent, hub): (&Agent, Hub),
    not_judged: &[Observation],
    causes: &[Cause],
) -> Status {
    let blocks =
        |cause: &Cause| cause.effect == Effect::Blocks && cause.confidence == Confidence::Confirmed;
    match status {
        Status::Healthy if not_judged.iter().any(is_missed) => Status::Inconclusive,
        Status::Blocked
            if hub != Hub::CannotStart
                && leaves_the_way_open(agent, not_judged)
                && !causes.iter().any(blocks) =>
        {
            Status::Inconclusive
        }
        decided => decided,
    }
}
