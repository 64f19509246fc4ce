//! The options that several commands share, and their words.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use edgeprobe_facts::Probe;
use edgeprobe_facts::endpoint::Transport;

use super::services::ServiceOptions;

/// Options that say what is to be reached, and how.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct TargetOptions {
    /// The IoT Hub's host name, or a device's connection string (only its HostName is read)
    /// [default: the one that the installed runtime has]
    #[arg(long, value_name = "HOST", env = "EDGEPROBE_HUB", hide_env_values = true)]
    pub(super) hub: Option<String>,

    /// The parent device's host name or address, in nested edge: it is asked in the hub's place
    /// [default: the installed runtime's parent_hostname]
    #[arg(long, value_name = "HOST")]
    pub(super) parent: Option<String>,

    /// A host name that is meant for the device, to be judged in place of its present one
    #[arg(long, value_name = "NAME")]
    pub(super) hostname: Option<String>,

    /// Certificates to trust beside the device's own store
    #[arg(long, value_name = "PEM")]
    pub(super) ca_file: Option<PathBuf>,

    /// A name server to ask in place of the system's resolver
    #[arg(long, value_name = "IP[:PORT]")]
    pub(super) resolver: Option<String>,

    /// The HTTP proxy that Edge Agent goes by, or `none` [default: https_proxy or HTTPS_PROXY of
    /// the environment, with the exceptions of no_proxy]
    #[arg(long, value_name = "URL")]
    pub(super) proxy: Option<String>,

    /// The transports that Edge Agent may use, its first choice first [default: the runtime's
    /// UpstreamProtocol, else amqp,amqp-ws]
    #[arg(long, value_name = "LIST", value_enum, value_delimiter = ',', ignore_case = true)]
    pub(super) protocol: Vec<Protocol>,

    /// The local ports that Edge Hub maps, or `none` [default: those of the container edgeHub,
    /// else 443,5671,8883]
    #[arg(long, value_name = "LIST")]
    pub(super) ports: Option<String>,

    /// A hard limit on the whole run
    #[arg(long, value_name = "DURATION", default_value = "10s", allow_hyphen_values = true)]
    pub(super) timeout: String,

    /// Another host, asked the same questions beside the hub
    #[arg(long, value_name = "HOST", default_value = "mcr.microsoft.com")]
    pub(super) control: String,

    /// From where to ask
    #[arg(long, value_name = "WHERE", value_enum, default_value_t = VantageChoice::Auto)]
    pub(super) vantage: VantageChoice,

    /// The container network that the runtime is to use [default: the one that it is configured
    /// with, else azure-iot-edge, else the engine's default bridge]
    #[arg(long, value_name = "NAME")]
    pub(super) network: Option<String>,

    /// Start no container of edgeprobe's own; without root only the host is asked from then
    #[arg(long)]
    pub(super) no_container: bool,

    #[command(flatten)]
    pub(super) services: ServiceOptions,
}

/// Options that choose among the probes.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct ProbeChoice {
    /// Run these probes alone, with those that they stand on
    #[arg(long, value_name = "LIST", value_enum, value_delimiter = ',')]
    pub(super) only: Vec<ProbeName>,

    /// Run all probes but these
    #[arg(long, value_name = "LIST", value_enum, value_delimiter = ',', conflicts_with = "only")]
    pub(super) skip: Vec<ProbeName>,
}

/// The vantages that take part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum VantageChoice {
    /// The host, and the container networks as far as they can be joined
    #[default]
    Auto,
    /// The host alone
    Host,
    /// The container networks alone. The host is asked what it alone can say: names, routes, ports,
    /// the engine, registries, the provisioning service
    Bridge,
}

/// A transport, as `UpstreamProtocol` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Protocol {
    /// AMQP on 5671
    #[value(alias = "amqp_tcp_only")]
    Amqp,
    /// AMQP over WebSocket on 443
    #[value(alias = "amqpws")]
    AmqpWs,
    /// MQTT on 8883
    #[value(alias = "mqtt_tcp_only")]
    Mqtt,
    /// MQTT over WebSocket on 443
    #[value(alias = "mqttws")]
    MqttWs,
}

/// A probe, as reports name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ProbeName {
    /// What each name server and the system's own resolver answer
    Dns,
    /// By which way the kernel would send to the hub
    Route,
    /// AMQP or MQTT over TLS, on 5671 or 8883
    Tls,
    /// AMQP or MQTT over WebSocket, on 443
    Websocket,
    /// Plain HTTPS, on 443
    Https,
    /// Whether Edge Hub's ports are free, and who holds them
    Ports,
    /// How far the device's clock is from the hub's
    Clock,
    /// Which containers and networks the engine has
    Engine,
    /// By which way the kernel would forward from the container networks
    EdgeRoute,
    /// All links, routes and policy rules of the host
    RouteTables,
    /// A place on the container networks, to ask from
    Vantage,
    /// Where a container's packet vanishes on this host
    Trace,
    /// What the installed runtime is configured to do
    Runtime,
    /// Whether the device's own host name is one that the runtime takes
    Hostname,
    /// Whether a registry serves an image to this device
    Registry,
    /// What the runtime and the engine have written
    Logs,
}

impl From<Protocol> for Transport {
    fn from(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Amqp => Self::Amqp,
            Protocol::AmqpWs => Self::AmqpWs,
            Protocol::Mqtt => Self::Mqtt,
            Protocol::MqttWs => Self::MqttWs,
        }
    }
}

impl From<ProbeName> for Probe {
    fn from(name: ProbeName) -> Self {
        match name {
            ProbeName::Dns => Self::Dns,
            ProbeName::Route => Self::Route,
            ProbeName::Tls => Self::Tls,
            ProbeName::Websocket => Self::Websocket,
            ProbeName::Https => Self::Https,
            ProbeName::Ports => Self::Ports,
            ProbeName::Clock => Self::Clock,
            ProbeName::Engine => Self::Engine,
            ProbeName::EdgeRoute => Self::EdgeRoute,
            ProbeName::RouteTables => Self::RouteTables,
            ProbeName::Vantage => Self::Vantage,
            ProbeName::Trace => Self::Trace,
            ProbeName::Runtime => Self::Runtime,
            ProbeName::Hostname => Self::Hostname,
            ProbeName::Registry => Self::Registry,
            ProbeName::Logs => Self::Logs,
        }
    }
}
