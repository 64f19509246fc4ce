//! The target of a run: what is given comes first, then what the device itself says.

use std::collections::BTreeSet;
use std::env;

use edgeprobe_facts::endpoint::Transport;
use edgeprobe_facts::engine::{Container, EngineFacts};
use edgeprobe_facts::runtime::{Generation, RuntimeFacts, Setting, SourceState};
use edgeprobe_facts::{Facts, Observation, Probe, Token, Vantage};
use edgeprobe_probes::runtime::{self, Root};
use edgeprobe_probes::{Timeline, engine};

use super::options::{TargetOptions, VantageChoice};
use super::problem::Problem;
use super::proxy;
use super::session::cannot_start;
use crate::plan::{
    DEFAULT_TRANSPORTS, HubName, HubNameError, ParentName, ParentNameError, Ports, PortsError,
    upstream_transport,
};
use crate::verdict::{GivenProxy, Sources, Target};

/// The variable that names the hub where no option does.
const HUB_VARIABLE: &str = "EDGEPROBE_HUB";

/// What options and variables say of the target.
pub(super) struct Given {
    hub: Option<Setting<String>>,
    parent: Option<String>,
    proxy: Option<GivenProxy>,
    protocols: Vec<Transport>,
    ports: Option<Vec<u16>>,
    network: Option<String>,
}

impl Given {
    pub(super) fn read(options: &TargetOptions) -> Result<Self, Problem> {
        // A variable that is set to nothing says nothing.
        let hub = options.hub.as_deref().filter(|text| !(text.is_empty() && is_set_to_nothing()));
        let hub = hub.map(|text| -> Result<_, Problem> {
            Ok(Setting { value: hub_name(text)?, source: source_of_the_hub(text).to_owned() })
        });
        let ports = options.ports.as_deref().map(|text| {
            let ports = text.parse().map(|Ports(ports)| ports);
            ports.map_err(|error: PortsError| {
                Problem::new(format!("--ports: {error}")).hint("for example --ports 443,5671,8883")
            })
        });
        let mut protocols: Vec<Transport> = Vec::new();
        for protocol in &options.protocol {
            let transport = protocol.0;
            if !protocols.contains(&transport) {
                protocols.push(transport);
            }
        }
        Ok(Self {
            hub: hub.transpose()?,
            parent: options.parent.as_deref().map(parent_name).transpose()?,
            proxy: proxy::given(options.proxy.as_deref())?,
            protocols,
            ports: ports.transpose()?,
            network: options.network.clone(),
        })
    }

    /// Whether the containers may say something of the target that these probes need and that is
    /// not given.
    pub(super) fn lacks_containers(
        &self,
        probes: &BTreeSet<Probe>,
        vantage: VantageChoice,
    ) -> bool {
        let any = |of: &[Probe]| of.iter().any(|probe| probes.contains(probe));
        let network = vantage != VantageChoice::Host && any(&[Probe::Vantage, Probe::EdgeRoute]);
        (self.hub.is_none() && needs_a_hub(probes))
            || (self.protocols.is_empty() && any(&[Probe::Tls, Probe::Websocket]))
            || (self.ports.is_none() && any(&[Probe::Ports]))
            || (self.network.is_none() && network)
            || any(&[Probe::Runtime])
    }

