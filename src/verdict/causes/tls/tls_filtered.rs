//! `tls-filtered`: the handshake is cut on the hub's name or on the protocol version.

use edgeprobe_facts::endpoint::Detour;
use edgeprobe_facts::{Role, Token};

use super::peer::{Peer, Peers};
use crate::Confidence;
use crate::attributes::{Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy};
use crate::catalogue::Text;
use crate::causes::shared::{
    at_each_vantage, controls, effect_of_loss, observations, peers, place, ports, those,
};
use crate::evidence::{Connection, Evidence, View};
use crate::rule::{Finding, Proof, Rule, refuted};

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
    let connections = Peers::from_view(evidence, view);
    let established = connections.those(Connection::established);
    let cut = connections.with(Peer::CutHandshake);
    if cut.is_empty() {
        return if established.is_empty() {
            Vec::new()
        } else {
            refuted(
                Text::new("established").with("port", ports(&established)),
                observations(&established),
            )
        };
    }
    // The same address and port with another server name: if that handshake completes, something on
    // the way filters the hub's name.
    let other_name: Vec<Connection<'_>> = view
        .connections(Role::Control)
        .filter(|control| {
            cut.iter()
                .any(|c| c.facts.peer == control.facts.peer && c.facts.port == control.facts.port)
                && control.tls().is_some_and(|tls| tls.established || !tls.chain.is_empty())
        })
        .collect();
    let text = |variant| {
        Text::new(variant)
            .with("hub", hub)
            .with("port", ports(&cut))
            .with("address", peers(&cut))
            .with("place", place(&view.vantage))
    };
    let effect = effect_of_loss(view);
    if !other_name.is_empty() {
        let other = other_name.first().map(|c| c.facts.server.clone()).unwrap_or_default();
        return Proof::confirmed(effect, text("name").with("other", other), observations(&cut))
            .supported_by(observations(&other_name))
            .alone();
    }
    // The same with TLS 1.2 alone: if that completes, something on the way filters TLS 1.3.
    let older = those(&view.connections(Role::Detour).collect::<Vec<_>>(), |control| {
        control.facts.detour == Some(Detour::Tls12)
            && control.established()
            && cut.iter().any(|c| c.facts.socket() == control.facts.socket())
    });
    if !older.is_empty() {
        return Proof::confirmed(effect, text("version_1_3"), observations(&cut))
            .supported_by(observations(&older))
            .alone();
    }
    if cut.iter().all(|c| c.token() == Some(Token::TlsAlert)) {
        return Proof::confirmed(effect, text("version"), observations(&cut))
            .with_confidence(Confidence::Likely)
            .alone();
    }
    // Handshakes with other hosts succeed on this port, so TLS in general passes.
    let elsewhere = those(&controls(view), Connection::established);
    if elsewhere.is_empty() && established.is_empty() {
        return Vec::new();
    }
    Proof::confirmed(effect, text("destination"), observations(&cut))
        .supported_by(observations(&elsewhere))
        .with_confidence(Confidence::Likely)
        .alone()
}
