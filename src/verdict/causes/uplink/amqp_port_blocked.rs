//! `amqp-port-blocked`: 5671 is closed, 443 to the same hub is open.

use edgeprobe_probes::endpoint::Transport;
use edgeprobe_probes::{Step, Token};

use crate::verdict::Confidence;
use crate::verdict::attributes::{BesideAProxy, SameInALog, SeenByTheEngine, Subject};
use crate::verdict::catalogue::Text;
use crate::verdict::causes::shared::{
    PortReading, at_each_vantage_by, cut_in_handshake, effect_of_loss, observations, peers, place,
    ports, those,
};
use crate::verdict::evidence::{Connection, Evidence, Manner, View};
use crate::verdict::rule::{Finding, Proof, Rule, refuted};

pub(in crate::verdict::causes) const RULE: Rule = Rule {
    subject: Subject::Hub,
    beside_a_proxy: BesideAProxy::OnTheDirectWay,
    applies_to_a_child: true,
    keeps_out: &[],
    same_in_a_log: SameInALog::Cause,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_about_a_vpn: false,
    examine,
};

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    at_each_vantage_by(evidence, &[Transport::Amqp], examine_view)
}

fn examine_view(view: &View<'_>) -> Vec<Finding> {
    let reading = PortReading::of(view, Transport::Amqp);
    // A port that opens and is cut where AMQP begins is good for nothing.
    let open = those(&reading.on_port, |c| c.established() && !cut_at_amqp(c));
    if !open.is_empty() {
        let text = Text::new("open").with("port", ports(&open));
        return refuted(text, observations(&open));
    }
    let established = those(&reading.elsewhere, Connection::established);
    let elsewhere = if established.is_empty() {
        those(&reading.elsewhere, Connection::connected)
    } else {
        established.clone()
    };
    let describe = |variant| {
        Text::new(variant)
            .with("port", ports(&reading.on_port))
            .with("address", peers(&reading.on_port))
            .with("other_port", ports(&elsewhere))
            .with("place", place(&view.vantage))
    };
    let proof = |text| {
        Proof::confirmed(effect_of_loss(view), text, observations(&reading.on_port))
            .supported_by(observations(&elsewhere))
    };
    if reading.is_closed_alone() {
        let silent = reading.on_port.iter().any(|c| c.manner() == Some(Manner::Silent));
        let text = match (elsewhere.iter().any(Connection::is_direct), view.way().via()) {
            (false, Some(via)) => describe("proxy").with("proxy", via.url.to_string()),
            _ => describe(if silent { "silent" } else { "refused" }),
        };
        return proof(text).alone();
    }
    // Some filters let the connection open, look at what is said on it, and cut it then.
    let cut = !reading.on_port.is_empty() && reading.on_port.iter().all(cut_in_handshake);
    if cut && !established.is_empty() {
        return proof(describe("cut")).with_confidence(Confidence::Likely).alone();
    }
    // Others recognise AMQP by its first bytes. IoT Hub itself ends connections so as well, of devices
    // that it does not let in; but those it does not let in by WebSocket either.
    let let_in = those(&reading.elsewhere, is_let_in);
    let is_cut = |c: &Connection<'_>| cut_at_amqp(c) && c.is_genuine();
    if !reading.on_port.is_empty() && reading.on_port.iter().all(is_cut) && !let_in.is_empty() {
        let text = describe("cut_at_amqp").with("other_port", ports(&let_in));
        return proof(text).with_confidence(Confidence::Likely).alone();
    }
    Vec::new()
}

/// Whether a connection was cut after TLS, before an answer in AMQP.
fn cut_at_amqp(connection: &Connection<'_>) -> bool {
    use Token::{ConnectionClosed, ConnectionReset, TimedOut};
    let cut = [ConnectionClosed, ConnectionReset, TimedOut];
    connection.observation.failed_step() == Some(Step::Amqp)
        && connection.token().is_some_and(|token| cut.contains(&token))
}

/// Whether IoT Hub itself speaks AMQP or MQTT with this device by WebSocket.
fn is_let_in(connection: &Connection<'_>) -> bool {
    let by_websocket = [Transport::AmqpWs, Transport::MqttWs];
    connection.is_direct()
        && by_websocket.contains(&connection.facts.transport)
        && connection.works()
        && connection.is_genuine()
}
