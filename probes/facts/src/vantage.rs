//! How a container network was joined.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::route::edge::EdgeNetwork;
use crate::route::tables::Tables;

/// A place on a container network, from which questions are asked as a module would ask them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VantageFacts {
    pub network: EdgeNetwork,
    /// How the network was joined; absent when it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub means: Option<Means>,
    /// What the C library of the container that was entered goes by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolver: Option<ContainerResolver>,
    /// The links, routes and rules inside the container that was entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tables: Option<Box<Tables>>,
}

/// What a container's C library resolves names by: its own hosts file and resolv.conf.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContainerResolver {
    /// The name servers, in the order in which they are asked; at most three are.
    pub name_servers: Vec<IpAddr>,
    /// The search list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub search: Vec<String>,
    /// A name with fewer dots than this is looked for in the search list first.
    pub ndots: u8,
    /// All options, as they stand in the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// Which C library the image has.
    pub libc: Libc,
    /// The entries of the hosts file for names with a dot; at most 64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<HostsEntry>,
}

/// The C libraries of Linux images, which resolve names by different rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Libc {
    #[default]
    Glibc,
    Musl,
}

/// A line of a hosts file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HostsEntry {
    pub address: IpAddr,
    pub names: Vec<String>,
}

impl ContainerResolver {
    /// The addresses that the hosts file gives to a name.
    pub fn pinned(&self, name: &str) -> Vec<IpAddr> {
        let bare = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
        let wanted = bare(name);
        let names_it = |entry: &&HostsEntry| entry.names.iter().any(|own| bare(own) == wanted);
        self.hosts.iter().filter(names_it).map(|entry| entry.address).collect()
    }
}

/// A way of joining a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Means {
    /// The network namespace of a container that runs on it.
    Container { name: String },
    /// An unused address of its subnet, on an interface that ends with the run.
    BorrowedAddress {
        address: IpAddr,
        /// Whether the bridge answered for the gateway's address.
        gateway_answers: bool,
    },
    /// A container of edgeprobe's own, which is removed at the end of the run.
    OwnContainer { name: String },
}

/// A container that runs on a network, and whose place may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resident {
    pub name: String,
    /// The id of its first process.
    pub pid: u32,
    /// Whether what it goes by itself is what the runtime goes by here, and no stranger's.
    pub is_the_runtimes: bool,
}
