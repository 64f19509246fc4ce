//! `proxy-rejects`: a proxy of a part of the runtime refuses, or cannot be reached.

use edgeprobe_facts::endpoint::Via;
use edgeprobe_facts::proxy::ProxyAnswer;
use edgeprobe_facts::runtime::Part;
use edgeprobe_facts::{Observation, Role, Step, Token};
use serde_json::json;

use super::ways::{ProxyReading, ProxyState};
use crate::attributes::{
    KeptOut, Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy,
};
use crate::catalogue::{Text, Word};
use crate::causes::shared::{
    as_one, at_each_vantage, cut_in_handshake, effect_of_loss, limited_by_use, observations,
};
use crate::evidence::{Answer, ByProxy, Connection, Evidence, View};
use crate::rule::{Finding, Proof, Rule, refuted};
use crate::words::{listed, part};
use crate::{Confidence, Effect, Way};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Hub,
    with_a_proxy: WithAProxy::TheSame,
    applies_to_a_child: true,
    keeps_out: &[KeptOut::NoIdentity],
    same_in_a_log: SameInALog::Cause,
    peer_in_a_log: PeerInALog::Any,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_about_a_vpn: false,
    ended_by: Party::Network,
    examine,
};

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let mut of_each: Vec<(String, Vec<Finding>)> = Vec::new();
    if let Some(via) = evidence.agent().way().via() {
        let alone = evidence.is_without_the_host();
        of_each.push((place_of(via), at_each_vantage(evidence, |view| examine_way(view, alone))));
    }
    for view in evidence.views() {
        for by_proxy in evidence.parts_by_proxy(&view) {
            let found = examine_parts(evidence, &view, &by_proxy);
            let found = limited_by_use(evidence.used_by(&view.vantage), found);
            let at = place_of(&by_proxy.via);
            match of_each.iter_mut().find(|(known, _)| *known == at) {
                Some((_, findings)) => findings.extend(found),
                None => of_each.push((at, found)),
            }
        }
    }
    // One finding for each proxy, whatever the number of parts that lose it.
    let found: Vec<Finding> =
        of_each.into_iter().flat_map(|(_, findings)| as_one([findings].into_iter())).collect();
    let (proved, refuted): (Vec<Finding>, Vec<Finding>) =
        found.into_iter().partition(|finding| matches!(finding, Finding::Proved(_)));
    if proved.is_empty() { refuted.into_iter().take(1).collect() } else { proved }
}

/// Where a proxy is, whatever its credentials.
fn place_of(via: &Via) -> String {
    format!("{}:{}", via.url.host(), via.url.port())
}

/// The proxy on Edge Agent's way. `alone` says that the host was not asked to connect.
fn examine_way(view: &View<'_>, alone: bool) -> Vec<Finding> {
    let Some(reading) = ProxyReading::of_edge_agent(view, alone) else { return Vec::new() };
    examine_reading(&reading, |proof| Proof { effect: effect(view), ..proof }.alone())
}

/// A proxy that other parts of the runtime use.
fn examine_parts<'o>(
    evidence: &Evidence<'o>,
    view: &View<'o>,
    by_proxy: &ByProxy<'o>,
) -> Vec<Finding> {
    let reading = ProxyReading::of_other_parts(evidence, view, by_proxy);
    let parts = &by_proxy.parts;
    examine_reading(&reading, |proof| {
        // Without this proxy the part gets no identity, and it needs that before the hub.
        if evidence.keeps_from_provisioning(by_proxy) {
            return Vec::new();
        }
        let (effect, meaning) = evidence.effect_on_parts(view, parts);
        let summary = proof.summary.clone();
        let summary = summary.with("parts", listed(parts.iter().copied().map(part)));
        let no_way = view.no_way_to(&reading.connections);
        Proof { effect, summary: summary.followed_by(meaning), ..proof }
            .supported_by(no_way.iter().copied())
            .explaining(no_way)
            .explaining(evidence.unprovisioned_by(by_proxy))
            .with_detail("parts", parts.iter().map(|part| json!(part)).collect::<Vec<_>>())
            .with_detail("source", json!(sources(evidence, parts)))
            .alone()
    })
}

/// Examines one proxy. `complete` adds to the proof what the parts that use it lose.
fn examine_reading(
    reading: &ProxyReading<'_, '_>,
    complete: impl FnOnce(Proof) -> Vec<Finding>,
) -> Vec<Finding> {
    let (text, confidence) = match reading.state() {
        ProxyState::NotTried => return Vec::new(),
        ProxyState::Opens(opened) => {
            return refuted(reading.sentence("opened"), observations(&opened));
        }
        ProxyState::Nameless => {
            let servers = listed(reading.nameless.iter().map(Answer::server));
            (reading.sentence("nameless").with("resolver", servers), Confidence::Confirmed)
        }
        ProxyState::DeadTunnels(opened) => {
            let controls = reading.view.by(reading.via, Role::Control);
            let (variant, confidence) = dead_tunnel(&opened, &controls);
            (reading.sentence(variant), confidence)
        }
        ProxyState::Refuses(first) => {
            let own_loopback = reading.via.url.is_loopback();
            let unreached = first.observation.failed_step() == Some(Step::Connect);
            let confidence = if reading.alone && unreached && !own_loopback {
                Confidence::Likely
            } else {
                Confidence::Confirmed
            };
            (refusal(reading, &first), confidence)
        }
    };
    complete(proof(reading, text, confidence))
}

