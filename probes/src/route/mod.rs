//! By which way would this device send to an address?

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
    /// The interface that owns the source address.
    #[serde(rename = "network.interface.name", default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// The gateway of that interface, when the destination is not on its own link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<IpAddr>,
    /// Whether the gateway answers on its link (ARP, NDP); absent when the kernel has not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway_answers: Option<bool>,
    /// The interface's MTU, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
}
