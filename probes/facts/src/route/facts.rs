//! The kernel's own answer for one destination.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The kernel's own answer for one destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RouteFacts {
    /// The destination.
    #[serde(rename = "network.peer.address")]
    pub destination: IpAddr,
    /// The source address that the kernel would use.
    #[serde(rename = "network.local.address", default, skip_serializing_if = "Option::is_none")]
    pub source: Option<IpAddr>,
    /// The interface that the packet would leave by.
    #[serde(rename = "network.interface.name", default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// The gateway of that interface, when the destination is not on its own link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<IpAddr>,
    /// Whether the gateway answers on its link (ARP, NDP); absent when the kernel has not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway_answers: Option<bool>,
    /// The MTU of the way as this device knows it, in bytes: the route's, else the interface's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
    /// The routing table that the way comes from; 254 is the main table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<u32>,
}

impl RouteFacts {
    /// A destination of which nothing is known, because the kernel has no way there.
    pub fn unknown(destination: IpAddr) -> Self {
        Self {
            destination,
            source: None,
            interface: None,
            gateway: None,
            gateway_answers: None,
            mtu: None,
            table: None,
        }
    }
}
