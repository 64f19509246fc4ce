//! From settings to questions: given what has been seen, what is worth asking, and from where?
//!
//! Pure: a plan asks nothing itself. [`Plan::questions`] names every question that is worth asking
//! in the light of the observations so far; the run asks those that it has not asked yet, all at
//! once, and comes back with each answer. So an address is connected to the moment that anyone
//! names it, and a control is taken the moment that a failure makes it worth taking.

mod bridge;
mod edge;
mod host;
mod hub_name;
mod nested;
mod parent_name;
mod phase;
mod portal;
mod ports;
mod prerequisites;
mod proxies;
mod question;
mod services;
mod upstream;

pub use edge::{Edge, ResolverFiles};
pub use hub_name::{HubName, HubNameError};
pub use parent_name::{ParentName, ParentNameError};
pub use phase::Phase;
pub use ports::{Ports, PortsError};
pub use prerequisites::{is_asked_anywhere, with_prerequisites};
pub use question::{Ask, Question};
pub use upstream::{DEFAULT_TRANSPORTS, upstream_transport};

use nested::Upstream;

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use edgeprobe_facts::endpoint::{Detour, Endpoint, Transport};
use edgeprobe_facts::registry::Reference;
use edgeprobe_facts::route::tables::Tables;
use edgeprobe_facts::{Facts, Observation, Probe, Role, Step, Token, Vantage};

use crate::verdict::Target;

/// At most this many addresses of the hub are connected to; IoT Hub's names have one to four.
const MOST_ADDRESSES: usize = 8;

/// What a run is to find out.
#[derive(Clone, Debug)]
pub struct Plan {
    pub target: Target,
    /// The kinds of probes that take part.
    pub probes: BTreeSet<Probe>,
    /// From where questions are asked.
    pub vantages: Vantages,
    /// The name servers to ask, each on its own.
    pub name_servers: Vec<SocketAddr>,
    /// Whether the system's own resolver decides, or, where `--resolver` stands in for it, the
    /// name servers.
    pub ask_system: bool,
    /// The device's resolver configuration, from which the engine derives its containers'.
    pub resolver_files: ResolverFiles,
    /// A host name that is meant for the device, in place of the machine's.
    pub hostname: Option<String>,
    /// The ports that the hub serves its transports on.
    pub hub_ports: HubPorts,
    /// Another host, asked the same questions beside the hub.
    pub control: Control,
    /// The registries that the user names, beside those that the runtime's configuration names;
    /// absent when no registry is to be asked.
    pub registries: Option<Vec<Reference>>,
    /// Whether a connection from a container network that opened is followed as well, because its way
    /// is what somebody wants to see.
    pub follow_all: bool,
}

/// From where questions are asked that can be asked from anywhere. What only the host can say is
/// asked of it whichever they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vantages {
    /// Whether the host connects to the hub and the control itself.
    pub host: bool,
    pub bridge: bool,
    /// The container network that the runtime is to use; the runtime's own choice by default.
    pub network: Option<String>,
}

impl Default for Vantages {
    fn default() -> Self {
        Self { host: true, bridge: true, network: None }
    }
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
    fn port(self, transport: Transport) -> u16 {
        match transport {
            Transport::Amqp => self.amqp,
            Transport::Mqtt => self.mqtt,
            Transport::AmqpWs | Transport::MqttWs | Transport::Https => self.web,
            Transport::Http => Transport::Http.default_port(),
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
    /// Every question that is worth asking in the light of what has been seen.
    pub fn questions(&self, seen: &[Observation]) -> Vec<Ask> {
        let mut asks = Vec::new();
        asks.extend(self.of_the_host(seen).into_iter().map(Ask::from_the_host));
        asks.extend(self.of_services(seen).into_iter().map(Ask::from_the_host));
        if self.vantages.bridge {
            asks.extend(self.of_the_edge_networks(seen));
        }
        asks
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
                Transport::Https | Transport::Http => false,
            })
            .collect();
        if self.asks(Probe::Https) || self.asks(Probe::Clock) {
            transports.push(Transport::Https);
        }
        transports
    }

    /// The controls that a failed connection makes worth taking at the same address: the control's
    /// name and TLS 1.2 alone where a handshake was cut, small segments too where it fell silent.
    fn controls_of(
        &self,
        observation: &Observation,
        upstream: &Upstream,
        seen: &[Observation],
    ) -> Vec<Question> {
        let Some(facts) = observation.facts.endpoint() else { return Vec::new() };
        if facts.proxy.is_some() {
            return self.control_by_proxy(observation, seen).into_iter().collect();
        }
        if facts.role != upstream.role || observation.failed_step() != Some(Step::Tls) {
            return Vec::new();
        }
        let another_name = || self.control_at(facts.peer, facts.port);
        let otherwise = |detour| self.detour(facts.transport, facts.peer, detour, upstream);
        match observation.token() {
            Some(Token::TimedOut) => {
                let small = otherwise(Detour::SmallSegments);
                vec![another_name(), otherwise(Detour::Tls12), small]
            }
            Some(
                Token::ConnectionReset
                | Token::ConnectionClosed
                | Token::TlsAlert
                | Token::TlsHandshakeFailed,
            ) => vec![another_name(), otherwise(Detour::Tls12)],
            _ => Vec::new(),
        }
    }

    /// A handshake with the control's name. At the hub's own address it shows whether it is the
    /// name that something on the way objects to.
    fn control_at(&self, peer: IpAddr, port: u16) -> Question {
        let endpoint = Endpoint {
            transport: Transport::Https,
            role: Role::Control,
            server: self.control.host.clone(),
            port,
            detour: None,
            proxy: None,
        };
        Question::Connect { endpoint, peer }
    }

    fn detour(
        &self,
        transport: Transport,
        peer: IpAddr,
        detour: Detour,
        upstream: &Upstream,
    ) -> Question {
        let endpoint = Endpoint {
            transport,
            role: Role::Detour,
            server: upstream.name.clone(),
            port: self.hub_ports.port(transport),
            detour: Some(detour),
            proxy: None,
        };
        Question::Connect { endpoint, peer }
    }
}

/// The addresses that resolvers have named for a role, seen from anywhere, each once.
fn addresses(seen: &[Observation], role: Role) -> Vec<IpAddr> {
    let mut addresses = Vec::new();
    for observation in seen {
        if let Facts::Dns(facts) = &observation.facts
            && facts.role == role
        {
            for address in facts.ips() {
                if !addresses.contains(&address) && addresses.len() < MOST_ADDRESSES {
                    addresses.push(address);
                }
            }
        }
    }
    addresses
}

/// The host's links, routes and rules, once they have been read.
fn tables(seen: &[Observation]) -> Option<&Tables> {
    seen.iter().find_map(|observation| match &observation.facts {
        Facts::RouteTables(tables) => Some(&**tables),
        _ => None,
    })
}

/// The observations of one vantage.
fn from<'o>(seen: &'o [Observation], vantage: &Vantage) -> impl Iterator<Item = &'o Observation> {
    seen.iter().filter(move |observation| observation.vantage == *vantage)
}
