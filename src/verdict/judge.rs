//! The verdict: findings of all rules, the smallest set that explains, and what is left open.

use std::collections::{BTreeMap, BTreeSet};

use edgeprobe_facts::Observation;

use super::catalogue::{Platform, confirmation_of, entry, message, refutation_of, summary_of};
use super::causes::{CauseId, findings};
use super::consequences::Consequences;
use super::cover::{Candidate, smallest_cover};
use super::evidence::Evidence;
use super::failures::failures;
use super::logged::{self, Supported};
use super::needs::Needs;
use super::not_tested::not_tested;
use super::notes::notes;
use super::outlook::outlook;
use super::rule::{Finding, Proof, ids};
use super::status::{confidence, status};
use super::summary::summary;
use super::with_a_proxy::with_the_proxy;
use super::{Cause, Confidence, Documented, Effect, RuledOut, Target, Verdict};
use super::{chance, cut_short, modules_unasked, nested, own_lack, reach};
use edgeprobe_language::{Language, Text};

/// Judges what was observed. The same observations and target always give the same verdict.
pub fn judge(target: &Target, observations: &[Observation], language: Language) -> Verdict {
    match nested::as_a_child(target, observations) {
        Some((target, observations)) => judge_upstream(&target, &observations, language),
        None => judge_upstream(target, observations, language),
    }
}

/// Judges the way to what this device connects to, without what a run itself lacked, or had no time for.
fn judge_upstream(target: &Target, observations: &[Observation], language: Language) -> Verdict {
    let (asked, lacking) = own_lack::set_aside(observations).unzip();
    let asked = asked.as_deref().unwrap_or(observations);
    let (weighed, by_chance) = chance::set_aside(target, asked).unzip();
    let weighed = weighed.as_deref().unwrap_or(asked);
    let (in_time, cut_short) = cut_short::set_aside(target, weighed).unzip();
    let not_judged: Vec<_> =
        lacking.into_iter().chain(by_chance).chain(cut_short).flatten().collect();
    judge_tested(target, in_time.as_deref().unwrap_or(weighed), &not_judged, language)
}

fn judge_tested(
    target: &Target,
    observations: &[Observation],
    not_judged: &[Observation],
    language: Language,
) -> Verdict {
    let evidence = Evidence::new(target, observations);
    let mut proofs = Vec::new();
    let mut ruled_out = Vec::new();
    for (id, finding) in findings(&evidence) {
        match finding {
            Finding::Proved(proof) => proofs.push((id, proof)),
            Finding::Refuted { because, evidence } => ruled_out.push(RuledOut {
                id,
                because: refutation_of(id, &because, language),
                evidence,
            }),
        }
    }
    chance::confirm_nothing(observations, &mut proofs);
    cut_short::confirm_nothing(target, observations, &mut proofs);
    let needs = Needs::from_evidence(&evidence);
    let to_account_for = ids(failures(&evidence, &needs));
    let failures: BTreeSet<String> = to_account_for.iter().cloned().collect();
    let mut proofs = with_the_proxy(&evidence, proofs, &failures);
    let consequences = Consequences::from_evidence(&evidence);
    let services = needs.effects_of_services();
    for (id, proof) in &mut proofs {
        consequences.add_to(proof);
        if !id.rule().subject.is_a_service() {
            raise_to_the_services_effect(&services, proof);
        }
    }
    let chosen = root_causes(proofs, &failures);
    let explained: BTreeSet<&String> = chosen.iter().flat_map(|(_, p)| &p.explains).collect();
    let unexplained: Vec<String> =
        to_account_for.into_iter().filter(|id| !explained.contains(id)).collect();

    let agent = reach::agent(&evidence);
    let hub = reach::hub(&evidence);
    let logs = logged::weigh(&evidence, chosen, &ruled_out, &agent);
    let status = logs.status(status(&evidence, &needs, (&agent, hub), &logs.causes));
    let status = cut_short::bounded(status, hub, observations, &logs.causes);
    let unsure = logs.causes.iter().any(|cause| cause.proof.confidence == Confidence::Likely);
    let not_tested = not_tested(&evidence, not_judged, (&agent, hub), unsure, language);
    let mut causes: Vec<Cause> =
        logs.causes.iter().map(|supported| cause(supported, target, language)).collect();
    own_lack::confirm_nothing((&agent, observations), not_judged, &mut causes, language);
    let status = own_lack::bounded(status, (&agent, hub), not_judged, &causes);
    let status = modules_unasked::bounded(status, &evidence, &agent);
    let unsettled = logs.unsettled(&evidence, language);
    let confidence = match unsettled {
        Some(_) => Confidence::Likely,
        None => confidence(status, &causes, &unexplained, &not_tested),
    };
    let mut summary = summary(&evidence, not_judged, status, (&agent, hub), &causes, language);
    let mut outlook = outlook(&evidence, &needs, (&agent, hub), &causes, language);
    own_lack::leave_the_outlook_open(&agent, not_judged, &mut outlook.edge_agent, language);
    modules_unasked::foretell_nothing(status, &evidence, &agent, &mut outlook.edge_agent, language);
    if let (Some(unsettled), true) = (unsettled, causes.iter().all(|c| c.effect == Effect::Warns)) {
        summary = unsettled;
        if logs.is_intermittent() {
            let now = Text::new("agent.open_now").with("outlook", outlook.edge_agent);
            outlook.edge_agent = message(&now, language);
        }
    }
    let logged = logs.unexplained(&evidence, &ruled_out, language);
    // What a log decides in a place that the probes did not look at is not out.
    ruled_out.retain(|out| causes.iter().all(|cause| cause.id != out.id));
    Verdict {
        status,
        confidence,
        summary,
        outlook,
        causes,
        ruled_out,
        unexplained,
        not_tested,
        notes: notes(&evidence, language),
        logged,
    }
}

