//! What a log alone decides: a cause that no probe could test.

use std::net::IpAddr;

use edgeprobe_facts::ports::PortFacts;
use edgeprobe_facts::registry::Reference;
use edgeprobe_facts::{Observation, Vantage};

use super::is_ruled_out;
use super::tell::{FROM_A_LOG, words};
use crate::attributes::{SameInALog, SeenByTheEngine, Subject};
use crate::causes::CauseId;
use crate::evidence::{Connection, Evidence, LogReading, Presence, RegistryReading};
use crate::reach::Agent;
use crate::rule::{Proof, ids};
use crate::{Confidence, RuledOut};

/// The cause that a finding decides, if it stands up to now and no probe speaks of it either way.
pub(super) fn decided(
    evidence: &Evidence<'_>,
    reading: &LogReading<'_>,
    ruled_out: &[RuledOut],
    agent: &Agent,
) -> Option<CauseId> {
    let id = decision(reading, ruled_out)?;
    let untested = match test(evidence, reading, agent) {
        Test::None => true,
        Test::Works | Test::Fails => false,
    };
    let over = reading.subject() == Subject::Registry && is_here(evidence, reading);
    let out = is_ruled_out(ruled_out, id) && !is_of_an_address(reading);
    (reading.stands() && untested && !over && !out).then_some(id)
}

/// The cause that the text decides; of two causes of a refused image the one that is left.
fn decision(reading: &LogReading<'_>, ruled_out: &[RuledOut]) -> Option<CauseId> {
    if reading.finding.attempts.is_some() {
        return None;
    }
    let by_elimination = || {
        let candidates = reading.candidates();
        let mut left = candidates.iter().filter(|id| !is_ruled_out(ruled_out, **id));
        let only = left.next().filter(|_| left.next().is_none() && candidates.len() == 2);
        only.copied().filter(|_| reading.subject() == Subject::Registry)
    };
    reading.decides().or_else(by_elimination)
}

/// What the probes say of what a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Test {
    /// They did not ask, or the answer leaves it open.
    None,
    Works,
    Fails,
}

