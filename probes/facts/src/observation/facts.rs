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

/// Declares each probe once: what it asks, its word in reports and on the command line, and the type of
/// its facts.
macro_rules! probes {
    ($(#[doc = $about:literal] $probe:ident($facts:ty),)*) => {
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
            $(#[doc = $about] $probe,)*
        }

        impl Probe {
            pub const ALL: &'static [Self] = &[$(Self::$probe,)*];

            /// What it asks, in one line.
            pub fn about(self) -> &'static str {
                match self {
                    $(Self::$probe => $about.trim_ascii().trim_end_matches('.'),)*
                }
            }
        }
    };
}

probes! {
    /// What each name server and the system's own resolver answer.
    Dns(DnsFacts),
    /// The route by which the kernel would send to the hub.
    Route(RouteFacts),
    /// The route by which the kernel would forward from the container networks.
    EdgeRoute(Box<EdgeRouteFacts>),
    /// All links, routes and policy rules of the host.
    RouteTables(Box<Tables>),
    /// Where on this host a container's packet is lost.
    Trace(Box<Trace>),
    /// Whether each container network can be joined, to probe from there.
    Vantage(Box<VantageFacts>),
    /// AMQP or MQTT over TLS, on 5671 or 8883.
    Tls(EndpointFacts),
    /// AMQP or MQTT over WebSocket, on 443.
    Websocket(EndpointFacts),
    /// Plain HTTPS, on 443.
    Https(EndpointFacts),
    /// Whether Edge Hub's ports are free, and who holds them.
    Ports(PortFacts),
    /// How far the device's clock is from the hub's.
    Clock(ClockFacts),
    /// Which containers and networks the engine has.
    Engine(EngineFacts),
    /// What the installed runtime is configured to do.
    Runtime(Box<RuntimeFacts>),
    /// Whether the runtime accepts the device's own host name.
    Hostname(HostnameFacts),
    /// Whether a registry serves an image to this device.
    Registry(Box<RegistryFacts>),
    /// What the runtime and the engine have logged.
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
