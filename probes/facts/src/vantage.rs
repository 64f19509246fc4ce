//! How a container network was joined.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::route::edge::EdgeNetwork;

/// A place on a container network, from which questions are asked as a module would ask them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VantageFacts {
    pub network: EdgeNetwork,
    /// How the network was joined; absent when it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub means: Option<Means>,
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
}
