//! `websocket-blocked`: 443 answers, but the WebSocket upgrade does not pass.

use edgeprobe_facts::Token;
use edgeprobe_facts::endpoint::Transport;

use super::answer::{Answer, Answers, upgrades};
use crate::Confidence;
use crate::attributes::{Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy};
use crate::catalogue::Text;
use crate::causes::shared::{
    at_each_vantage_by_transport, effect_of_loss, observations, ports, those,
};
use crate::evidence::{Connection, Evidence, View};
use crate::rule::{Finding, Proof, Rule, refuted};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Hub,
    with_a_proxy: WithAProxy::TheSame,
    applies_to_a_child: true,
    keeps_out: &[],
    same_in_a_log: SameInALog::Cause,
    peer_in_a_log: PeerInALog::Any,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_about_a_vpn: false,
    ended_by: Party::Network,
    examine,
};

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let upgrades = [Transport::AmqpWs, Transport::MqttWs];
    at_each_vantage_by_transport(evidence, &upgrades, |view| examine_view(evidence, view))
}

fn examine_view<'o>(evidence: &Evidence<'o>, view: &View<'o>) -> Vec<Finding> {
    let passed = upgrades(view, |c| !c.observation.failed());
    if !passed.is_empty() {
        return refuted(Text::new("upgraded"), observations(&passed));
    }
    let stopped = Answers::from_view(evidence, view).with(Answer::UpgradeStopped);
    let Some(first) = stopped.first() else { return Vec::new() };
    let status = first.facts.http.as_ref().map(|http| http.status);
    let text = match (status, first.token()) {
        (Some(status), Some(Token::UpgradeRefused)) => Text::new("refused").with("status", status),
        (_, Some(Token::UpgradeWrongSubprotocol)) => Text::new("subprotocol"),
        (_, Some(Token::TimedOut)) => Text::new("silent"),
        _ => Text::new("cut"),
    };
    // The same hub answers a plain request on the same port: only the upgrade is objected to.
    let plain = those(&view.on(Transport::Https), Connection::works);
    let confidence = if plain.is_empty() { Confidence::Likely } else { Confidence::Confirmed };
    let text = text.with("port", ports(&stopped));
    Proof::confirmed(effect_of_loss(view), text, observations(&stopped))
        .supported_by(observations(&plain))
        .with_confidence(confidence)
        .alone()
}
