//! One question of a plan, and where it is asked from.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;

use edgeprobe_facts::endpoint::Endpoint;
use edgeprobe_facts::engine::Container;
use edgeprobe_facts::registry::Query;
use edgeprobe_facts::vantage::{ContainerResolver, Resident};
use edgeprobe_facts::{Role, Vantage};

use super::Edge;

/// An address in Azure's range. The kernel is asked for its route when no address of the hub is
/// known; nothing is ever sent to it.
pub(super) fn somewhere_in_azure() -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(20, 36, 0, 1))
}

/// A question and where it is asked from.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    pub vantage: Vantage,
    pub question: Question,
}

impl Ask {
    pub(super) fn new(vantage: Vantage, question: Question) -> Self {
        Self { vantage, question }
    }

    pub(super) fn from_the_host(question: Question) -> Self {
        Self::new(Vantage::Host, question)
    }
}

/// One question.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    /// A name, of the system's own resolver.
    System { name: String, role: Role },
    /// A name, of one name server.
    Server { server: SocketAddr, name: String, role: Role },
    /// A name, as the C library of the container that was entered asks for it.
    Container { resolver: Box<ContainerResolver>, name: String, role: Role },
    /// The hub's name, of one name server, asked by one interface whatever the routes say.
    ServerBy { server: SocketAddr, name: String, interface: String },
    /// The kernel's route to an address.
    Route { destination: IpAddr },
    /// All links, routes and rules.
    Tables,
    /// A connection to one address of a host.
    Connect { endpoint: Endpoint, peer: IpAddr },
    /// A local port that Edge Hub maps, the host's addresses that it maps it on, where that is not
    /// all of them, and the containers that may hold it.
    Port { port: u16, addresses: Vec<IpAddr>, containers: Arc<[Container]> },
    /// The engine, its containers and its networks.
    Engine,
    /// The kernel's ways between a container network and an address.
    EdgeRoute { edge: Box<Edge>, destination: IpAddr },
    /// The device's own host name, or one that is meant for it.
    Hostname { given: Option<String> },
    /// A place on a container network.
    Join { edge: Box<Edge> },
    /// The place of one container on a container network.
    Enter { edge: Box<Edge>, module: Resident },
    /// One attempt from a container network, followed through the host.
    Trace { edge: Box<Edge>, destination: SocketAddrV4 },
    /// A registry, and perhaps an image of it.
    Registry { query: Query },
}

impl Question {
    /// Whether there is a route out of this device at all.
    pub(super) fn way_out() -> Self {
        Self::Route { destination: somewhere_in_azure() }
    }
}
