//! `tls-intercepted`: another certificate comes in place of IoT Hub's.

use edgeprobe_facts::Token;
use edgeprobe_facts::endpoint::TrustResult;
use edgeprobe_facts::proxy::{ProxyUrl, authority};

use super::peer::{Peer, Peers, is_intercepted};
use crate::attributes::{Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy};
use crate::catalogue::Text;
use crate::causes::shared::{
    at_each_vantage, closed_where_another_answers, controls, effect_of_loss, observations, place,
    ports, those,
};
use crate::evidence::{ByProxy, Connection, Evidence, View};
use crate::rule::{Finding, Proof, Rule, refuted};
use crate::{Confidence, Effect};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Hub,
    with_a_proxy: WithAProxy::TheSame,
    applies_to_a_child: false,
    keeps_out: &[],
    same_in_a_log: SameInALog::Cause,
    peer_in_a_log: PeerInALog::Any,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_about_a_vpn: false,
    ended_by: Party::Network,
    examine,
};

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let hub = &evidence.target.hub;
    at_each_vantage(evidence, |view| {
        let mut found = examine_view(evidence, view);
        let by_parts = evidence.parts_by_proxy(view).into_iter();
        found.extend(by_parts.filter_map(|by| of_parts(view, hub, &by)).map(Finding::Proved));
        found
    })
}

/// The proof that a proxy of other parts of the runtime presents its own certificate, which they do
/// not accept.
fn of_parts(view: &View<'_>, hub: &str, by: &ByProxy<'_>) -> Option<Proof> {
    let foreign = those(&by.connections, |c| is_intercepted(c, hub) && !c.is_accepted());
    if foreign.is_empty() {
        return None;
    }
    let text = Text::new("proxy")
        .with("hub", hub)
        .with("port", ports(&foreign))
        .with("issuer", issuer(&foreign))
        .with("place", place(&view.vantage))
        .with("proxy", by.via.url.to_string())
        .with_any("proxy_address", proxy_address(&by.via.url));
    let proof = Proof::confirmed(Effect::Degrades, text, observations(&foreign));
    Some(proof.with_detail("issuer", issuer(&foreign)))
}

fn examine_view<'o>(evidence: &Evidence<'o>, view: &View<'o>) -> Vec<Finding> {
    let hub = &evidence.target.hub;
    let peers = Peers::from_view(evidence, view);
    let foreign = peers.with(Peer::Interceptor);
    let verified =
        peers.those(|c| c.trust().is_some_and(|trust| trust.public == TrustResult::Trusted));
    let text = |variant, of: &[Connection<'_>]| {
        Text::new(variant)
            .with("hub", hub)
            .with("port", ports(of))
            .with_any("one_port", of.iter().map(|connection| connection.facts.port).min())
            .with("issuer", issuer(of))
            .with("place", place(&view.vantage))
    };
    if foreign.is_empty() {
        return if verified.is_empty() {
            Vec::new()
        } else {
            refuted(text("verified", &verified), observations(&verified))
        };
    }
    // The runtime's containers verify with the store of their own image, which lacks a root that
    // was added to the host's: success on this host shows nothing for them.
    if foreign.iter().all(Connection::is_accepted) {
        // One that passes traffic on is judged by its certificate.
        let passes = foreign.iter().any(Connection::works);
        let in_its_place = those(&foreign, |c| !passes && answers_itself(c));
        let status = in_its_place.iter().find_map(|c| c.facts.http.as_ref()).map(|it| it.status);
        let (text, confidence) = match status {
            Some(status) => {
                (text("kept_back", &in_its_place).with("status", status), Confidence::Confirmed)
            }
            None => (text("trusted", &foreign), Confidence::Likely),
        };
        // An interceptor that answers in the hub's place on one port passes nothing on its other
        // ports.
        let closed = closed_where_another_answers(&view.on_the_way(), &in_its_place);
        return Proof::confirmed(effect_of_loss(view), text, observations(&foreign))
            .with_confidence(confidence)
            .explaining(observations(&closed))
            .with_detail("issuer", issuer(&foreign))
            .alone();
    }
    let by_proxy = foreign.iter().find_map(|connection| connection.facts.proxy.as_ref());
    let same_issuer = those(&controls(view), |control| {
        control.is_foreign() && issuer(&[*control]) == issuer(&foreign)
    });
    let summary = match by_proxy {
        Some(proxy) => text("proxy", &foreign)
            .with("proxy", proxy.url.to_string())
            .with_any("proxy_address", proxy_address(&proxy.url)),
        None if verified.is_empty() => text("unknown", &foreign),
        None => text("partly", &foreign).with("other_port", ports(&verified)),
    };
    Proof::confirmed(effect_of_loss(view), summary, observations(&foreign))
        .supported_by(observations(&same_issuer))
        .supported_by(observations(&verified))
        .with_detail("issuer", issuer(&foreign))
        .alone()
}

/// Whether what intercepts answers in the hub's place, with words that are not the hub's.
fn answers_itself(connection: &Connection<'_>) -> bool {
    use Token::{AmqpHttpAnswer, AmqpNotIotHub, HttpNotIotHub, UpgradeRefused};
    let token = connection.token();
    let in_its_place = [HttpNotIotHub, UpgradeRefused, AmqpHttpAnswer, AmqpNotIotHub];
    token.is_some_and(|token| in_its_place.contains(&token)) && !connection.speaks_as_the_hub()
}

/// The proxy as `openssl` takes it, which cannot use TLS to a proxy.
fn proxy_address(url: &ProxyUrl) -> Option<String> {
    (!url.tls()).then(|| authority(url.host(), url.port()))
}

fn issuer(connections: &[Connection<'_>]) -> String {
    let leaf = connections.iter().find_map(Connection::leaf);
    leaf.map(|leaf| leaf.issuer.clone()).unwrap_or_default()
}
