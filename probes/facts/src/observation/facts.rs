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

/// Declares each probe once: its word in reports and on the command line, and the type of its facts.
macro_rules! probes {
    ($($(#[$doc:meta])* $probe:ident($facts:ty),)*) => {
        /// What a probe found. The variant is the observation's `probe`, its content the `facts`.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(tag = "probe", content = "facts", rename_all = "snake_case")]
        pub enum Facts {
            $($probe($facts),)*
        }

        impl Facts {
            pub fn probe(&self) -> Probe {
                match self {
                    $(Self::$probe(_) => Probe::$probe,)*
                }
            }
        }

        /// The kinds of probes, as `--only`, `--skip` and `probe` name them.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
            JsonSchema,
        )]
        #[serde(rename_all = "snake_case")]
        pub enum Probe {
            $($(#[$doc])* $probe,)*
        }

        impl Probe {
            pub const ALL: &'static [Self] = &[$(Self::$probe,)*];
        }
    };
}

probes! {
    /// Each name server and the system's own resolver.
    Dns(DnsFacts),
    /// The way that the kernel would send to an address.
    Route(RouteFacts),
    /// The way that the kernel would forward from a container network.
    EdgeRoute(Box<EdgeRouteFacts>),
    /// All of the host's links, routes and policy rules.
    RouteTables(Box<Tables>),
    /// Where a container's packet goes on this host.
    Trace(Box<Trace>),
    /// A place on a container network.
    Vantage(Box<VantageFacts>),
    /// AMQP or MQTT over TLS, on a port of its own.
    Tls(EndpointFacts),
    /// AMQP or MQTT over WebSocket, on 443.
    Websocket(EndpointFacts),
    /// Plain HTTPS on 443.
    Https(EndpointFacts),
    /// The ports that Edge Hub maps.
    Ports(PortFacts),
    /// The device's clock.
    Clock(ClockFacts),
    /// The container engine.
    Engine(EngineFacts),
    /// The installed runtime's configuration.
    Runtime(Box<RuntimeFacts>),
    /// The device's own host name.
    Hostname(HostnameFacts),
    /// A container registry, and an image of it.
    Registry(Box<RegistryFacts>),
    /// What the runtime and the engine have written.
    Logs(Box<LogFacts>),
}

impl Facts {
    /// The facts of a connection, whichever protocol it was for.
    pub fn endpoint(&self) -> Option<&EndpointFacts> {
        match self {
            Self::Tls(facts) | Self::Websocket(facts) | Self::Https(facts) => Some(facts),
            _ => None,
        }
    }
}

/// Writes the word that the report uses.
impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}