fn proof(reading: &ProxyReading<'_, '_>, text: Text, confidence: Confidence) -> Proof {
    let names = reading.nameless.iter().map(|answer| answer.observation);
    let controls = reading.view.by(reading.via, Role::Control);
    Proof::confirmed(Effect::Blocks, text, observations(&reading.connections))
        .supported_by(names)
        .supported_by(observations(&controls))
        .explaining(unanswered(reading.view, reading.via))
        .with_confidence(confidence)
        .with_detail("proxy", reading.via.url.to_string())
}

/// Where these parts' proxy is set.
fn sources(evidence: &Evidence<'_>, parts: &[Part]) -> Vec<String> {
    let settings = evidence.proxy_settings().iter();
    let of_these = settings.filter(|it| parts.contains(&it.part) && it.https_proxy.is_some());
    of_these.map(|setting| setting.source.clone()).collect()
}

/// The sentence for a tunnel without a handshake, and how sure it is that the proxy is the reason.
///
/// If another host's handshake fails in the same way, the proxy or its own way out is the reason:
/// the two share nothing else. If it passes, a filter behind the proxy is possible too.
fn dead_tunnel(
    tunnels: &[Connection<'_>],
    controls: &[Connection<'_>],
) -> (&'static str, Confidence) {
    if controls.iter().any(Connection::established) {
        return ("tunnel_hub", Confidence::Likely);
    }
    let silent = tunnels.iter().all(|tunnel| tunnel.token() == Some(Token::TimedOut));
    let alike = !controls.is_empty() && controls.iter().all(cut_in_handshake);
    (
        if silent { "tunnel_silent" } else { "tunnel_cut" },
        if alike { Confidence::Confirmed } else { Confidence::Likely },
    )
}

/// The sentence for the step at which the proxy stops the connection.
fn refusal(reading: &ProxyReading<'_, '_>, first: &Connection<'_>) -> Text {
    let (view, via) = (reading.view, reading.via);
    let about = |variant| reading.sentence(variant);
    let answer = first.facts.proxy.as_ref().and_then(|proxy| proxy.answer.as_ref());
    let said = |text: Text| match answer {
        Some(answer) => text.with("status", answer.status).with("answer", words(answer)),
        None => text,
    };
    if first.observation.failed_step() == Some(Step::Connect) {
        let in_a_container = view.vantage.is_in_a_container();
        return about(match first.token() {
            _ if in_a_container && via.url.is_loopback() => "loopback",
            Some(Token::TimedOut) => "silent",
            Some(Token::ConnectionRefused) => "refused",
            _ => "unreachable",
        });
    }
    match first.token() {
        Some(Token::ProxyAuthenticationRequired) => credentials(via, answer, about),
        Some(Token::ProxyForbidden) => {
            let others = view.by(via, Role::Control);
            let hub_alone = others.iter().any(Connection::connected);
            said(about(if hub_alone { "policy_hub" } else { "policy" }))
        }
        Some(Token::ProxyBadGateway) => said(about("gateway")),
        Some(Token::ProxyBadAnswer) => about("no_proxy"),
        Some(
            Token::TlsUnknownIssuer
            | Token::TlsNameMismatch
            | Token::TlsExpired
            | Token::TlsNotYetValid
            | Token::TlsBadCertificate,
        ) => about("certificate"),
        _ => about("cut"),
    }
}

/// The proxy requires credentials: does it accept a scheme that the URL can serve?
fn credentials(
    via: &Via,
    answer: Option<&ProxyAnswer>,
    about: impl Fn(&'static str) -> Text,
) -> Text {
    let schemes = answer.map(|answer| answer.schemes.as_slice()).unwrap_or_default();
    let basic = schemes.iter().any(|scheme| scheme.eq_ignore_ascii_case("basic"));
    if !schemes.is_empty() && !basic {
        return about("schemes").with("schemes", listed(schemes.iter()));
    }
    about(if via.url.has_credentials() { "wrong_credentials" } else { "credentials" })
}

/// The proxy's own text for the error, or else the status.
fn words(answer: &ProxyAnswer) -> Word {
    match (&answer.error, &answer.reason) {
        (Some(error), _) => format!("{} {error}", answer.status).into(),
        (None, Some(reason)) => format!("{} {reason}", answer.status).into(),
        (None, None) => answer.status.into(),
    }
}

/// The effect of a refusal: a warning where the direct way works and Edge Agent may take it.
fn effect(view: &View<'_>) -> Effect {
    let direct = view.on_the_way().iter().all(Connection::is_direct);
    match view.way() {
        Way::Either(_) if direct && !view.on_the_way().is_empty() => Effect::Warns,
        _ => effect_of_loss(view),
    }
}

/// The failed answers of all resolvers here for the proxy's name.
fn unanswered<'o>(view: &View<'o>, via: &Via) -> Vec<&'o Observation> {
    let named = |answer: &Answer<'o>| {
        answer.facts.name.trim_end_matches('.').eq_ignore_ascii_case(via.url.host())
    };
    let all = view.answers(Role::Proxy).filter(named).map(|answer| answer.observation);
    all.filter(|answer| answer.failed()).collect()
}
