//! A question that can be asked from any vantage, and carried to where it is asked.

use std::net::{IpAddr, SocketAddr};

use edgeprobe_facts::endpoint::Endpoint;
use edgeprobe_facts::vantage::ContainerResolver;
use edgeprobe_facts::{Observation, Role, Vantage};
use serde::{Deserialize, Serialize};

use crate::dns;
use crate::endpoint::{self, TrustStores};
use crate::recorder::Timeline;

/// A question that needs nothing of the device but a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkQuestion {
    /// A name, of one name server.
    Server { server: SocketAddr, name: String, role: Role },
    /// A name, as the C library of the container that was entered asks for it.
    Container { resolver: Box<ContainerResolver>, name: String, role: Role },
    /// A connection to one address of a host.
    Connect { endpoint: Endpoint, peer: IpAddr },
}

impl NetworkQuestion {
    /// Asks it from where this thread is.
    pub async fn ask(
        &self,
        timeline: Timeline,
        vantage: &Vantage,
        trust: &TrustStores,
    ) -> Observation {
        match self {
            Self::Server { server, name, role } => {
                dns::ask_server(timeline, vantage, *server, name, *role).await
            }
            Self::Container { resolver, name, role } => {
                dns::ask_as_container(timeline, vantage, resolver, name, *role).await
            }
            Self::Connect { endpoint, peer } => {
                endpoint::probe(timeline, vantage, endpoint, *peer, trust).await
            }
        }
    }
}
