//! The faults of logs that no cause explains: are they intermittent, open or past?

use std::collections::BTreeMap;

use super::decide::{Test, is_asked_where_it_runs, is_here, test};
use super::{Standing, Supported, UnexplainedFault, is_ruled_out, keep_edge_agent_out};
use crate::attributes::Subject;
use crate::evidence::{Evidence, LogReading};
use crate::reach::Agent;
use crate::{Effect, RuledOut};

/// The faults that no cause accounts for, those that matter most first: one for each log and subject,
/// since what a single fault brings about stands in a log in many words.
pub(super) fn unexplained<'o>(
    evidence: &Evidence<'o>,
    readings: Vec<LogReading<'o>>,
    causes: &[Supported<'_>],
    ruled_out: &[RuledOut],
    agent: &Agent,
) -> Vec<UnexplainedFault<'o>> {
    let mut kept: BTreeMap<(&str, Subject, Option<u16>), LogReading<'o>> = BTreeMap::new();
    for reading in readings {
        let subject = reading.subject();
        // The rest of what a log says of what a cause accounts for is its consequence.
        if is_accounted_for(&reading, causes) {
            continue;
        }
        let place = (reading.observation.id.as_str(), subject, reading.port());
        match kept.get_mut(&place) {
            Some(known) if telling(&reading) < telling(known) => *known = reading,
            Some(_) => {}
            None => {
                kept.insert(place, reading);
            }
        }
    }
    let stands = |reading: &LogReading<'o>| standing(evidence, reading, causes, ruled_out, agent);
    let mut all: Vec<UnexplainedFault<'o>> = kept
        .into_values()
        .map(|reading| UnexplainedFault { standing: stands(&reading), reading })
        .filter(|fault| fault.standing != Standing::Past || is_worth_telling(&fault.reading))
        .collect();
    all.sort_by_key(|fault| (fault.standing, fault.reading.subject()));
    all
}

/// Whether the same log says the same as a cause already, of the same subject.
fn is_accounted_for(reading: &LogReading<'_>, causes: &[Supported<'_>]) -> bool {
    causes.iter().flat_map(|cause| &cause.agreeing).any(|known| {
        known.observation.id == reading.observation.id
            && known.subject() == reading.subject()
            && (known.subject() != Subject::Port || known.port() == reading.port())
    })
}

/// What stands comes before what does not, a course of attempts before a line, what leaves few causes
/// before what leaves many.
fn telling(reading: &LogReading<'_>) -> (bool, bool, usize) {
    let attempts = reading.finding.attempts.is_some() && !reading.is_of_one_client();
    (!reading.stands(), !attempts, reading.finding.candidates.len())
}

/// Of what is past, what kept the device from working.
fn is_worth_telling(reading: &LogReading<'_>) -> bool {
    reading.effect() == Effect::Blocks && !reading.finding.candidates.is_empty()
}

fn standing(
    evidence: &Evidence<'_>,
    reading: &LogReading<'_>,
    causes: &[Supported<'_>],
    ruled_out: &[RuledOut],
    agent: &Agent,
) -> Standing {
    if !reading.stands() {
        return Standing::Past;
    }
    let works = test(evidence, reading, agent);
    match (reading.subject(), works) {
        (_, Test::Fails) => Standing::SeenToo,
        (Subject::Hub, Test::Works) if reading.is_of_one_client() => Standing::OneClient,
        (Subject::Hub, Test::Works) if keep_edge_agent_out(causes) => Standing::SeenToo,
        // By its second choice it connects now as it did then.
        (Subject::Hub, Test::Works)
            if reading.is_a_fallback() && matches!(agent, Agent::Fallback { .. }) =>
        {
            Standing::SeenToo
        }
        (Subject::Hub, Test::Works) if !is_asked_where_it_runs(evidence, reading) => {
            Standing::HostAlone
        }
        // The engine does not write that it has pulled an image, nor that it has bound a port.
        (Subject::Registry, Test::Works | Test::None) if is_here(evidence, reading) => {
            Standing::Past
        }
        (Subject::Port | Subject::Device, Test::Works) => Standing::Past,
        (_, Test::Works) => Standing::Intermittent,
        (Subject::Device, Test::None) if all_ruled_out(reading, ruled_out) => Standing::Past,
        (_, Test::None) => Standing::Untested,
    }
}

fn all_ruled_out(reading: &LogReading<'_>, ruled_out: &[RuledOut]) -> bool {
    let candidates = reading.candidates();
    !candidates.is_empty() && candidates.iter().all(|id| is_ruled_out(ruled_out, *id))
}
