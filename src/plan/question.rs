//! One question of a plan.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use edgeprobe_probes::Role;
use edgeprobe_probes::endpoint::Endpoint;
use edgeprobe_probes::engine::Container;

/// An address in Azure's range. The kernel is asked for its route when no address of the hub is
/// known; nothing is ever sent to it.
const SOMEWHERE_IN_AZURE: IpAddr = IpAddr::V4(Ipv4Addr::new(20, 36, 0, 1));

/// One question, to be asked from one vantage.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    /// A name, of the system's own resolver.
    System { name: String, role: Role },
    /// A name, of one name server.
    Server { server: SocketAddr, name: String, role: Role },
    /// The kernel's route to an address.
    Route { destination: IpAddr },
    /// A connection to one address of a host.
    Connect { endpoint: Endpoint, peer: IpAddr },
    /// A local port that Edge Hub maps, and the containers that may hold it.
    Port { port: u16, containers: Arc<[Container]> },
    /// The engine and its containers.
    Engine,
}

impl Question {
    /// Whether there is a route out of this device at all.
    pub fn way_out() -> Self {
        Self::Route { destination: SOMEWHERE_IN_AZURE }
    }
}
