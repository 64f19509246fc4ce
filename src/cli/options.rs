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
    /// [default: the installed runtime's]
    #[arg(long, value_name = "HOST", env = "EDGEPROBE_HUB", hide_env_values = true)]
    pub(super) hub: Option<String>,

    /// The parent device's host name or address in nested edge, probed instead of the hub [default:
    /// the installed runtime's parent_hostname]
    #[arg(long, value_name = "HOST")]
    pub(super) parent: Option<String>,

    /// A host name planned for the device, checked instead of its present one
    #[arg(long, value_name = "NAME")]
    pub(super) hostname: Option<String>,

    /// Certificates to trust in addition to the device's own store
    #[arg(long, value_name = "PEM")]
    pub(super) ca_file: Option<PathBuf>,

    /// A name server to ask instead of the system's resolver
    #[arg(long, value_name = "IP[:PORT]")]
    pub(super) resolver: Option<String>,

    /// The HTTP proxy that Edge Agent uses, or `none` [default: https_proxy or HTTPS_PROXY of the
    /// environment, except for the hosts of no_proxy]
    #[arg(long, value_name = "URL")]
    pub(super) proxy: Option<String>,

    /// The transports that Edge Agent may use, in order of preference [default: the runtime's
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

    /// Another host that is asked the same questions, to compare with the hub
    #[arg(long, value_name = "HOST", default_value = "mcr.microsoft.com")]
    pub(super) control: String,

    /// Where to probe from
    #[arg(long, value_name = "WHERE", value_enum, default_value_t = VantageChoice::Auto)]
    pub(super) vantage: VantageChoice,

    /// The container network that the runtime is to use [default: the configured one, else
    /// azure-iot-edge, else the engine's default bridge]
    #[arg(long, value_name = "NAME")]
    pub(super) network: Option<String>,

    /// Start no helper container; without root, only the host is then probed from
    #[arg(long)]
    pub(super) no_container: bool,

    #[command(flatten)]
    pub(super) services: ServiceOptions,
}

/// Options that choose among the probes.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct ProbeChoice {
    /// Run only these probes and their prerequisites
    #[arg(long, value_name = "LIST", value_enum, value_delimiter = ',')]
    pub(super) only: Vec<ProbeName>,

    /// Run all probes except these
    #[arg(long, value_name = "LIST", value_enum, value_delimiter = ',', conflicts_with = "only")]
    pub(super) skip: Vec<ProbeName>,
}

/// The vantages that take part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum VantageChoice {
    /// The host, and every container network that can be joined
    #[default]
    Auto,
    /// The host alone
    Host,
    /// The container networks alone; only names, routes, ports, the engine, registries and the
    /// provisioning service are still asked from the host
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