    /// The target: what is given, else what the device says, else the defaults.
    pub(super) fn target(
        self,
        device: &Device,
        probes: &BTreeSet<Probe>,
        options: &TargetOptions,
    ) -> Result<Target, Problem> {
        let vantage = options.vantage;
        let hub = match self.hub {
            Some(hub) => hub,
            None => device.hub(probes, options.services.names_provisioning())?,
        };
        let (protocols, by_protocols) = match self.protocols {
            given if !given.is_empty() => (given, Some("--protocol".to_owned())),
            _ => device.protocols(),
        };
        let (ports, by_ports) = match self.ports {
            Some(given) => (given, Some("--ports".to_owned())),
            None => device.ports(),
        };
        let named = self.network.map(|value| Setting { value, source: "--network".to_owned() });
        let network = named.or_else(|| device.runtime.network.clone());
        let (network, by_network) = network.map(|network| (network.value, network.source)).unzip();
        Ok(Target {
            hub: hub.value,
            parent: self.parent,
            proxy: self.proxy,
            protocols,
            ports,
            embedded: false,
            provisioning: None,
            network,
            host_alone: vantage == VantageChoice::Host,
            sources: Sources {
                hub: Some(hub.source).filter(|source| !source.is_empty()),
                protocols: by_protocols,
                ports: by_ports,
                network: by_network,
            },
        })
    }
}

/// What the device says of itself.
pub(super) struct Device {
    pub(super) runtime: RuntimeFacts,
    /// The engine's answer, where it was asked.
    engine: Option<Observation>,
}

impl Device {
    /// Reads the configuration, and asks the engine where the containers matter.
    pub(super) fn look(timeline: Timeline, containers: bool) -> Result<Self, Problem> {
        let mut runtime = runtime::read(&Root::of_this_device());
        if !containers {
            return Ok(Self { runtime, engine: None });
        }
        // Everything else waits for this, so a silent engine is not waited for as long as in a run.
        let soon = Timeline::start(timeline.remaining() / 2);
        let waiter = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| cannot_start("ask the engine", &error))?;
        let is_version_open =
            runtime.generation == Some(Generation::Toml) && runtime.version.is_none();
        let engine = waiter.block_on(async {
            let engine = engine::inspect(soon, &Vantage::Host);
            if !is_version_open {
                return engine.await;
            }
            let program = runtime::ask_the_program(soon.patience());
            let (engine, version) = tokio::join!(engine, program);
            runtime.version = version;
            engine
        });
        waiter.shutdown_background();
        if let Facts::Engine(facts) = &engine.facts {
            runtime.add_containers(facts);
        }
        Ok(Self { runtime, engine: Some(engine) })
    }

    /// What the run is given of this, as far as these probes take part in it.
    pub(super) fn observations(
        &self,
        timeline: Timeline,
        probes: &BTreeSet<Probe>,
    ) -> Vec<Observation> {
        let configuration = runtime::observe(timeline, &Vantage::Host, self.runtime.clone());
        // An engine that did not answer at once is asked again, for longer, while everything else
        // runs.
        let answered = |engine: &&Observation| {
            !engine.token().is_some_and(|it| it == Token::EngineNotAnswering || it.is_own())
        };
        let engine = self.engine.iter().filter(answered).cloned();
        let all = std::iter::once(configuration).chain(engine);
        all.filter(|observation| probes.contains(&observation.probe())).collect()
    }

    /// The hub; an empty one where the provisioning service has not named it yet, or nothing asks for
    /// it.
    fn hub(
        &self,
        probes: &BTreeSet<Probe>,
        asks_provisioning: bool,
    ) -> Result<Setting<String>, Problem> {
        let provisioning = self.runtime.provisioning.as_ref();
        let is_unassigned = asks_provisioning || provisioning.is_some_and(|it| it.mode == "dps");
        let Some(Setting { value, source }) = self.runtime.hub.clone() else {
            return if needs_a_hub(probes) && !is_unassigned {
                Err(Problem::new("no IoT Hub was named").hint(self.where_it_was_looked_for()))
            } else {
                Ok(Setting { value: String::new(), source: String::new() })
            };
        };
        let name = value.parse().map(HubName::into_string);
        let value = name.map_err(|error: HubNameError| {
            Problem::new(format!("the hub's name in {source}: {error}"))
                .hint("correct it there, or give --hub contoso.azure-devices.net")
        })?;
        Ok(Setting { value, source })
    }

    fn protocols(&self) -> (Vec<Transport>, Option<String>) {
        let told = self.runtime.upstream_protocol.as_ref().and_then(|setting| {
            Some((vec![upstream_transport(&setting.value)?], Some(setting.source.clone())))
        });
        told.unwrap_or_else(|| (DEFAULT_TRANSPORTS.to_vec(), None))
    }

    fn ports(&self) -> (Vec<u16>, Option<String>) {
        let mut ports: Vec<u16> = self.runtime.ports.iter().map(|port| port.host_port).collect();
        ports.sort_unstable();
        ports.dedup();
        let edge_hub = self.engine_facts().and_then(EngineFacts::edge_hub);
        if ports.is_empty() && !edge_hub.is_some_and(maps_nothing) {
            return (Ports::default().0, None);
        }
        (ports, edge_hub.map(|container| container.name.clone()))
    }

    fn engine_facts(&self) -> Option<&EngineFacts> {
        self.engine.as_ref().and_then(|observation| match &observation.facts {
            Facts::Engine(facts) => Some(facts),
            _ => None,
        })
    }

    /// Where a hub was looked for in vain, and what kept it from being found.
    fn where_it_was_looked_for(&self) -> String {
        let unread: Vec<String> = self
            .runtime
            .sources
            .iter()
            .filter(|source| source.state != SourceState::Read)
            .take(3)
            .map(|source| match source.state {
                SourceState::Unreadable => format!("{} (run as root)", source.name),
                _ => format!("{} ({})", source.name, source.detail.as_deref().unwrap_or("broken")),
            })
            .collect();
        let found = match (self.runtime.generation, unread.as_slice()) {
            (None, []) => "no runtime is configured below /etc/aziot, /etc/iotedge, \
                /etc/azure-iot-edge or /var/snap"
                .to_owned(),
            (_, []) => "the runtime's configuration names none".to_owned(),
            (_, unread) => format!("could not read {}", unread.join(", ")),
        };
        let containers = match self.engine.as_ref().map(Observation::token) {
            Some(Some(Token::EnginePermissionDenied)) => {
                "this user may not ask the engine for a container edgeAgent"
            }
            Some(Some(token)) if token.is_own() => "the engine could not be asked",
            Some(Some(_)) => "the engine does not answer",
            Some(None) => "no container edgeAgent knows one",
            None => "the engine was not asked",
        };
        format!(
            "give --hub contoso.azure-devices.net, or set {HUB_VARIABLE}; {found}, and {containers}"
        )
    }
}

