//! By which way would this host forward what a container on an edge network sends?

use std::net::IpAddr;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::vocabulary::Token;

/// A container network that the runtime uses, as the engine describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EdgeNetwork {
    /// The engine's name for it, e.g. `azure-iot-edge`.
    pub name: String,
    /// The interface of the host that is its bridge, e.g. `br-0123456789ab`.
    pub bridge: String,
    #[schemars(with = "String")]
    pub subnet: IpNet,
    /// The bridge's own address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<IpAddr>,
    /// What the engine is configured to give its containers, in bytes; absent for the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
    /// The addresses of the containers that run on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<IpAddr>,
}

impl EdgeNetwork {
    /// The address whose packets stand for those of all containers: a running container's, else
    /// the lowest that the engine gives to one.
    pub fn member(&self) -> Option<IpAddr> {
        let running = self.members.iter().copied().find(|member| self.subnet.contains(member));
        let own = self.gateway.or_else(|| self.subnet.hosts().next());
        running.or_else(|| {
            // The first address of an IPv6 network is every router's (RFC 4291, 2.6.1).
            let mut free = self.subnet.hosts().filter(|host| *host != self.subnet.network());
            free.find(|host| Some(*host) != own)
        })
    }
}

/// The kernel's own answers for one edge network and one destination.
///
/// The firewall, and marks that it sets, have no part in these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EdgeRouteFacts {
    pub network: EdgeNetwork,
    #[serde(rename = "network.peer.address")]
    pub destination: IpAddr,
    /// The address on the network that was asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<IpAddr>,
    /// For a packet of the member that comes in by the bridge.
    pub forward: Lookup,
    /// For the answer to it, which comes in by the interface that the packet left by.
    pub reply: Lookup,
    /// For the host's own packets to the member.
    pub back: Lookup,
    /// For the host's own packets to the destination.
    pub host: Lookup,
    /// Whether the gateway of the forward way answers on its link, as the kernel's neighbour table
    /// has it; absent where the kernel has not asked it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway_answers: Option<bool>,
}

impl EdgeRouteFacts {
    /// Facts in which nothing was asked.
    pub fn unasked(network: EdgeNetwork, destination: IpAddr) -> Self {
        Self {
            member: network.member(),
            network,
            destination,
            forward: Lookup::NotAsked,
            reply: Lookup::NotAsked,
            back: Lookup::NotAsked,
            host: Lookup::NotAsked,
            gateway_answers: None,
        }
    }
}

/// The kernel's answer to one lookup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Lookup {
    /// It would send.
    Found(Way),
    /// It would not.
    Refused { token: Token, detail: String },
    /// The question makes no sense, because an earlier answer or the bridge is missing.
    NotAsked,
}

impl Lookup {
    /// The way, if there is one.
    pub fn way(&self) -> Option<&Way> {
        match self {
            Self::Found(way) => Some(way),
            _ => None,
        }
    }

    /// The interface that the packet would leave by.
    pub fn interface(&self) -> Option<&str> {
        self.way()?.interface.as_deref()
    }

    /// How the kernel refuses.
    pub fn token(&self) -> Option<Token> {
        match self {
            Self::Refused { token, .. } => Some(*token),
            _ => None,
        }
    }
}

/// A way that the kernel would send.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Way {
    #[serde(rename = "network.interface.name", default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<IpAddr>,
    /// The source address, for the host's own packets.
    #[serde(rename = "network.local.address", default, skip_serializing_if = "Option::is_none")]
    pub source: Option<IpAddr>,
    /// The route's MTU, else the interface's, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
    /// The routing table that the way comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<u32>,
    /// Whether the packet ends on this host.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub local: bool,
}
