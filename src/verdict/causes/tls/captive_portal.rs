//! `captive-portal`: a portal answers in place of everything.

use edgeprobe_facts::Role;
use edgeprobe_facts::endpoint::Transport;

use super::peer::{Peer, Peers, answers_as_a_portal};
use crate::attributes::{Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy};
use crate::catalogue::Text;
use crate::causes::shared::{at_each_vantage, controls, failures, observations, those};
use crate::evidence::{Connection, Evidence, View};
use crate::rule::{Finding, Proof, Rule, refuted};
use crate::{Confidence, Effect};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Hub,
    with_a_proxy: WithAProxy::OnTheDirectWay,
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
    at_each_vantage(evidence, |view| examine_view(evidence, view))
}

fn examine_view<'o>(evidence: &Evidence<'o>, view: &View<'o>) -> Vec<Finding> {
    let hub = &evidence.target.hub;
    let peers = Peers::from_view(evidence, view);
    let genuine = peers.those(Connection::is_genuine);
    if !genuine.is_empty() {
        return refuted(Text::new("genuine"), observations(&genuine));
    }
    let portal = peers.with(Peer::Portal);
    let Some(first) = portal.first() else {
        return on_plain_http(evidence, view).map(Proof::alone).unwrap_or_default();
    };
    let same = those(&controls(view), |control| is_the_same_portal(control, first));
    let confidence = if same.is_empty() { Confidence::Likely } else { Confidence::Confirmed };
    let text = answer_of(first).with("hub", hub).with_any("interface", uplink(evidence));
    Proof::confirmed(Effect::Blocks, text, observations(&portal))
        .supported_by(observations(&same))
        .with_confidence(confidence)
        .explaining(failures(&view.on_the_way()))
        .alone()
}

/// A portal that does not answer TLS and answers plain HTTP alone: at the hub's address, which
/// serves no HTTP, and in the same way at the control's.
fn on_plain_http(evidence: &Evidence<'_>, view: &View<'_>) -> Option<Proof> {
    let hub = &evidence.target.hub;
    let plain = |role| -> Vec<Connection<'_>> {
        view.connections(role).filter(|c| c.facts.transport == Transport::Http).collect()
    };
    let at_the_hub = those(&plain(Role::Detour), |c| answers_as_a_portal(c, hub));
    let first = *at_the_hub.first()?;
    // Any website may redirect its visitors; only a portal redirects for every site.
    let same = those(&plain(Role::Control), |control| {
        let control = (status(control), site(control));
        control == (Some(511), None) || (control.1.is_some() && control.1 == site(&first))
    });
    if same.is_empty() {
        return None;
    }
    let kept_out = evidence.all().iter().filter(|seen| {
        let facts = seen.facts.endpoint();
        seen.failed() && facts.is_some_and(|f| matches!(f.role, Role::Hub | Role::Control))
    });
    let text = answer_of(&first).with("hub", hub).with_any("interface", uplink(evidence));
    let proof = Proof::confirmed(Effect::Blocks, text, observations(&at_the_hub));
    Some(proof.supported_by(observations(&same)).explaining(kept_out))
}

/// The interface that the portal knows this device by.
fn uplink<'o>(evidence: &Evidence<'o>) -> Option<&'o str> {
    evidence.host().interface_to(|_| true)
}

/// The host that a redirection leads to.
fn site(connection: &Connection<'_>) -> Option<String> {
    let location = location(connection)?;
    let (_, rest) = location.split_once("://")?;
    rest.split(['/', '?', ':']).next().map(str::to_ascii_lowercase)
}

fn answer_of(portal: &Connection<'_>) -> Text {
    match location(portal) {
        Some(location) => Text::new("redirects").with("location", location),
        None => Text::new("answers").with("status", status(portal).unwrap_or_default()),
    }
}

/// Whether the control host was answered by the same portal: the same certificate, or the same
/// place to go.
fn is_the_same_portal(control: &Connection<'_>, portal: &Connection<'_>) -> bool {
    let certificate = |connection: &Connection<'_>| {
        connection.tls().and_then(|tls| tls.chain.first()).map(|leaf| leaf.sha256.clone())
    };
    let same_certificate =
        certificate(portal).is_some() && certificate(control) == certificate(portal);
    let same_place = location(portal).is_some() && location(control) == location(portal);
    same_certificate || same_place || status(control) == Some(511)
}

fn location(connection: &Connection<'_>) -> Option<String> {
    connection.facts.http.as_ref()?.location.clone()
}

fn status(connection: &Connection<'_>) -> Option<u16> {
    Some(connection.facts.http.as_ref()?.status)
}
