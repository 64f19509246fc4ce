//! `registry-access-denied`: the registry answers 401 or 403 for a module's image.

use edgeprobe_facts::registry::{CredentialUse, Part};

use super::{RegistryState, consequence, in_state, registries};
use crate::attributes::{
    KeptOut, Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy,
};
use crate::evidence::{Evidence, Presence, RegistryReading};
use crate::rule::{Finding, Proof, Rule, refuted};
use crate::{Confidence, Effect, translation};
use edgeprobe_language::Text;

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Registry,
    with_a_proxy: WithAProxy::TheSame,
    applies_to_a_child: true,
    keeps_out: &[KeptOut::NoImage],
    same_in_a_log: SameInALog::Registry,
    peer_in_a_log: PeerInALog::Any,
    seen_by_the_engine: SeenByTheEngine::Graver {
        sentence: "engine_refused",
        consequence: "engine_cannot",
    },
    is_about_a_vpn: false,
    ended_by: Party::Azure,
    examine,
};

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let registries = registries(evidence);
    let refused = in_state(&registries, RegistryState::Refused);
    let proofs = refused.iter().filter_map(|reading| proof(evidence, reading));
    let proofs: Vec<Finding> = proofs.map(Finding::Proved).collect();
    if !proofs.is_empty() {
        return proofs;
    }
    let mut delivered = in_state(&registries, RegistryState::Served);
    delivered.retain(|reading| reading.facts.image.is_some());
    let (Some(first), true) = (delivered.first(), refused.is_empty()) else { return Vec::new() };
    let text = Text::new("delivered").with("image", first.facts.whole());
    refuted(text, delivered.iter().map(|reading| reading.observation))
}

fn proof(evidence: &Evidence<'_>, reading: &RegistryReading<'_>) -> Option<Proof> {
    let facts = reading.facts;
    let (key, confidence, effect) = finding(evidence, reading)?;
    let answer = translation::failure(reading.observation)?;
    let text = Text::new(key)
        .with("registry", &facts.registry)
        .with("answer", answer)
        .followed_by(consequence(evidence, reading, effect));
    let text = text.with_any("image", facts.image.as_ref().map(|_| facts.whole()));
    let address = facts.refused_address.map(|address| address.to_string());
    let text = text.with_any("address", address.as_ref());
    let proof = Proof::confirmed(effect, text, [reading.observation])
        .with_confidence(confidence)
        .with_detail("registry", facts.registry.as_str())
        .with_detail("image", facts.image.clone());
    let status = facts.last_answer().map(|answer| answer.status);
    let proof = status.into_iter().fold(proof, |proof, status| proof.with_detail("status", status));
    Some(address.into_iter().fold(proof, |proof, address| proof.with_detail("address", address)))
}

/// What a refusal proves: the sentence's key, how surely, and what it does.
fn finding(
    evidence: &Evidence<'_>,
    reading: &RegistryReading<'_>,
) -> Option<(&'static str, Confidence, Effect)> {
    use Confidence::{Confirmed, Likely};
    let facts = reading.facts;
    let effect = evidence.effect_of_registry(reading);
    if facts.refused_address.is_some() {
        return Some(("address", Confirmed, effect));
    }
    if facts.credentials == CredentialUse::Sent {
        return Some((
            if facts.image.is_some() { "image" } else { "credentials" },
            Confirmed,
            effect,
        ));
    }
    // A registry answers every client's first request, so a refusal there is about the client's
    // address. Only a registry's own error code confirms it: a page may come from a filter.
    if facts.part == Some(Part::Registry) || facts.image.is_none() {
        let own_words = facts.last_answer().is_some_and(|answer| answer.code.is_some());
        return Some(("greeting", if own_words { Confirmed } else { Likely }, effect));
    }
    // From here on the refusal is of an anonymous client.
    if evidence.presence(facts) == Presence::Here || evidence.runtime_signs_in(facts) {
        return None;
    }
    if reading.is_by_the_runtime() && evidence.runtime().is_some() {
        return Some(("runtime_without_credentials", Confirmed, effect));
    }
    let key = if facts.credentials == CredentialUse::Withheld { "withheld" } else { "anonymous" };
    Some((key, Likely, Effect::Warns))
}
