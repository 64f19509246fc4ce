//! `websocket-blocked`: 443 answers, but the WebSocket upgrade does not pass.

use edgeprobe_facts::endpoint::Transport;
use edgeprobe_facts::{Step, Token};

use crate::Confidence;
use crate::attributes::{BesideAProxy, Party, PeerInALog, SameInALog, SeenByTheEngine, Subject};
use crate::catalogue::Text;
use crate::causes::shared::{at_each_vantage_by, effect_of_loss, observations, ports, those};
use crate::evidence::{Connection, Evidence, View, refuses_the_device};
use crate::rule::{Finding, Proof, Rule, refuted};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Hub,
    beside_a_proxy: BesideAProxy::TheSame,
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
    at_each_vantage_by(evidence, &upgrades, |view| examine_view(evidence, view))
}

fn examine_view(evidence: &Evidence<'_>, view: &View<'_>) -> Vec<Finding> {
    let mut upgrades = view.on(Transport::AmqpWs);
    upgrades.extend(view.on(Transport::MqttWs));
    let passed = those(&upgrades, |c| !c.observation.failed());
    if !passed.is_empty() {
        return refuted(Text::new("upgraded"), observations(&passed));
    }
    // A parent's authority is its own, and perhaps none that is known here.
    let is_right = |connection: &Connection<'_>| {
        connection.is_accepted()
            || (evidence.target.parent.is_some() && connection.is_made_out_to(&evidence.target.hub))
    };
    let stopped = those(&upgrades, |c| is_right(c) && stopped_at_the_upgrade(c));
    let Some(first) = stopped.first() else { return Vec::new() };
    let status = first.facts.http.as_ref().map(|http| http.status);
    let text = match (status, first.token()) {
        (Some(status), Some(Token::UpgradeRefused)) => Text::new("refused").with("status", status),
        (_, Some(Token::UpgradeWrongSubprotocol)) => Text::new("subprotocol"),
        (_, Some(Token::TimedOut)) => Text::new("silent"),
        _ => Text::new("cut"),
    };
    // The same hub answering a plain request on the same port leaves only the upgrade to object to;
    // where that request fails too, the upgrade is not what is objected to.
    let requests = view.on(Transport::Https);
    let plain = those(&requests, Connection::works);
    if plain.is_empty() && !requests.is_empty() {
        return Vec::new();
    }
    let confidence = if plain.is_empty() { Confidence::Likely } else { Confidence::Confirmed };
    let text = text.with("port", ports(&stopped));
    Proof::confirmed(effect_of_loss(view), text, observations(&stopped))
        .supported_by(observations(&plain))
        .with_confidence(confidence)
        .alone()
}

/// Whether a connection ended at the upgrade or inside the WebSocket.
///
/// A peer that asked for a client certificate is IoT Hub itself, not something in the way.
fn stopped_at_the_upgrade(connection: &Connection<'_>) -> bool {
    connection.observation.failed_step() >= Some(Step::Upgrade)
        && connection.token() != Some(Token::ClientCertificateWanted)
        && connection.token() != Some(Token::AmqpNotIotHub)
        && !is_the_hubs_own_word(connection)
}

/// Whether the refusal bears IoT Hub's mark and says more than that a request is malformed, as one is
/// whose upgrade was taken out on the way: then the hub does not let this device in.
fn is_the_hubs_own_word(connection: &Connection<'_>) -> bool {
    connection
        .facts
        .http
        .as_ref()
        .is_some_and(|http| http.iothub_errorcode.is_some() && refuses_the_device(http.status))
}
