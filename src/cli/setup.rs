//! From options and environment to what a run needs. Every error in them is told before anything
//! is asked of the network.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use edgeprobe_probes::endpoint::{Transport, TrustStores};
use edgeprobe_probes::{Probe, clean, dns};

use super::output::note;
use super::problem::Problem;
use super::services::ServiceOptions;
use crate::plan::{
    Control, HubName, HubPorts, ParentName, ParentNameError, Phase, Plan, Ports, ResolverFiles,
    Vantages,
};
use crate::verdict::{Doubt, Target};

/// Bytes; a resolv.conf has some hundred.
const LARGEST_RESOLVER_FILE: u64 = 64 * 1024;

/// Options that say what is to be reached, and how.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct TargetOptions {
    /// The IoT Hub's host name, or a device's connection string (only its HostName is read)
    #[arg(long, value_name = "HOST", env = "EDGEPROBE_HUB", hide_env_values = true)]
    pub(super) hub: Option<String>,

    /// The parent device's host name or address, in nested edge: it is asked in the hub's place
    /// [default: the installed runtime's parent_hostname]
    #[arg(long, value_name = "HOST")]
    parent: Option<String>,

    /// Certificates to trust beside the device's own store
    #[arg(long, value_name = "PEM")]
    ca_file: Option<PathBuf>,

    /// A name server to ask in place of the system's resolver
    #[arg(long, value_name = "IP[:PORT]")]
    resolver: Option<String>,

    /// The transports that Edge Agent may use, its first choice first
    #[arg(
        long,
        value_name = "LIST",
        value_enum,
        value_delimiter = ',',
        ignore_case = true,
        default_value = "amqp,amqp-ws"
    )]
    protocol: Vec<Protocol>,

    /// The local ports that Edge Hub maps, or `none`
    #[arg(long, value_name = "LIST", default_value = "443,5671,8883")]
    ports: String,

    /// A hard limit on the whole run
    #[arg(long, value_name = "DURATION", default_value = "10s")]
    timeout: String,

    /// Another host, asked the same questions beside the hub
    #[arg(long, value_name = "HOST", default_value = "mcr.microsoft.com")]
    control: String,

    /// From where to ask
    #[arg(long, value_name = "WHERE", value_enum, default_value_t = VantageChoice::Auto)]
    vantage: VantageChoice,

    /// The container network that the runtime is to use [default: azure-iot-edge, else the
    /// engine's default bridge]
    #[arg(long, value_name = "NAME")]
    network: Option<String>,

    #[command(flatten)]
    services: ServiceOptions,
}

/// Options that choose among the probes.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct ProbeChoice {
    /// Run these probes alone
    #[arg(long, value_name = "LIST", value_enum, value_delimiter = ',')]
    only: Vec<ProbeName>,

    /// Run all probes but these
    #[arg(long, value_name = "LIST", value_enum, value_delimiter = ',', conflicts_with = "only")]
    skip: Vec<ProbeName>,
}

/// The vantages that take part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum VantageChoice {
    /// The host, and the container networks as far as they can be joined
    #[default]
    Auto,
    /// The host alone
    Host,
    /// The container networks alone; names are asked for from the host as well
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
    /// Whether a registry serves an image to this device
    Registry,
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
            ProbeName::Registry => Self::Registry,
        }
    }
}

impl ProbeChoice {
    /// The probes that take part.
    pub(super) fn chosen(&self) -> BTreeSet<Probe> {
        let of = |names: &[ProbeName]| -> BTreeSet<Probe> {
            names.iter().copied().map(Probe::from).collect()
        };
        if self.only.is_empty() {
            let skipped = of(&self.skip);
            Probe::ALL.into_iter().filter(|probe| !skipped.contains(probe)).collect()
        } else {
            of(&self.only)
        }
    }
}

/// Everything that a run needs.
#[derive(Clone)]
pub(super) struct Setup {
    pub(super) plan: Plan,
    pub(super) trust: TrustStores,
    pub(super) timeout: Duration,
    pub(super) phase: Phase,
}

impl Setup {
    pub(super) fn new(
        options: &TargetOptions,
        probes: BTreeSet<Probe>,
        phase: Phase,
    ) -> Result<Self, Problem> {
        let target = target(options)?;
        let resolver = options.resolver.as_deref().map(resolver).transpose()?;
        let control: HubName = options.control.parse().map_err(|error| {
            Problem::new(format!("--control: {error}")).hint("give it a host name")
        })?;
        Ok(Self {
            plan: Plan {
                target,
                probes,
                name_servers: name_servers(resolver),
                ask_system: resolver.is_none(),
                resolver_files: resolver_files(),
                hub_ports: HubPorts::default(),
                control: Control { host: control.into_string(), port: 443 },
                vantages: Vantages {
                    host: true,
                    bridge: options.vantage != VantageChoice::Host,
                    network: options.network.clone(),
                },
                services: options.services.services(resolver)?,
            },
            trust: trust(options)?,
            timeout: timeout(&options.timeout)?,
            phase,
        })
    }
}

