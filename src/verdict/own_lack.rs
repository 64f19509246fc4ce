//! What a run itself lacked: open files, memory, a permission, work for a certificate.
//!
//! It says nothing of the network. What was not asked for it counts as not tested, and a verdict that
//! would rest on it is inconclusive.

use edgeprobe_facts::{Facts, Observation, Probe, Role};

use super::catalogue::message;
use super::reach::{Agent, Hub};
use super::{Cause, Confidence, Effect, Status};
use edgeprobe_language::{Language, Text};

/// The observations without what was not asked, and that. `None` where all was asked.
///
/// That the engine was not asked, and that a network was not joined, is an observation of its own.
pub(super) fn set_aside(
    observations: &[Observation],
) -> Option<(Vec<Observation>, Vec<Observation>)> {
    let is_aside = |seen: &Observation| {
        is_lacking(seen) && !matches!(seen.probe(), Probe::Engine | Probe::Vantage)
    };
    if !observations.iter().any(is_aside) {
        return None;
    }
    let (aside, kept) = observations.iter().cloned().partition(is_aside);
    Some((kept, aside))
}

/// Whether the question was not asked, or its answer not weighed, for what the run itself lacked.
pub(super) fn is_lacking(observation: &Observation) -> bool {
    observation.token().is_some_and(edgeprobe_facts::Token::is_own)
}

/// Whether it leaves something open that a verdict speaks of.
pub(super) fn is_missed(observation: &Observation) -> bool {
    is_lacking(observation)
        && match &observation.facts {
            Facts::Ports(_) | Facts::Registry(_) | Facts::Engine(_) => true,
            Facts::Dns(facts) => !sheds_light(facts.role),
            facts => facts.endpoint().is_some_and(|facts| !sheds_light(facts.role)),
        }
}

/// Whether a question of this role only sheds light on other failures.
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
fn leaves_the_way_open(agent: &Agent, aside: &[Observation]) -> bool {
    matches!(agent, Agent::Unreachable { .. } | Agent::Nameless) && aside.iter().any(is_on_the_way)
}

/// Takes back what is confirmed of a way that is lost, where a part of it was not tested.
pub(super) fn confirm_nothing(
    (agent, observations): (&Agent, &[Observation]),
    aside: &[Observation],
    causes: &mut [Cause],
    language: Language,
) {
    if !leaves_the_way_open(agent, aside) {
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
pub(super) fn foretell_nothing(
    agent: &Agent,
    aside: &[Observation],
    outlook: &mut String,
    language: Language,
) {
    if leaves_the_way_open(agent, aside) {
        *outlook = message(&Text::new("agent.own_lack"), language);
    }
}

/// The status that is left where some of what it speaks of was not asked. What is confirmed all the
/// same decides.
pub(super) fn bounded(
    status: Status,
    (agent, hub): (&Agent, Hub),
    aside: &[Observation],
    causes: &[Cause],
) -> Status {
    let blocks =
        |cause: &Cause| cause.effect == Effect::Blocks && cause.confidence == Confidence::Confirmed;
    match status {
        Status::Healthy if aside.iter().any(is_missed) => Status::Inconclusive,
        Status::Blocked
            if hub != Hub::CannotStart
                && leaves_the_way_open(agent, aside)
                && !causes.iter().any(blocks) =>
        {
            Status::Inconclusive
        }
        decided => decided,
    }
}
