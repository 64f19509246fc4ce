//! `image-not-found`: the registry has no such image, or none for this device's platform.

use edgeprobe_facts::Token;

use super::{RegistryState, consequence, in_state, registries};
use crate::Confidence;
use crate::attributes::{
    KeptOut, Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy,
};
use crate::evidence::{Evidence, RegistryReading};
use crate::rule::{Finding, Proof, Rule, refuted};
use crate::translation;
use crate::words::listed;
use edgeprobe_language::Text;

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Registry,
    with_a_proxy: WithAProxy::TheSame,
    applies_to_a_child: true,
    keeps_out: &[KeptOut::NoImage],
    same_in_a_log: SameInALog::Image,
    peer_in_a_log: PeerInALog::Any,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_about_a_vpn: false,
    ended_by: Party::Azure,
    examine,
};

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let registries = registries(evidence);
    let missing = in_state(&registries, RegistryState::NotThere);
    if !missing.is_empty() {
        let proofs = missing.iter().map(|reading| Finding::Proved(proof(evidence, reading)));
        return proofs.collect();
    }
    let mut there = in_state(&registries, RegistryState::Served);
    there.retain(|reading| reading.facts.image.is_some());
    let Some(first) = there.first() else { return Vec::new() };
    let text = Text::new("there").with("image", first.facts.whole());
    refuted(text, there.iter().map(|reading| reading.observation))
}

fn proof(evidence: &Evidence<'_>, reading: &RegistryReading<'_>) -> Proof {
    let facts = reading.facts;
    let other_platform = reading.token() == Some(Token::ImageOtherPlatform);
    // A 404 page of another server has no error code of a registry.
    let own_words = facts.last_answer().is_some_and(|answer| answer.code.is_some());
    let sure = other_platform || own_words;
    let effect = evidence.effect_of_registry(reading);
    let text = Text::new(if other_platform { "other_platform" } else { "unknown" })
        .with("registry", &facts.registry)
        .with("image", facts.whole())
        .with("platform", facts.platform.as_deref().unwrap_or_default())
        .with("platforms", listed(&facts.platforms))
        .followed_by(consequence(evidence, reading, effect));
    let answer = translation::failure(reading.observation);
    let text = text.with_any("answer", answer);
    Proof::confirmed(effect, text, [reading.observation])
        .with_confidence(if sure { Confidence::Confirmed } else { Confidence::Likely })
        .with_detail("registry", facts.registry.as_str())
        .with_detail("image", facts.image.clone())
}