/// Whether the runtime made Edge Hub without ports of the host; on the host's own network it needs
/// them all the same.
fn maps_nothing(edge_hub: &Container) -> bool {
    let on_the_host = edge_hub.network_mode.as_deref() == Some("host");
    edge_hub.published.is_empty() && edge_hub.iot_hub.is_some() && !on_the_host
}

/// Whether any of these probes asks something of the hub.
fn needs_a_hub(probes: &BTreeSet<Probe>) -> bool {
    let local = [
        Probe::Ports,
        Probe::Engine,
        Probe::Runtime,
        Probe::Registry,
        Probe::Hostname,
        Probe::Logs,
    ];
    probes.iter().any(|probe| !local.contains(probe))
}

fn hub_name(text: &str) -> Result<String, Problem> {
    let name = text.parse().map(HubName::into_string);
    name.map_err(|error: HubNameError| Problem::new(error.to_string()).hint(error.hint()))
}

fn parent_name(text: &str) -> Result<String, Problem> {
    let parent = text.parse().map(ParentName::into_string);
    parent.map_err(|error: ParentNameError| {
        Problem::new(format!("--parent: {error}")).hint(error.hint())
    })
}

fn is_set_to_nothing() -> bool {
    env::var_os(HUB_VARIABLE).is_some_and(|value| value.is_empty())
}

fn source_of_the_hub(given: &str) -> &'static str {
    match env::var(HUB_VARIABLE) {
        Ok(variable) if variable == given => HUB_VARIABLE,
        _ => "--hub",
    }
}
