//! `proxy-rejects`: a proxy that a part of the runtime goes by refuses, or cannot be reached.

use edgeprobe_facts::endpoint::Via;
use edgeprobe_facts::proxy::ProxyAnswer;
use edgeprobe_facts::runtime::Part;
use edgeprobe_facts::{Observation, Role, Step, Token};
use serde_json::json;

use crate::attributes::{BesideAProxy, KeptOut, Party, SameInALog, SeenByTheEngine, Subject};
use crate::catalogue::{Text, Word};
use crate::causes::shared::{
    as_one, at_each_vantage, cut_in_handshake, effect_of_loss, no_graver_than_its_use,
    observations, place, those,
};
use crate::evidence::{Answer, ByProxy, Connection, Evidence, View};
use crate::rule::{Finding, Proof, Rule, refuted};
use crate::words::{listed, part};
use crate::{Confidence, Effect, Way};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Hub,
    beside_a_proxy: BesideAProxy::TheSame,
    applies_to_a_child: true,
    keeps_out: &[KeptOut::NoIdentity],
    same_in_a_log: SameInALog::Cause,
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
            let found = no_graver_than_its_use(evidence.used_by(&view.vantage), found);
            let at = place_of(&by_proxy.via);
            match of_each.iter_mut().find(|(known, _)| *known == at) {
                Some((_, findings)) => findings.extend(found),
                None => of_each.push((at, found)),
            }
        }
    }
    // One proxy that is lost to several parts is one finding; another proxy is another.
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
    let Some(via) = view.way().via() else { return Vec::new() };
    let connections = view.proxied_hub_connections();
    let nameless = if connections.is_empty() { nameless(view, via) } else { Vec::new() };
    match (Here { view, via, connections, nameless, alone }).finding() {
        Some(Found::Opens(finding)) => finding,
        Some(Found::Rejects(text, confidence, here)) => {
            here.proof(effect(view), text, confidence).alone()
        }
        None => Vec::new(),
    }
}

/// A proxy that other parts of the runtime go by.
fn examine_parts<'o>(
    evidence: &Evidence<'o>,
    view: &View<'o>,
    by_proxy: &ByProxy<'o>,
) -> Vec<Finding> {
    let here = Here {
        view,
        via: &by_proxy.via,
        connections: by_proxy.connections.clone(),
        nameless: by_proxy.nameless.clone(),
        alone: evidence.is_without_the_host(),
    };
    let (text, confidence, here) = match here.finding() {
        Some(Found::Opens(finding)) => return finding,
        Some(Found::Rejects(text, confidence, here)) => (text, confidence, here),
        None => return Vec::new(),
    };
    // Whoever is not provisioned for want of this proxy misses that before the hub.
    if evidence.keeps_from_provisioning(by_proxy) {
        return Vec::new();
    }
    let parts = &by_proxy.parts;
    let (effect, meaning) = evidence.effect_on_parts(view, parts);
    let text = text.with("parts", listed(parts.iter().copied().map(part))).followed_by(meaning);
    let no_way = view.no_way_to(&here.connections);
    here.proof(effect, text, confidence)
        .supported_by(no_way.iter().copied())
        .explaining(no_way)
        .explaining(evidence.unprovisioned_by(by_proxy))
        .with_detail("parts", parts.iter().map(|part| json!(part)).collect::<Vec<_>>())
        .with_detail("source", json!(sources(evidence, parts)))
        .alone()
}

/// Where these parts are told of their proxy.
fn sources(evidence: &Evidence<'_>, parts: &[Part]) -> Vec<String> {
    let settings = evidence.proxy_settings().iter();
    let of_these = settings.filter(|it| parts.contains(&it.part) && it.https_proxy.is_some());
    of_these.map(|setting| setting.source.clone()).collect()
}

/// A proxy, and what came of going by it from one vantage.
struct Here<'e, 'o> {
    view: &'e View<'o>,
    via: &'e Via,
    connections: Vec<Connection<'o>>,
    /// The answers for its name, where that has no address here.
    nameless: Vec<Answer<'o>>,
    /// Whether the host was not asked, so that what no packet reaches may be lost on this device.
    alone: bool,
}

/// What is to be said of it.
enum Found<'e, 'o> {
    Opens(Vec<Finding>),
    Rejects(Text, Confidence, Here<'e, 'o>),
}

impl<'e, 'o> Here<'e, 'o> {
    fn finding(self) -> Option<Found<'e, 'o>> {
        let opened = those(&self.connections, Connection::connected);
        if !opened.iter().all(cut_in_handshake) {
            return Some(Found::Opens(refuted(self.about("opened"), observations(&opened))));
        }
        let (text, confidence) = match self.connections.first() {
            None if self.nameless.is_empty() => return None,
            None => {
                let servers = listed(self.nameless.iter().map(Answer::server));
                (self.about("nameless").with("resolver", servers), Confidence::Confirmed)
            }
            Some(_) if !opened.is_empty() => {
                let controls = self.view.by(self.via, Role::Control);
                let (variant, confidence) = dead_tunnel(&opened, &controls);
                (self.about(variant), confidence)
            }
            Some(first) => {
                let about = |variant| self.about(variant);
                let own_loopback = self.via.url.is_loopback();
                let unreached = first.observation.failed_step() == Some(Step::Connect);
                let confidence = if self.alone && unreached && !own_loopback {
                    Confidence::Likely
                } else {
                    Confidence::Confirmed
                };
                (refusal(self.view, self.via, first, about), confidence)
            }
        };
        Some(Found::Rejects(text, confidence, self))
    }

    fn about(&self, variant: &'static str) -> Text {
        let text = Text::new(variant).with("proxy", self.via.url.to_string());
        text.with("place", place(&self.view.vantage))
    }

    fn proof(&self, effect: Effect, text: Text, confidence: Confidence) -> Proof {
        let names = self.nameless.iter().map(|answer| answer.observation);
        let controls = self.view.by(self.via, Role::Control);
        Proof::confirmed(effect, text, observations(&self.connections))
            .supported_by(names)
            .supported_by(observations(&controls))
            .explaining(unanswered(self.view, self.via))
            .with_confidence(confidence)
            .with_detail("proxy", self.via.url.to_string())
    }
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
