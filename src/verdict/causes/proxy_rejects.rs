//! `proxy-rejects`: the proxy on Edge Agent's way refuses, or cannot be reached.

use edgeprobe_probes::endpoint::Via;
use edgeprobe_probes::proxy::ProxyAnswer;
use edgeprobe_probes::{Observation, Role, Step, Token, Vantage};

use super::shared::{
    at_each_vantage, cut_in_handshake, effect_of_loss, observations, place, those,
};
use crate::verdict::catalogue::{Text, Word};
use crate::verdict::cause::CauseId;
use crate::verdict::evidence::{Answer, Connection, Evidence, View};
use crate::verdict::rule::{Finding, Proof, Rule, refuted};
use crate::verdict::words::listed;
use crate::verdict::{Confidence, Effect, Way};

pub(super) const RULE: Rule = Rule { id: CauseId::ProxyRejects, examine };

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    at_each_vantage(evidence, examine_view)
}

fn examine_view(view: &View<'_>) -> Vec<Finding> {
    let Some(via) = view.way().via() else { return Vec::new() };
    let connections = view.by_the_way_s_proxy();
    let opened = those(&connections, Connection::connected);
    let about = |variant| {
        Text::new(variant).with("proxy", via.url.to_string()).with("place", place(&view.vantage))
    };
    if !opened.iter().all(cut_in_handshake) {
        return refuted(about("opened"), observations(&opened));
    }
    let nameless = nameless(view, via);
    let controls = view.by(via, Role::Control);
    let (text, confidence) = match connections.first() {
        None if nameless.is_empty() => return Vec::new(),
        None => {
            let servers = listed(nameless.iter().map(Answer::server));
            (about("nameless").with("resolver", servers), Confidence::Confirmed)
        }
        Some(_) if !opened.is_empty() => {
            let (variant, confidence) = dead_tunnel(&opened, &controls);
            (about(variant), confidence)
        }
        Some(first) => (refusal(view, via, first, about), Confidence::Confirmed),
    };
    let names = nameless.iter().map(|answer| answer.observation);
    Proof::confirmed(effect(view), text, observations(&connections))
        .supported_by(names.clone())
        .supported_by(observations(&controls))
        .explaining(unanswered(view, via))
        .with_confidence(confidence)
        .with_detail("proxy", via.url.to_string())
        .alone()
}

/// The sentence for a tunnel that the proxy opens and through which no handshake comes, and how sure
/// it is that the proxy is why.
///
/// Where another host's handshake fares alike, it is the proxy or its own way out: the two have
/// nothing else in common. Where that one passes, a filter behind the proxy may do the same.
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

/// What is in the way, in the order in which it would be met.
fn refusal(
    view: &View<'_>,
    via: &Via,
    first: &Connection<'_>,
    about: impl Fn(&'static str) -> Text,
) -> Text {
    let answer = first.facts.proxy.as_ref().and_then(|proxy| proxy.answer.as_ref());
    let said = |text: Text| match answer {
        Some(answer) => text.with("status", answer.status).with("answer", words(answer)),
        None => text,
    };
    if first.observation.failed_step() == Some(Step::Connect) {
        let in_a_container = matches!(view.vantage, Vantage::Bridge(_));
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

/// The proxy wants to know who asks: what of its wishes could the URL meet?
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

/// The proxy's own word for what is wrong, else its number.
fn words(answer: &ProxyAnswer) -> Word {
    match (&answer.error, &answer.reason) {
        (Some(error), _) => format!("{} {error}", answer.status).into(),
        (None, Some(reason)) => format!("{} {reason}", answer.status).into(),
        (None, None) => answer.status.into(),
    }
}

/// What a refusal does: nothing where the direct way works and may be the one that is taken.
fn effect(view: &View<'_>) -> Effect {
    let direct = view.on_the_way().iter().all(Connection::is_direct);
    match view.way() {
        Way::Either(_) if direct && !view.on_the_way().is_empty() => Effect::Warns,
        _ => effect_of_loss(view),
    }
}

/// The answers of resolvers here, if none has an address of the proxy.
fn nameless<'o>(view: &View<'o>, via: &Via) -> Vec<Answer<'o>> {
    let answers = view.proxy_answers(via);
    let all_failed = answers.iter().all(|answer| is_failed(answer.observation));
    if all_failed { answers } else { Vec::new() }
}

/// The failed answers of all resolvers here for the proxy's name.
fn unanswered<'o>(view: &View<'o>, via: &Via) -> Vec<&'o Observation> {
    let named = |answer: &Answer<'o>| {
        answer.facts.name.trim_end_matches('.').eq_ignore_ascii_case(via.url.host())
    };
    let all = view.answers(Role::Proxy).filter(named).map(|answer| answer.observation);
    all.filter(|answer| answer.failed()).collect()
}

fn is_failed(observation: &Observation) -> bool {
    observation.failed()
}