/// What stops a service as well does no less than the loss of the service does.
fn raise_to_the_services_effect(services: &BTreeMap<&str, Effect>, proof: &mut Proof) {
    let effects = proof.explains.iter().filter_map(|id| services.get(id.as_str()));
    proof.effect = effects.copied().fold(proof.effect, Effect::min);
}

/// Of everything that was proved, what is a root and not a consequence; what blocks first, and
/// within that what lies earlier on the path.
fn root_causes(
    mut proofs: Vec<(CauseId, Proof)>,
    failures: &BTreeSet<String>,
) -> Vec<(CauseId, Proof)> {
    proofs.sort_by_key(|(id, proof)| (proof.effect, *id));
    let candidates: Vec<Candidate<'_>> = proofs
        .iter()
        .enumerate()
        .map(|(rank, (_, proof))| Candidate {
            explains: proof.explains.iter().map(String::as_str).collect(),
            rank,
        })
        .collect();
    let chosen: BTreeSet<usize> = smallest_cover(&candidates, failures).into_iter().collect();
    proofs
        .into_iter()
        .enumerate()
        .filter(|(index, _)| chosen.contains(index))
        .map(|(_, proof)| proof)
        .collect()
}

/// Stands in a command for the hub of a device that knows none.
const ANY_HUB: &str = "HUB";

fn cause(supported: &Supported<'_>, target: &Target, language: Language) -> Cause {
    let (id, proof) = (supported.id, supported.proof.clone());
    let page = entry(id, language);
    let by_a_log = supported.is_by_a_log();
    let mut words = proof.summary.arguments().clone();
    let hub = if target.hub.is_empty() { ANY_HUB } else { &target.hub };
    words.entry("hub").or_insert_with(|| hub.into());
    let would_confirm = match proof.confidence {
        Confidence::Confirmed => None,
        Confidence::Likely if by_a_log => Some(logged::would_confirm(language)),
        Confidence::Likely if proof.cut_short => {
            Some(message(&Text::new("cut_short.would_confirm"), language))
        }
        // What is always confirmed by itself is likely where packets are lost.
        Confidence::Likely => confirmation_of(id, proof.summary.key(), &words, language)
            .or_else(|| Some(message(&Text::new("cut_short.would_confirm"), language))),
    };
    let nowhere = || Documented { title: page.title.clone(), source: String::new() };
    Cause {
        id,
        confidence: proof.confidence,
        effect: proof.effect,
        summary: if by_a_log {
            logged::decided(id, &proof.summary, language)
        } else {
            summary_of(id, &proof.summary, language)
        },
        documented: page.documented.first().cloned().unwrap_or_else(nowhere),
        evidence: proof.evidence,
        would_confirm,
        logged: supported.logged(language),
        remedy: page.remedies_for(Platform::HERE, supported.variant(), &words, language),
        details: proof.details,
    }
}