/// What the probes say of what a finding is about.
pub(super) fn test(evidence: &Evidence<'_>, reading: &LogReading<'_>, agent: &Agent) -> Test {
    match reading.subject() {
        Subject::Hub => match agent {
            Agent::FirstChoice(_) | Agent::Fallback { .. } => Test::Works,
            Agent::Unreachable { .. } | Agent::Nameless => Test::Fails,
            Agent::Unknown => Test::None,
        },
        Subject::Provisioning => {
            let connections = evidence.provisioning();
            test_of_answers(connections.iter().map(|c: &Connection<'_>| !c.observation.failed()))
        }
        Subject::Registry => test_of_registry(evidence, reading),
        Subject::Port => test_of_port(evidence, reading),
        // A live connection from inside a container disproves engine and forwarding faults.
        Subject::Device if !is_of_the_clock(reading) => {
            let from_there = evidence.agent().vantage != Vantage::Host;
            let reaches = matches!(agent, Agent::FirstChoice(_) | Agent::Fallback { .. });
            if from_there && reaches { Test::Works } else { Test::None }
        }
        Subject::Device => Test::None,
    }
}

fn is_of_the_clock(reading: &LogReading<'_>) -> bool {
    let decided = reading.decides().map(|id| id.rule().same_in_a_log);
    decided == Some(SameInALog::Clock)
}

fn test_of_answers(answers: impl Iterator<Item = bool>) -> Test {
    answers.fold(Test::None, |test, works| match (test, works) {
        (Test::Works, _) | (_, true) => Test::Works,
        _ => Test::Fails,
    })
}

/// A registry that refuses a client without credentials says nothing of a client with credentials.
fn test_of_registry(evidence: &Evidence<'_>, reading: &LogReading<'_>) -> Test {
    let asked = evidence.registries().into_iter().filter(|asked| concerns(asked, reading));
    test_of_answers(
        asked.filter(|asked| !asked.wants_credentials() && !asked.is_by_default()).filter_map(
            |asked| {
                let failed = asked.observation.failed();
                let is_image = asked.facts.image.is_some();
                // That it greets says nothing of an image.
                (failed || is_image).then_some(!failed)
            },
        ),
    )
}

/// Whether what was asked of a registry may be what a finding speaks of.
pub(super) fn concerns(asked: &RegistryReading<'_>, reading: &LogReading<'_>) -> bool {
    reading.registry().is_none_or(|own| own == asked.facts.registry)
}

/// Whether the image that a finding is about is on this device now: it was pulled since.
pub(super) fn is_here(evidence: &Evidence<'_>, reading: &LogReading<'_>) -> bool {
    let engine = evidence.engine().map(|(_, engine)| engine);
    let images = engine.into_iter().flat_map(|engine| engine.images.iter().flatten());
    let named = reading.detail("image").and_then(repository);
    if named.is_some() && images.into_iter().any(|name| repository(name) == named) {
        return true;
    }
    let asked = evidence.registries();
    let is_concerned =
        |asked: &&RegistryReading<'_>| concerns(asked, reading) && asked.facts.image.is_some();
    let mut concerned = asked.iter().filter(is_concerned).peekable();
    concerned.peek().is_some()
        && concerned.all(|asked| evidence.presence(asked.facts) == Presence::Here)
}

/// An image's registry and name, without the tag or digest that errors leave out.
pub(super) fn repository(image: &str) -> Option<(String, String)> {
    let reference = Reference::parse_image(image).ok()?;
    Some((reference.registry(), reference.image()?.repository.clone()))
}

/// Whether a port was refused for the address that it was to be bound to. The probes bind a port on
/// every address of the host, so that they say nothing of it either way.
fn is_of_an_address(reading: &LogReading<'_>) -> bool {
    reading.variant() == Some("no_such_address")
}

fn test_of_port(evidence: &Evidence<'_>, reading: &LogReading<'_>) -> Test {
    if is_of_an_address(reading) {
        let wanted = reading.detail("address").and_then(|address| address.parse::<IpAddr>().ok());
        let has = |address: IpAddr| {
            let tables = evidence.tables().map(|(_, tables)| tables);
            tables.is_some_and(|tables| {
                tables.addresses.iter().any(|own| own.network.addr() == address)
            })
        };
        return if wanted.is_some_and(has) { Test::Works } else { Test::None };
    }
    let probed: Vec<(&Observation, &PortFacts)> = evidence
        .ports()
        .filter(|(_, facts)| reading.port().is_none_or(|port| port == facts.port))
        .collect();
    // A port whose holder cannot be seen may be Edge Hub's own.
    let seen = |(port, facts): &(&Observation, &PortFacts)| {
        !port.failed() || facts.has_edge_hub() || !evidence.may_be_edge_hubs(facts)
    };
    if probed.is_empty() || !probed.iter().all(seen) {
        return Test::None;
    }
    if probed.iter().all(|(port, facts)| !port.failed() || facts.has_edge_hub()) {
        Test::Works
    } else {
        Test::Fails
    }
}

/// The proof by a finding alone.
pub(super) fn proof(evidence: &Evidence<'_>, id: CauseId, reading: &LogReading<'_>) -> Proof {
    let mut proof = Proof::confirmed(
        reading.effect(),
        words(reading, edgeprobe_language::Text::new(FROM_A_LOG)),
        [reading.observation],
    )
    .with_confidence(Confidence::Likely)
    .explaining_nothing();
    for name in ["port", "registry", "image", "address"] {
        if let Some(value) = reading.finding.details.get(name) {
            proof = proof.with_detail(name, value.clone());
        }
    }
    if let (None, Some(registry)) = (proof.details.get("registry"), reading.registry()) {
        proof = proof.with_detail("registry", registry);
    }
    // What was asked and left it open belongs to it.
    let open = evidence.registries();
    let open = open.iter().filter(|asked| {
        id.rule().seen_by_the_engine != SeenByTheEngine::TheSame
            && concerns(asked, reading)
            && asked.wants_credentials()
    });
    proof.evidence.extend(ids(open.map(|asked| asked.observation)));
    let hub = evidence
        .ports()
        .filter(|(port, facts)| port.failed() && Some(facts.port) == reading.port());
    proof.evidence.extend(ids(hub.map(|(port, _)| port)));
    proof
}

/// Whether a finding is of the same place as a proof by another.
pub(super) fn is_of(proof: &Proof, reading: &LogReading<'_>) -> bool {
    let same = |name: &str| proof.details.get(name) == reading.finding.details.get(name);
    proof.summary.key() == FROM_A_LOG && same("port") && same("registry")
}

/// Whether what a finding is about was asked from where its writer runs, and not from the host in
/// its stead: a daemon runs on the host, Edge Agent and Edge Hub in containers.
pub(super) fn is_asked_where_it_runs(evidence: &Evidence<'_>, reading: &LogReading<'_>) -> bool {
    let is_of_a_container = reading.finding.attempts.is_some() || reading.facts.container.is_some();
    !is_of_a_container
        || evidence.agent().vantage != Vantage::Host
        || evidence.agent_is_on_the_host()
}
