//! What the container engine says of itself and of its containers.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The container engine, seen through its API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EngineFacts {
    /// Where its API was looked for, e.g. `unix:///var/run/docker.sock`.
    pub endpoint: String,
    /// Whether an engine is installed, as far as a socket or a program tells.
    pub installed: bool,
    /// The engine's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The running containers.
    pub containers: Vec<Container>,
}

/// One running container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Container {
    /// The 64 hexadecimal digits of its id.
    pub id: String,
    /// Its name, without the leading slash.
    pub name: String,
    /// The image that it was made from.
    pub image: String,
    /// Its addresses on the engine's networks.
    pub addresses: Vec<IpAddr>,
    /// The host's ports that it publishes.
    pub published: Vec<PublishedPort>,
}

impl Container {
    /// Whether this is the runtime's Edge Hub, which may hold its own ports.
    ///
    /// The runtime gives the container this name in all its versions.
    pub fn is_edge_hub(&self) -> bool {
        self.name == "edgeHub"
    }
}

/// A host port that the engine forwards to a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublishedPort {
    /// The host's address; unspecified means all.
    pub address: IpAddr,
    /// The host's TCP port.
    pub host_port: u16,
    /// The container's TCP port.
    pub container_port: u16,
}
