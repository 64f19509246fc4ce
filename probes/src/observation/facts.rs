//! The facts of an observation, typed by the probe that found them.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::ClockFacts;
use crate::dns::DnsFacts;
use crate::endpoint::EndpointFacts;
use crate::engine::EngineFacts;
use crate::hostname::HostnameFacts;
use crate::logs::LogFacts;
use crate::ports::PortFacts;
use crate::registry::RegistryFacts;
use crate::route::RouteFacts;
use crate::route::edge::EdgeRouteFacts;
use crate::route::tables::Tables;
use crate::runtime::RuntimeFacts;
use crate::trace::Trace;
use crate::vantage::VantageFacts;

/// What a probe found. The variant is the observation's `probe`, its content the `facts`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "probe", content = "facts", rename_all = "snake_case")]
pub enum Facts {
    Dns(DnsFacts),
    Route(RouteFacts),
    EdgeRoute(Box<EdgeRouteFacts>),
    RouteTables(Box<Tables>),
    Trace(Box<Trace>),
    Vantage(Box<VantageFacts>),
    Tls(EndpointFacts),
    Websocket(EndpointFacts),
    Https(EndpointFacts),
    Ports(PortFacts),
    Clock(ClockFacts),
    Engine(EngineFacts),
    Runtime(Box<RuntimeFacts>),
    Hostname(HostnameFacts),
    Registry(Box<RegistryFacts>),
    Logs(Box<LogFacts>),
}

impl Facts {
    pub fn probe(&self) -> Probe {
        match self {
            Self::Dns(_) => Probe::Dns,
            Self::Route(_) => Probe::Route,
            Self::EdgeRoute(_) => Probe::EdgeRoute,
            Self::RouteTables(_) => Probe::RouteTables,
            Self::Trace(_) => Probe::Trace,
            Self::Vantage(_) => Probe::Vantage,
            Self::Tls(_) => Probe::Tls,
            Self::Websocket(_) => Probe::Websocket,
            Self::Https(_) => Probe::Https,
            Self::Ports(_) => Probe::Ports,
            Self::Clock(_) => Probe::Clock,
            Self::Engine(_) => Probe::Engine,
            Self::Runtime(_) => Probe::Runtime,
            Self::Hostname(_) => Probe::Hostname,
            Self::Registry(_) => Probe::Registry,
            Self::Logs(_) => Probe::Logs,
        }
    }

    /// The facts of a connection, whichever protocol it was for.
    pub fn endpoint(&self) -> Option<&EndpointFacts> {
        match self {
            Self::Tls(facts) | Self::Websocket(facts) | Self::Https(facts) => Some(facts),
            _ => None,
        }
    }
}

/// The kinds of probes, as `--only`, `--skip` and `probe` name them.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Probe {
    /// Each name server and the system's own resolver.
    Dns,
    /// The way that the kernel would send to an address.
    Route,
    /// The way that the kernel would forward from a container network.
    EdgeRoute,
    /// All of the host's links, routes and policy rules.
    RouteTables,
    /// Where a container's packet goes on this host.
    Trace,
    /// A footing on a container network.
    Vantage,
    /// AMQP or MQTT over TLS, on a port of its own.
    Tls,
    /// AMQP or MQTT over WebSocket, on 443.
    Websocket,
    /// Plain HTTPS on 443.
    Https,
    /// The ports that Edge Hub maps.
    Ports,
    /// The device's clock.
    Clock,
    /// The container engine.
    Engine,
    /// The installed runtime's configuration.
    Runtime,
    /// The device's own host name.
    Hostname,
    /// A container registry, and an image of it.
    Registry,
    /// What the runtime and the engine have written.
    Logs,
}

impl Probe {
    pub const ALL: [Self; 16] = [
        Self::Dns,
        Self::Route,
        Self::EdgeRoute,
        Self::RouteTables,
        Self::Trace,
        Self::Vantage,
        Self::Tls,
        Self::Websocket,
        Self::Https,
        Self::Ports,
        Self::Clock,
        Self::Engine,
        Self::Runtime,
        Self::Hostname,
        Self::Registry,
        Self::Logs,
    ];
}

/// Writes the word that the report uses.
impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// What part a name or an endpoint plays in the check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The IoT Hub that the device must reach.
    Hub,
    /// A container registry that modules' images come from.
    Registry,
    /// The Device Provisioning Service.
    Provisioning,
    /// The parent device, in nested edge.
    Parent,
    /// An HTTP proxy that some part of the device is told of.
    Proxy,
    /// Another host, asked the same question so that a failure can be told from an outage.
    Control,
    /// The hub, reached in another way than programs here would, so that a fault of the way can be
    /// told from one of the hub.
    Detour,
}
