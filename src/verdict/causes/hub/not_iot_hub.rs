//! `not-iot-hub`: the endpoint answers, but it does not speak IoT Hub's protocol.

use edgeprobe_facts::Token;

use super::answer::{Answer, Answers};
use crate::Effect;
use crate::attributes::{Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy};
use crate::catalogue::{Text, Word};
use crate::causes::shared::{
    at_each_vantage, closed_where_another_answers, effect_of_loss, observations, peers, ports,
    those,
};
use crate::clouds::Doubt;
use crate::evidence::{Connection, Evidence, View};
use crate::rule::{Finding, Proof, Rule, refuted};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Hub,
    with_a_proxy: WithAProxy::TheSame,
    applies_to_a_child: false,
    keeps_out: &[],
    same_in_a_log: SameInALog::Cause,
    peer_in_a_log: PeerInALog::Any,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_about_a_vpn: false,
    ended_by: Party::Unknown,
    examine,
};

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    at_each_vantage(evidence, |view| examine_view(evidence, view))
}

fn examine_view<'o>(evidence: &Evidence<'o>, view: &View<'o>) -> Vec<Finding> {
    let hub = &evidence.target.hub;
    let answers = Answers::from_view(evidence, view);
    let connections = answers.connections();
    let foreign = answers.with(Answer::SomethingElse);
    if foreign.is_empty() {
        let genuine = those(&connections, |c| c.works() && c.is_genuine());
        return if genuine.is_empty() {
            Vec::new()
        } else {
            refuted(Text::new("genuine").with("port", ports(&genuine)), observations(&genuine))
        };
    }
    // IoT Hub's certificate is for its own name alone, which leads to the private endpoint as well.
    let private_link = match Doubt::about(hub) {
        Some(Doubt::PrivateLink(own)) => Some(own),
        _ => None,
    };
    let own_name =
        private_link.filter(|own| foreign.iter().any(|connection| connection.is_made_out_to(own)));
    let text = match &own_name {
        Some(own) => Text::new("private_link").with("own", own),
        None => Text::new(variant(&foreign)),
    };
    let text = text
        .with("hub", hub)
        .with("port", ports(&foreign))
        .with("address", peers(&foreign))
        .with("answer", answer(&foreign));
    // A server that is not the hub refuses the upgrade too.
    let another_on_the_web = connections.iter().any(|c| c.token() == Some(Token::HttpNotIotHub));
    let refusals = those(&connections, |c| {
        another_on_the_web
            && matches!(c.token(), Some(Token::UpgradeRefused | Token::UpgradeWrongSubprotocol))
    });
    // It does not serve the hub's other ports either.
    let elsewhere = closed_where_another_answers(&connections, &foreign);
    let effect = if connections.iter().any(shows_iot_hub) {
        effect_of_loss(view)
    } else {
        // Every MQTT server refuses an unknown client as IoT Hub does, so that this alone shows no
        // hub.
        Effect::Blocks
    };
    Proof::confirmed(effect, text, observations(&foreign))
        .explaining(observations(&refusals))
        .explaining(observations(&elsewhere))
        .alone()
}

/// Whether a connection works on a transport that only IoT Hub answers like this.
fn shows_iot_hub(connection: &Connection<'_>) -> bool {
    let only_speaks_mqtt = connection.facts.mqtt.is_some();
    connection.works() && !only_speaks_mqtt
}

fn variant(foreign: &[Connection<'_>]) -> &'static str {
    let any = |token: Token| foreign.iter().any(|c| c.token() == Some(token));
    if any(Token::AmqpNotIotHub) {
        "other_broker"
    } else if any(Token::AmqpHttpAnswer) {
        "http_on_amqp"
    } else if any(Token::TlsUnexpectedBytes) {
        "not_tls"
    } else if any(Token::TlsNameMismatch) || any(Token::TlsUnknownIssuer) {
        "other_certificate"
    } else {
        "other_protocol"
    }
}

/// An answer as a sentence can hold it.
fn shown(excerpt: &str) -> Word {
    let readable = excerpt.chars().any(|c| !c.is_whitespace() && c != char::REPLACEMENT_CHARACTER);
    if readable { excerpt.into() } else { Text::new("answer.no_text").into() }
}

/// What answered, in its own words.
fn answer(foreign: &[Connection<'_>]) -> Word {
    let first = foreign.iter().find_map(|connection| {
        let facts = connection.facts;
        let mechanisms = facts.amqp.as_ref().map(|amqp| amqp.mechanisms.join(", ").into());
        let subject =
            facts.tls.as_ref().and_then(|tls| tls.chain.first()).map(|leaf| (&leaf.subject).into());
        match connection.token() {
            Some(Token::AmqpNotIotHub) => mechanisms,
            Some(Token::TlsNameMismatch | Token::TlsUnknownIssuer) => subject,
            _ => facts.unexpected.as_deref().map(shown),
        }
    });
    first.unwrap_or_else(|| Text::new("answer.unknown").into())
}
