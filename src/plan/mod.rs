//! From settings to questions: what is asked first, and what an answer makes worth asking.
//!
//! Pure: a plan asks nothing itself. The run asks the opening questions at once, hands each
//! observation back, and asks what follows from it, so everything that can be concurrent is, and an
//! address is connected to the moment that anyone names it.

mod hub_name;
mod phase;
mod ports;
mod question;

pub use hub_name::{HubName, HubNameError};
pub use phase::Phase;
pub use ports::{Ports, PortsError};
pub use question::Question;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use edgeprobe_probes::endpoint::{Endpoint, Transport};
use edgeprobe_probes::engine::Container;
use edgeprobe_probes::{Facts, Observation, Probe, Role, Step, Token};

use crate::verdict::Target;

/// At most this many addresses of the hub are connected to; IoT Hub's names have one to four.
const MOST_ADDRESSES: usize = 8;

/// What a run is to find out.
#[derive(Clone, Debug)]
pub struct Plan {
    pub target: Target,
    /// The kinds of probes that take part.
    pub probes: BTreeSet<Probe>,
    /// The name servers to ask, each on its own.
    pub name_servers: Vec<SocketAddr>,
    /// Whether the system's own resolver decides, or, where `--resolver` stands in for it, the
    /// name servers.
    pub ask_system: bool,
    /// The ports that the hub serves its transports on.
    pub hub_ports: HubPorts,
    /// Another host, asked the same questions beside the hub.
    pub control: Control,
}

/// The ports that a hub serves; IoT Hub's own by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HubPorts {
    pub amqp: u16,
    pub mqtt: u16,
    /// HTTPS and everything over WebSocket.
    pub web: u16,
}

impl Default for HubPorts {
    fn default() -> Self {
        Self { amqp: 5671, mqtt: 8883, web: 443 }
    }
}

impl HubPorts {
    fn of(self, transport: Transport) -> u16 {
        match transport {
            Transport::Amqp => self.amqp,
            Transport::Mqtt => self.mqtt,
            Transport::AmqpWs | Transport::MqttWs | Transport::Https => self.web,
        }
    }
}

/// A host that every IoT Edge device talks to, beside its hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    pub host: String,
    pub port: u16,
}

impl Default for Control {
    /// The registry that the runtime's own images come from.
    fn default() -> Self {
        Self { host: "mcr.microsoft.com".to_owned(), port: 443 }
    }
}

impl Plan {
    /// The questions that depend on no answer.
    pub fn opening(&self) -> Vec<Question> {
        let mut questions = self.names();
        if self.asks(Probe::Engine) {
            questions.push(Question::Engine);
        } else {
            questions.extend(self.ports(&[]));
        }
        questions
    }

    /// The questions that an observation makes worth asking.
    pub fn follow_up(&self, observation: &Observation) -> Vec<Question> {
        match &observation.facts {
            Facts::Dns(facts) if facts.role == Role::Hub && observation.failed() => self.way_out(),
            Facts::Dns(facts) if facts.role == Role::Hub => {
                facts.ips().take(MOST_ADDRESSES).flat_map(|peer| self.connections(peer)).collect()
            }
            Facts::Dns(facts) => facts
                .ips()
                .next()
                .into_iter()
                .map(|peer| self.control_at(peer, self.control.port))
                .collect(),
            Facts::Engine(facts) => self.ports(&facts.containers),
            Facts::Tls(facts) | Facts::Websocket(facts) | Facts::Https(facts)
                if facts.role == Role::Hub && was_cut_in_the_handshake(observation) =>
            {
                vec![self.control_at(facts.peer, facts.port)]
            }
            _ => Vec::new(),
        }
    }

    fn asks(&self, probe: Probe) -> bool {
        self.probes.contains(&probe)
    }

    /// The transports to try at each of the hub's addresses.
    fn transports(&self) -> Vec<Transport> {
        let mut transports: Vec<Transport> = self
            .target
            .protocols
            .iter()
            .copied()
            .filter(|transport| match transport {
                Transport::Amqp | Transport::Mqtt => self.asks(Probe::Tls),
                Transport::AmqpWs | Transport::MqttWs => self.asks(Probe::Websocket),
                Transport::Https => false,
            })
            .collect();
        if self.asks(Probe::Https) || self.asks(Probe::Clock) {
            transports.push(Transport::Https);
        }
        transports
    }

    /// The hub's name, and the control's, of every resolver. A run that only connects asks no more
    /// than it needs to have an address.
    fn names(&self) -> Vec<Question> {
        let needs_an_address = !self.transports().is_empty() || self.asks(Probe::Route);
        if !self.asks(Probe::Dns) && !needs_an_address {
            return Vec::new();
        }
        let mut names = vec![(self.target.hub.clone(), Role::Hub)];
        if self.asks(Probe::Dns) || self.asks(Probe::Https) {
            names.push((self.control.host.clone(), Role::Control));
        }
        let mut questions = Vec::new();
        for (name, role) in names {
            if self.ask_system {
                questions.push(Question::System { name: name.clone(), role });
            }
            if self.asks(Probe::Dns) || !self.ask_system {
                let ask = |server: &SocketAddr| Question::Server {
                    server: *server,
                    name: name.clone(),
                    role,
                };
                questions.extend(self.name_servers.iter().map(ask));
            }
        }
        questions
    }

    /// Without an address of the hub, whether there is a way out at all.
    fn way_out(&self) -> Vec<Question> {
        if self.asks(Probe::Route) { vec![Question::way_out()] } else { Vec::new() }
    }

    fn connections(&self, peer: std::net::IpAddr) -> Vec<Question> {
        let mut questions = Vec::new();
        if self.asks(Probe::Route) {
            questions.push(Question::Route { destination: peer });
        }
        questions.extend(self.transports().into_iter().map(|transport| Question::Connect {
            endpoint: Endpoint {
                transport,
                role: Role::Hub,
                server: self.target.hub.clone(),
                port: self.hub_ports.of(transport),
            },
            peer,
        }));
        questions
    }

    /// A handshake with the control's name. At the hub's own address it shows whether it is the
    /// name that something on the way objects to.
    fn control_at(&self, peer: std::net::IpAddr, port: u16) -> Question {
        let endpoint = Endpoint {
            transport: Transport::Https,
            role: Role::Control,
            server: self.control.host.clone(),
            port,
        };
        Question::Connect { endpoint, peer }
    }

    fn ports(&self, containers: &[Container]) -> Vec<Question> {
        if !self.asks(Probe::Ports) {
            return Vec::new();
        }
        let ask = |port: &u16| Question::Port { port: *port, containers: containers.into() };
        self.target.ports.iter().map(ask).collect()
    }
}

/// Whether the peer, or something before it, ended the handshake without a word about a
/// certificate.
fn was_cut_in_the_handshake(observation: &Observation) -> bool {
    observation.failed_step() == Some(Step::Tls)
        && matches!(
            observation.token(),
            Some(
                Token::ConnectionReset
                    | Token::ConnectionClosed
                    | Token::TimedOut
                    | Token::TlsAlert
                    | Token::TlsHandshakeFailed
            )
        )
}
