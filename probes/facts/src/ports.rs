//! What the kernel, the process table and the engine say of one local port.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::EDGE_HUB;

/// One port that Edge Hub maps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PortFacts {
    /// The TCP port.
    #[serde(rename = "server.port")]
    pub port: u16,
    /// Each local address that was tried, and what the kernel answered.
    pub binds: Vec<Bind>,
    /// Who holds the port. Empty when it is free, or when the holder cannot be seen from here.
    pub holders: Vec<Holder>,
    /// Whether this process has the privilege to bind this port: it is not below
    /// `net.ipv4.ip_unprivileged_port_start`, or the process has `CAP_NET_BIND_SERVICE`.
    ///
    /// Without it the kernel's socket tables answer in place of a bind.
    pub may_bind: bool,
    /// Whether the kernel's socket tables could not be read, so that a holder has no name.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tables_unread: bool,
    /// Whether Edge Hub itself, or the engine on its behalf, holds the port.
    pub held_by_edge_hub: bool,
}

impl PortFacts {
    /// Whether Edge Hub is among the holders. Others may hold the port on other addresses.
    ///
    /// Reports of earlier versions say `held_by_edge_hub` only where it holds the port alone.
    pub fn has_edge_hub(&self) -> bool {
        self.held_by_edge_hub || self.holders.iter().any(Holder::is_edge_hub)
    }
}

/// One attempt to bind, as the engine would.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bind {
    /// The address: `0.0.0.0` and `::`, or the one that Edge Hub publishes the port on (`HostIp`).
    pub address: IpAddr,
    pub result: BindResult,
}

/// What the kernel answers to a bind without `SO_REUSEADDR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BindResult {
    /// The port is free.
    Free,
    /// Another socket holds it (EADDRINUSE).
    InUse,
    /// Only connections of a server that is gone linger on it (TIME_WAIT): a bind with
    /// `SO_REUSEADDR`, which is what engines use, succeeds.
    Lingering,
    /// A socket that does not listen is bound to it and shares it (`SO_REUSEADDR`): a bind as
    /// engines make it succeeds.
    Shared,
    /// This user may not bind it (EACCES).
    NotPermitted,
    /// The address, or its whole family, is not available on this device.
    Unavailable,
}

/// A socket, process or container that holds a port.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Holder {
    /// The local address that the socket is bound to; absent when only the engine names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// The process's id; absent without the privilege to see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// The process's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<String>,
    /// The user that owns the socket, by name if it has one, else by number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The systemd unit that the process belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The container that publishes the port or that the process runs in: its name, or the first
    /// 12 digits of its id when the engine does not tell its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
}

impl Holder {
    /// Whether this is the runtime's Edge Hub, or the engine on its behalf.
    pub fn is_edge_hub(&self) -> bool {
        self.container.as_deref() == Some(EDGE_HUB)
    }
}