impl Setup {
    /// The same with other probes.
    pub(super) fn asking(&self, probes: impl Into<BTreeSet<Probe>>) -> Self {
        Self { plan: Plan { probes: probes.into(), ..self.plan.clone() }, ..self.clone() }
    }
}

fn target(options: &TargetOptions) -> Result<Target, Problem> {
    let hub = options.hub.as_deref().ok_or_else(|| {
        Problem::new("no IoT Hub was named")
            .hint("give --hub contoso.azure-devices.net, or set EDGEPROBE_HUB")
    })?;
    let hub: HubName = hub.parse().map_err(|error: crate::plan::HubNameError| {
        Problem::new(error.to_string()).hint(error.hint())
    })?;
    let parent = options.parent.as_deref().map(parent).transpose()?;
    let ports: Ports = options.ports.parse().map_err(|error: crate::plan::PortsError| {
        Problem::new(format!("--ports: {error}")).hint("for example --ports 443,5671,8883")
    })?;
    let mut protocols: Vec<Transport> = Vec::new();
    for protocol in &options.protocol {
        let transport = Transport::from(*protocol);
        if !protocols.contains(&transport) {
            protocols.push(transport);
        }
    }
    let hub = hub.into_string();
    if let Some(doubt) = Doubt::about(&hub) {
        note(&doubtful(&hub, &doubt));
    }
    Ok(Target { hub, parent, protocols, ports: ports.0, embedded: false })
}

fn parent(text: &str) -> Result<String, Problem> {
    let parent = text.parse().map(ParentName::into_string);
    parent.map_err(|error: ParentNameError| {
        Problem::new(format!("--parent: {error}")).hint(error.hint())
    })
}

/// A hint about a name that can be a hub's and probably is not.
fn doubtful(hub: &str, doubt: &Doubt) -> String {
    let hub = clean::line(hub, 100);
    match doubt {
        Doubt::Misspelt(meant) => format!("hint: {hub} ends as no IoT Hub does; try --hub {meant}"),
        Doubt::PrivateLink(meant) => {
            format!("hint: {hub} is a private endpoint's name; devices are given {meant}")
        }
        Doubt::Provisioning => {
            format!("hint: {hub} is a Device Provisioning Service, which assigns a hub and is none")
        }
        Doubt::ClosedCloud => format!("hint: the cloud of {hub} was closed in 2021"),
    }
}

fn resolver(text: &str) -> Result<SocketAddr, Problem> {
    let alone = || text.trim_matches(['[', ']']).parse().map(|ip: IpAddr| SocketAddr::new(ip, 53));
    text.parse().or_else(|_| alone()).map_err(|_| {
        Problem::new(format!("--resolver: `{}` is no IP address", clean::line(text, 60)))
            .hint("for example --resolver 10.0.0.53, 10.0.0.53:5353 or [fd00::53]:53")
    })
}

/// The name servers to ask each on its own: the one that was given, or all that are configured, a
/// local stub and the servers behind it included.
fn name_servers(resolver: Option<SocketAddr>) -> Vec<SocketAddr> {
    if let Some(resolver) = resolver {
        return vec![resolver];
    }
    match dns::configured_servers() {
        Ok(configured) => configured.direct.into_iter().chain(configured.behind_stub).collect(),
        Err(error) => {
            // The system's own resolver is still asked.
            tracing::warn!("the configured name servers cannot be read: {error}");
            Vec::new()
        }
    }
}

/// The files that the engine reads when it makes up a container's resolver configuration.
fn resolver_files() -> ResolverFiles {
    let read = |path: &str| {
        let mut text = String::new();
        let file = File::open(path).ok()?;
        file.take(LARGEST_RESOLVER_FILE).read_to_string(&mut text).ok()?;
        Some(text)
    };
    ResolverFiles {
        resolv_conf: read("/etc/resolv.conf").unwrap_or_default(),
        resolved: read("/run/systemd/resolve/resolv.conf"),
    }
}

fn trust(options: &TargetOptions) -> Result<TrustStores, Problem> {
    TrustStores::load(options.ca_file.as_deref()).map_err(|error| {
        let told = error.to_string();
        let usual = "give it a PEM file with at least one CERTIFICATE block";
        // The library's errors may carry a hint of their own.
        let (message, hint) = told.split_once("; hint: ").unwrap_or((&told, usual));
        Problem::new(format!("--ca-file: {message}")).hint(hint)
    })
}

fn timeout(text: &str) -> Result<Duration, Problem> {
    let wrong = |what: &str| {
        Problem::new(format!("--timeout: `{}` {what}", clean::line(text, 40)))
            .hint("for example --timeout 10s or --timeout 1m30s; from 1s to 10m")
    };
    let duration = humantime::parse_duration(text).map_err(|_| wrong("is no duration"))?;
    if duration < Duration::from_secs(1) || duration > Duration::from_mins(10) {
        return Err(wrong("is out of range"));
    }
    Ok(duration)
}
