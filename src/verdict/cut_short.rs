//! The questions that a run had too little time for.
//!
//! A peer's silence proves something only if the run waited long enough. Where the run's own
//! `--timeout` ended the wait, the observation says so, and its failure confirms nothing.

use std::collections::BTreeMap;

use edgeprobe_facts::{Facts, Observation, Probe, Role};

use super::causes::findings;
use super::evidence::{Evidence, View};
use super::logged::Supported;
use super::reach::Hub;
use super::rule::{Finding, Proof};
use super::{CauseId, Confidence, Effect, Status, Target};

/// The observations to judge, and those that are not judged: they were cut short while the first
/// choice works, and count as not tested. `None` where all are judged.
///
/// Where nothing works, they stay, so that the causes that they make likely are named.
pub(super) fn set_aside(
    target: &Target,
    observations: &[Observation],
) -> Option<(Vec<Observation>, Vec<Observation>)> {
    if !observations.iter().any(Observation::is_cut_short) {
        return None;
    }
    let evidence = Evidence::new(target, observations);
    let views = evidence.views();
    let is_reached = |observation: &Observation| {
        let view = views.iter().find(|view| view.vantage == observation.vantage);
        view.is_some_and(reaches_by_its_first_choice)
    };
    let is_not_judged =
        |seen: &Observation| seen.is_cut_short() && asks_a_peer(seen) && is_reached(seen);
    let (not_judged, kept): (Vec<Observation>, Vec<Observation>) =
        observations.iter().cloned().partition(is_not_judged);
    (!not_judged.is_empty()).then_some((kept, not_judged))
}

fn reaches_by_its_first_choice(view: &View<'_>) -> bool {
    let mut tested = view.transports().iter().filter_map(|transport| view.works(*transport));
    tested.next() == Some(true)
}

/// Whether the question went to a peer on the network.
fn asks_a_peer(observation: &Observation) -> bool {
    matches!(observation.probe(), Probe::Dns | Probe::Registry)
        || observation.facts.endpoint().is_some()
}

/// Whether a silence leaves a part of the verdict open. A control does not.
pub(super) fn is_missed(observation: &Observation) -> bool {
    let role = match &observation.facts {
        Facts::Dns(facts) => Some(facts.role),
        facts => facts.endpoint().map(|facts| facts.role),
    };
    let sheds_light = matches!(role, Some(Role::Control | Role::Detour | Role::Proxy));
    observation.is_cut_short() && asks_a_peer(observation) && !sheds_light
}

/// The status that is left where what is lost was not waited for: nothing that a run's own time cut
/// short decides.
pub(super) fn bounded(
    status: Status,
    hub: Hub,
    observations: &[Observation],
    causes: &[Supported<'_>],
) -> Status {
    let decides =
        |cause: &Supported<'_>| cause.proof.effect != Effect::Warns && !cause.proof.cut_short;
    match status {
        Status::Blocked | Status::Degraded
            if hub != Hub::CannotStart
                && observations.iter().any(is_missed)
                && !causes.iter().any(decides) =>
        {
            Status::Inconclusive
        }
        known => known,
    }
}

/// Makes a proof at most likely if it depends on a question that was cut short.
pub(super) fn confirm_nothing(
    target: &Target,
    observations: &[Observation],
    proofs: &mut [(CauseId, Proof)],
) {
    if !observations.iter().any(Observation::is_cut_short) {
        return;
    }
    let heard: Vec<Observation> =
        observations.iter().filter(|seen| !seen.is_cut_short()).cloned().collect();
    let evidence = Evidence::new(target, &heard);
    // Whether a cause has this sentence, and whether it is confirmed.
    let mut standing: BTreeMap<(CauseId, String), bool> = BTreeMap::new();
    for (id, finding) in findings(&evidence) {
        if let Finding::Proved(proof) = finding {
            let is_confirmed = proof.confidence == Confidence::Confirmed;
            let known = standing.entry((id, proof.summary.key().to_owned())).or_default();
            *known |= is_confirmed;
        }
    }
    for (id, proof) in proofs {
        let known = standing.get(&(*id, proof.summary.key().to_owned()));
        let is_sure = proof.confidence == Confidence::Confirmed;
        if known.is_none_or(|is_confirmed| is_sure && !is_confirmed) {
            proof.confidence = Confidence::Likely;
            proof.cut_short = true;
        }
    }
}
