//! How likely the silences that a cause rests on are by chance, at the loss that this run measured.
//!
//! A line that loses packets loses some exchange as a whole now and then. That is no fault of the peer.

use std::collections::{BTreeMap, BTreeSet};

use edgeprobe_facts::dns::Resolver;
use edgeprobe_facts::{Facts, Observation, Outcome, Probe, Role, Token};

use super::causes::findings;
use super::evidence::Evidence;
use super::loss::Loss;
use super::rule::{Finding, Proof};
use super::{CauseId, Confidence, Target};

/// What chance brings about less than once in ten thousand runs is confirmed.
const SURE: f64 = 1e-4;

/// What it brings about less than once in a thousand runs is likely; anything else is left open.
const LIKELY: f64 = 1e-3;

/// The silences of a run, and how likely each is by chance.
struct Silences<'o> {
    by_chance: BTreeMap<&'o str, f64>,
    /// How many exchanges there were, any of which might have been lost.
    exchanges: f64,
}

impl<'o> Silences<'o> {
    /// Nothing where nothing was lost, or counted.
    fn from_observations(observations: &'o [Observation]) -> Option<Self> {
        let loss = Loss::measured(observations)?.of_an_exchange();
        let counted = || observations.iter().filter(|seen| seen.tries.is_some());
        let by_chance = counted().filter_map(|seen| Some((seen.id.as_str(), chance(seen, loss)?)));
        Some(Self { by_chance: by_chance.collect(), exchanges: counted().count() as f64 })
    }

    /// How likely it is that chance alone silenced all of these somewhere in the run; nothing where one
    /// of them failed otherwise, or was not counted.
    fn of_all<'i>(&self, failed: impl IntoIterator<Item = &'i str>) -> Option<f64> {
        let mut all = 1.0;
        let mut any = false;
        for id in failed {
            all *= self.by_chance.get(id)?;
            any = true;
        }
        any.then_some(all * self.exchanges)
    }
}

/// How likely chance alone brings about this failure; nothing where it does not.
fn chance(seen: &Observation, loss: f64) -> Option<f64> {
    let unanswered = seen.tries?.unanswered;
    if !seen.failed() || !(seen.is_silence() || unanswered > 0) {
        return None;
    }
    let is_the_systems =
        matches!(&seen.facts, Facts::Dns(facts) if facts.resolver == Resolver::System);
    // Behind it, each family's question is a packet, and both are waited for.
    let each = if is_the_systems { 1.0 - (1.0 - loss).powi(2) } else { loss };
    Some(each.powi(i32::try_from(unanswered).unwrap_or(i32::MAX)))
}

/// The observations without the silences that chance may have brought about, and those, as what this
/// run itself cannot weigh. `None` where there are none.
pub(super) fn set_aside(
    target: &Target,
    observations: &[Observation],
) -> Option<(Vec<Observation>, Vec<Observation>)> {
    // On a line that lost nothing, few packets leave a silence likely, and do not take it away.
    Loss::measured(observations).filter(|loss| loss.lost > 0)?;
    let silences = Silences::from_observations(observations)
        .filter(|silences| !silences.by_chance.is_empty())?;
    let evidence = Evidence::new(target, observations);
    // What belongs to a pattern that chance does not bring about counts, whatever its own likelihood.
    let mut counts: BTreeSet<String> = BTreeSet::new();
    for (_, finding) in findings(&evidence) {
        if let Finding::Proved(proof) = finding {
            let failed = failed(observations, &proof);
            if silences.of_all(failed.iter().copied()).is_some_and(|chance| chance < LIKELY) {
                counts.extend(failed.into_iter().map(str::to_owned));
                counts.extend(proof.explains);
            }
        }
    }
    let is_by_chance = |seen: &Observation| {
        let alone = silences.of_all([seen.id.as_str()]);
        alone.is_some_and(|chance| chance >= LIKELY) && !counts.contains(&seen.id)
    };
    let (aside, kept): (Vec<Observation>, Vec<Observation>) =
        observations.iter().cloned().partition(is_by_chance);
    let aside: Vec<Observation> = aside.into_iter().map(not_weighed).collect();
    (!aside.is_empty()).then_some((kept, aside))
}

fn not_weighed(mut seen: Observation) -> Observation {
    seen.outcome = Outcome::Skipped;
    if let Some(failure) = &mut seen.failure {
        failure.token = Token::OwnLoss;
    }
    seen
}

/// Lets no proof be more than likely whose silences chance brings about once in ten thousand runs or
/// more often, nor one that a silent name server alone makes beside others that answer.
pub(super) fn confirm_nothing(observations: &[Observation], proofs: &mut [(CauseId, Proof)]) {
    let silences = Silences::from_observations(observations);
    for (_, proof) in proofs {
        if !rests_on_packets(observations, proof) {
            continue;
        }
        let failed = failed(observations, proof);
        let chance = silences.as_ref().and_then(|all| all.of_all(failed.iter().copied()));
        let is_by_chance = chance.is_some_and(|chance| chance >= SURE);
        if is_by_chance || rests_on_silent_servers(observations, proof) {
            proof.confidence = Confidence::Likely;
        }
    }
}

/// The failures that a proof rests on.
fn failed<'o>(observations: &'o [Observation], proof: &Proof) -> Vec<&'o str> {
    let of_it = |seen: &&Observation| seen.failed() && proof.evidence.contains(&seen.id);
    observations.iter().filter(of_it).map(|seen| seen.id.as_str()).collect()
}

/// Whether nothing but what came back proves the cause: not what the kernel or the engine say.
fn rests_on_packets(observations: &[Observation], proof: &Proof) -> bool {
    use Probe::{EdgeRoute, Engine, RouteTables, Runtime, Trace, Vantage};
    let direct = [EdgeRoute, Engine, RouteTables, Runtime, Trace, Vantage];
    let mut evidence = observations.iter().filter(|seen| proof.evidence.contains(&seen.id));
    !evidence.any(|seen| direct.contains(&seen.probe()))
}

/// Whether name servers are silent and nothing else proves the cause, where another gave the name's
/// addresses and a connection opened.
fn rests_on_silent_servers(observations: &[Observation], proof: &Proof) -> bool {
    let evidence = || observations.iter().filter(|seen| proof.evidence.contains(&seen.id));
    let is_silent_server =
        |seen: &Observation| seen.probe() == Probe::Dns && seen.token() == Some(Token::DnsTimeout);
    let Some(first) = evidence().next() else { return false };
    let from_there = || observations.iter().filter(|seen| seen.vantage == first.vantage);
    let is_found = |seen: &Observation| {
        matches!(&seen.facts, Facts::Dns(facts) if facts.role == Role::Hub) && !seen.failed()
    };
    let opened = |seen: &Observation| {
        let hub = seen.facts.endpoint().is_some_and(|facts| facts.role == Role::Hub);
        hub && seen.outcome == Outcome::Pass
    };
    evidence().all(is_silent_server) && from_there().any(is_found) && from_there().any(opened)
}
