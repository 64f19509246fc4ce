//! `registry-unreachable`: a registry, its token service or its data host cannot be reached.

use std::collections::BTreeMap;

use edgeprobe_facts::registry::{HostFacts, Part};
use edgeprobe_facts::{Step, Token};

use super::{RegistryState, consequence, in_state, registries};
use crate::attributes::{
    KeptOut, Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy,
};
use crate::evidence::{Evidence, RegistryReading};
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
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_about_a_vpn: false,
    ended_by: Party::Unknown,
    examine,
};

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let registries = registries(evidence);
    let is_lost =
        |state| matches!(state, RegistryState::LostWithTheHub | RegistryState::OutOfReach);
    if !registries.iter().any(|(_, state)| is_lost(*state)) {
        let asked = registries.iter().filter(|(_, state)| *state != RegistryState::SaysNothing);
        let reached: Vec<&RegistryReading<'_>> = asked.map(|(reading, _)| reading).collect();
        let Some(first) = reached.first() else { return Vec::new() };
        let text = Text::new("reached").with("registry", &first.facts.registry);
        return refuted(text, reached.iter().map(|reading| reading.observation));
    }
    let failing = in_state(&registries, RegistryState::OutOfReach);
    // Several images that fail alike at one registry are one fault of the registry.
    let mut groups: Vec<Vec<&RegistryReading<'_>>> = Vec::new();
    let mut known: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for reading in &failing {
        let alike = (reading.facts.registry.as_str(), key(reading));
        let number = *known.entry(alike).or_insert(groups.len());
        match groups.get_mut(number) {
            Some(group) => group.push(reading),
            None => groups.push(vec![reading]),
        }
    }
    groups.iter().filter_map(|group| proof(evidence, group)).map(Finding::Proved).collect()
}

fn proof(evidence: &Evidence<'_>, group: &[&RegistryReading<'_>]) -> Option<Proof> {
    let first = group.first()?;
    let facts = first.facts;
    let failure = translation::failure(first.observation)?;
    let host = facts.part.and_then(|part| facts.host(part));
    // A registry that serves others and is busy will serve this device too.
    let passing = first.token() == Some(Token::HttpUnavailable);
    let effects = group.iter().map(|reading| evidence.effect_of_registry(reading));
    let effect = effects.min().filter(|_| !passing).unwrap_or(Effect::Warns);
    let confidence = match facts.part {
        // The registry itself was reached, so packets leave this device.
        Some(Part::Token | Part::Image | Part::Data) => Confidence::Confirmed,
        // The proxy was reached too. It may refuse the hub as well, if the hub was not asked for.
        _ if by_proxy(first) == Some("proxy_refuses") && evidence.host_tried() => {
            Confidence::Confirmed
        }
        _ => evidence.beside_the_hub(),
    };
    let text = Text::new(key(first))
        .with("registry", &facts.registry)
        .with("host", host.map_or(facts.server.as_str(), |host| host.server.as_str()))
        .with("port", host.map_or(facts.port, |host| host.port))
        .with("issuer", host.and_then(issuer).unwrap_or_default())
        .with("failure", failure)
        .followed_by(consequence(evidence, first, effect));
    let text = text.with_any("image", facts.image.as_ref().map(|_| facts.whole()));
    let proxy = facts.failing_proxy().map(|proxy| proxy.url.to_string());
    let text = match (by_proxy(first), &proxy) {
        (Some(_), Some(proxy)) => text.with("way", proxy),
        _ => text,
    };
    let proof = Proof::confirmed(effect, text, group.iter().map(|reading| reading.observation))
        .supported_by(evidence.host_reaches_the_hub())
        .with_confidence(confidence)
        .with_detail("registry", facts.registry.as_str());
    let proof = match host {
        Some(host) => proof.with_detail("host", host.server.as_str()),
        None => proof,
    };
    Some(match proxy {
        Some(proxy) => proof.with_detail("proxy", proxy),
        None => proof,
    })
}

/// The key of the sentence for a proxy that itself fails.
fn by_proxy(reading: &RegistryReading<'_>) -> Option<&'static str> {
    reading.facts.failing_proxy()?;
    match reading.observation.failed_step()? {
        Step::Resolve => Some("proxy_nameless"),
        Step::Connect => Some("proxy_unreachable"),
        Step::Proxy => Some("proxy_refuses"),
        _ => None,
    }
}

/// The key of the sentence for how a registry fails.
fn key(reading: &RegistryReading<'_>) -> &'static str {
    if let Some(key) = by_proxy(reading) {
        return key;
    }
    match reading.facts.part {
        Some(Part::Token) => return "token_service",
        Some(Part::Data) => return "data_host",
        _ => {}
    }
    let token = reading.token();
    match (reading.observation.failed_step(), token) {
        (Some(Step::Resolve), _) => "nameless",
        (Some(Step::Connect), Some(Token::TimedOut)) => "silent",
        (Some(Step::Connect | Step::Proxy), _) => "refused",
        (Some(Step::Tls), Some(Token::TlsUnknownIssuer)) => "untrusted",
        (Some(Step::Tls), Some(Token::TlsUnexpectedBytes)) => "not_tls",
        (Some(Step::Tls), _) => "handshake",
        (_, Some(Token::HttpUnavailable)) => "unavailable",
        (_, Some(Token::HttpNotRegistry | Token::HttpBadAnswer)) => "not_a_registry",
        _ => "cut",
    }
}

fn issuer(host: &HostFacts) -> Option<&str> {
    host.tls.as_ref()?.chain.first().map(|leaf| leaf.issuer.as_str())
}
