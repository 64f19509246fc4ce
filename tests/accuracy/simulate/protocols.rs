//! What a peer says inside TLS: HTTP, WebSocket, AMQP and MQTT.

use edgeprobe_facts::endpoint::{AmqpFacts, EndpointFacts, HttpFacts, MqttFacts, Transport};
use edgeprobe_facts::{Failure, Step, Token};

use super::peers::{Met, NOW, failure};
use super::record::Record;
use crate::world::{Middlebox, Peer, World};

impl World {
    /// What is said inside TLS.
    pub(super) fn speak(
        &self,
        met: &Met,
        facts: &mut EndpointFacts,
        record: &mut Record,
    ) -> Result<(), Failure> {
        let peer = match met {
            Met::Peer(peer) => Some(*peer),
            Met::Intercepted { .. } => {
                self.peers.iter().find(|(address, _)| *address == facts.peer).map(|it| it.1)
            }
            _ => None,
        };
        let mut step = |step, token: Option<Token>| {
            record.add(step, token.is_none());
            record.took(facts.round_trip_ms.unwrap_or(1.0));
            token.map_or(Ok(()), |token| Err(failure(step, token)))
        };
        match facts.transport {
            Transport::Amqp => step(Step::Amqp, greet_amqp(peer, &mut facts.amqp)),
            Transport::Mqtt => {
                step(Step::Mqtt, greet_mqtt(peer, self.early_connects_lost, &mut facts.mqtt))
            }
            Transport::Https => {
                let (http, token) = self.request(peer);
                facts.http = Some(http);
                step(Step::Http, token)
            }
            Transport::Http => {
                facts.http = Some(self.portal());
                step(Step::Http, None)
            }
            Transport::AmqpWs | Transport::MqttWs => {
                let is_amqp = facts.transport == Transport::AmqpWs;
                let (http, token) = self.upgrade(peer, is_amqp);
                facts.http = Some(http);
                step(Step::Upgrade, token)?;
                if is_amqp {
                    step(Step::Amqp, greet_amqp(peer, &mut facts.amqp))
                } else {
                    step(Step::Mqtt, greet_mqtt(peer, 0, &mut facts.mqtt))
                }
            }
        }
    }

    fn answered(&self, status: u16) -> HttpFacts {
        let device_time = NOW + self.clock_ahead_s;
        HttpFacts {
            status,
            date: Some(NOW as i64),
            device_time: Some(device_time),
            ..HttpFacts::default()
        }
    }

    fn page(&self) -> HttpFacts {
        let body = Some("<html><body>Welcome</body></html>".to_owned());
        HttpFacts { body, ..self.answered(200) }
    }

    fn portal(&self) -> HttpFacts {
        let location = Some("http://portal.site.example/login".to_owned());
        HttpFacts { location, ..self.answered(302) }
    }

    fn request(&self, peer: Option<Peer>) -> (HttpFacts, Option<Token>) {
        match peer {
            Some(Peer::Hub | Peer::Parent) => {
                let iothub_errorcode = Some("InvalidProtocolVersion".to_owned());
                (HttpFacts { iothub_errorcode, ..self.answered(400) }, None)
            }
            Some(Peer::Control | Peer::Service) => (self.answered(200), None),
            Some(Peer::Broker | Peer::Page) => (self.page(), Some(Token::HttpNotIotHub)),
            None => (self.portal(), Some(Token::HttpNotIotHub)),
        }
    }

    fn upgrade(&self, peer: Option<Peer>, is_amqp: bool) -> (HttpFacts, Option<Token>) {
        let filtered = self.site.middlebox == Some(Middlebox::UpgradeFilter);
        match peer {
            Some(Peer::Hub | Peer::Parent) if filtered => {
                (self.answered(403), Some(Token::UpgradeRefused))
            }
            Some(Peer::Hub | Peer::Parent) => {
                let subprotocol = Some(if is_amqp { "AMQPWSB10" } else { "mqtt" }.to_owned());
                (HttpFacts { subprotocol, ..self.answered(101) }, None)
            }
            Some(_) => (self.page(), Some(Token::UpgradeRefused)),
            None => (self.portal(), Some(Token::UpgradeRefused)),
        }
    }
}

fn greet_amqp(peer: Option<Peer>, facts: &mut Option<AmqpFacts>) -> Option<Token> {
    let mechanisms: &[&str] = match peer {
        Some(Peer::Hub | Peer::Parent) => &["EXTERNAL", "MSSBCBS", "ANONYMOUS", "PLAIN"],
        Some(Peer::Broker) => &["PLAIN", "AMQPLAIN"],
        _ => return Some(Token::ConnectionClosed),
    };
    *facts = Some(AmqpFacts {
        header: "AMQP 3.1.0.0".to_owned(),
        mechanisms: mechanisms.iter().map(ToString::to_string).collect(),
    });
    matches!(peer, Some(Peer::Broker)).then_some(Token::AmqpNotIotHub)
}

/// A broker that is not IoT Hub refuses a stranger as IoT Hub does.
fn greet_mqtt(
    peer: Option<Peer>,
    lost_at_once: u32,
    facts: &mut Option<MqttFacts>,
) -> Option<Token> {
    if !matches!(peer, Some(Peer::Hub | Peer::Parent | Peer::Broker)) {
        return Some(Token::ConnectionClosed);
    }
    *facts = Some(MqttFacts { connack: 5, lost_at_once });
    None
}
