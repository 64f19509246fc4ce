//! The options that several commands share, and their words.

use std::path::PathBuf;
use std::sync::LazyLock;

use clap::builder::PossibleValue;
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

/// A transport that Edge Agent may use, as `UpstreamProtocol` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Protocol(pub(super) Transport);

impl ValueEnum for Protocol {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self(Transport::Amqp),
            Self(Transport::AmqpWs),
            Self(Transport::Mqtt),
            Self(Transport::MqttWs),
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (alias, help) = match self.0 {
            Transport::Amqp => ("amqp_tcp_only", "AMQP on 5671"),
            Transport::AmqpWs => ("amqpws", "AMQP over WebSocket on 443"),
            Transport::Mqtt => ("mqtt_tcp_only", "MQTT on 8883"),
            Transport::MqttWs => ("mqttws", "MQTT over WebSocket on 443"),
            _ => return None,
        };
        Some(PossibleValue::new(self.0.word()).alias(alias).help(help))
    }
}

/// A probe, by the word of reports with hyphens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ProbeName(pub(super) Probe);

impl ValueEnum for ProbeName {
    fn value_variants<'a>() -> &'a [Self] {
        static ALL: LazyLock<Vec<ProbeName>> =
            LazyLock::new(|| Probe::ALL.iter().copied().map(ProbeName).collect());
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let name = self.0.to_string().replace('_', "-");
        Some(PossibleValue::new(name).help(self.0.about()))
    }
}
