//! From options and environment to what a run needs. Every error in them is reported before
//! anything is asked of the network.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use edgeprobe_facts::dns::resolv_conf::{BEHIND_STUB, RESOLV_CONF};
use edgeprobe_facts::{Observation, Probe, clean};
use edgeprobe_probes::endpoint::{TrustStoreError, TrustStores};
use edgeprobe_probes::engine::Places;
use edgeprobe_probes::registry::Access;
use edgeprobe_probes::{Timeline, bounded, dns};

use super::device::{Device, Given};
use super::doubt::doubtful;
use super::logs::during_check::Logs;
use super::options::{ProbeChoice, ProbeName, TargetOptions, VantageChoice};
use super::output::note;
use super::problem::Problem;
use super::session::timeline;
use crate::plan::{
    Control, HubName, HubNameError, HubPorts, Phase, Plan, ResolverFiles, Vantages,
    with_prerequisites,
};
use crate::verdict::{Doubt, Target};

/// Bytes; a resolv.conf has some hundred.
const LARGEST_RESOLVER_FILE: u64 = 64 * 1024;

/// The probes of a run.
pub(super) struct Probes {
    chosen: BTreeSet<Probe>,
    /// Whether their prerequisites are asked too, because the user did not choose among the others.
    grounded: bool,
    /// Whether the engine may be asked before the run, for what its containers say.
    engine: bool,
}

impl From<&ProbeChoice> for Probes {
    fn from(choice: &ProbeChoice) -> Self {
        let probes =
            |names: &[ProbeName]| -> BTreeSet<Probe> { names.iter().map(|name| name.0).collect() };
        let skipped = probes(&choice.skip);
        let chosen = if choice.only.is_empty() {
            Probe::ALL.iter().copied().filter(|probe| !skipped.contains(probe)).collect()
        } else {
            probes(&choice.only)
        };
        let grounded = !choice.only.is_empty();
        Self { chosen, grounded, engine: !skipped.contains(&Probe::Engine) }
    }
}

impl<const N: usize> From<[Probe; N]> for Probes {
    fn from(probes: [Probe; N]) -> Self {
        Self { chosen: probes.into(), grounded: false, engine: true }
    }
}

impl Probes {
    /// One probe, and what it stands on.
    pub(super) fn alone(probe: Probe) -> Self {
        Self { chosen: [probe].into(), grounded: true, engine: true }
    }

    /// All that takes part where questions are asked from these places.
    fn taking_part(self, vantage: VantageChoice) -> BTreeSet<Probe> {
        let from_networks = vantage == VantageChoice::Bridge;
        if self.grounded { with_prerequisites(&self.chosen, from_networks) } else { self.chosen }
    }
}

/// Everything that a run needs.
#[derive(Clone)]
pub(super) struct Setup {
    pub(super) plan: Plan,
    pub(super) trust: TrustStores,
    pub(super) registry_access: Access,
    /// Whether a container may be started to ask from.
    pub(super) containers: bool,
    pub(super) timeout: Duration,
    /// The time of this run, which has begun.
    pub(super) timeline: Timeline,
    pub(super) phase: Phase,
    /// What is known already: the device's configuration, and the engine's answer where its
    /// containers were asked after before.
    pub(super) given: Vec<Observation>,
    /// The logs that are read while the probes run.
    pub(super) logs: Logs,
}

impl Setup {
    /// The phase is read from the device where none is given.
    pub(super) fn new(
        options: &TargetOptions,
        probes: impl Into<Probes>,
        phase: Option<Phase>,
    ) -> Result<Self, Problem> {
        let probes: Probes = probes.into();
        let engine = probes.engine;
        let probes = probes.taking_part(options.vantage);
        let given = Given::read(options)?;
        named("--hostname", options.hostname.as_deref(), true)?;
        named("--network", options.network.as_deref(), false)?;
        let resolver = options.resolver.as_deref().map(resolver).transpose()?;
        let control: HubName = options.control.parse().map_err(|error| {
            let error: HubNameError = error;
            let meant = error.meant().map(|host| format!("try --control {host}"));
            Problem::new(format!("--control: {error}"))
                .hint(meant.unwrap_or_else(|| "give it a host name".to_owned()))
        })?;
        let timeout = timeout(&options.timeout)?;
        let trust = trust(options)?;
        let timeline = timeline(timeout);
        let containers = engine && given.lacks_containers(&probes, options.vantage);
        if containers || probes.contains(&Probe::Engine) {
            Places::of_this_device().check().map_err(|error| {
                Problem::new(error).hint("unset it for this device's own engine")
            })?;
        }
        let device = Device::look(timeline, containers)?;
        let target = given.target(&device, &probes, options)?;
        let provisioning = options.services.provisioning(&target.hub)?;
        let target = Target { provisioning, ..target };
        if let Some(doubt) = Doubt::about(&target.hub) {
            note(&doubtful(&target.hub, &doubt));
        }
        Ok(Self {
            phase: phase.unwrap_or_else(|| Phase::from_runtime(&device.runtime)),
            given: device.observations(timeline, &probes),
            plan: Plan {
                vantages: Vantages {
                    host: options.vantage != VantageChoice::Bridge,
                    bridge: options.vantage != VantageChoice::Host,
                    network: target.network.clone(),
                },
                target,
                probes,
                name_servers: name_servers(resolver),
                ask_system: resolver.is_none(),
                resolver_files: resolver_files(),
                hostname: options.hostname.clone(),
                hub_ports: HubPorts::default(),
                control: Control { host: control.into_string(), port: 443 },
                registries: options.services.registries()?,
                follow_all: false,
            },
            trust,
            registry_access: options.services.registry_access(resolver)?,
            containers: !options.no_container,
            timeout,
            timeline,
            logs: Logs::None,
        })
    }

    /// The logs that are read by default: the runtime's own, once it is installed.
    pub(super) fn usual_logs(&self) -> Logs {
        let reads = self.plan.probes.contains(&Probe::Logs) && self.phase == Phase::Installed;
        if reads { Logs::Here { asked: false } } else { Logs::None }
    }

    /// The same for another run, which begins now and knows no more than the configuration. A VPN
    /// client may have put other name servers in place meanwhile.
    pub(super) fn afresh(&self) -> Self {
        let mut given = self.given.clone();
        given.retain(|observation| observation.probe() == Probe::Runtime);
        let mut plan = self.plan.clone();
        if plan.ask_system {
            plan.name_servers = name_servers(None);
            plan.resolver_files = resolver_files();
        }
        Self { plan, given, timeline: timeline(self.timeout), ..self.clone() }
    }

    /// The files that say which name servers are asked; empty where an option names them.
    pub(super) fn resolver_files(&self) -> &'static [&'static str] {
        if self.plan.ask_system { &[RESOLV_CONF, BEHIND_STUB] } else { &[] }
    }

    /// As [`Setup::afresh`], with other probes.
    pub(super) fn asking(&self, probes: impl Into<BTreeSet<Probe>>) -> Self {
        let plan = Plan { probes: probes.into(), ..self.plan.clone() };
        Self { plan, given: Vec::new(), ..self.afresh() }
    }
}

/// Refuses what is a connection string instead of a name, without showing it.
fn named(option: &str, name: Option<&str>, or_empty: bool) -> Result<(), Problem> {
    let Some(name) = name else { return Ok(()) };
    if name.contains(['=', ';']) {
        return Err(Problem::new(format!("{option}: a name cannot contain `=` or `;`"))
            .hint("give the host name alone, not a connection string"));
    }
    if name.trim().is_empty() && !or_empty {
        return Err(Problem::new(format!("{option}: the name is empty"))
            .hint("leave the option out for the network that the runtime is configured with"));
    }
    Ok(())
}

pub(super) fn resolver(text: &str) -> Result<SocketAddr, Problem> {
    let alone = || text.trim_matches(['[', ']']).parse().map(|ip: IpAddr| SocketAddr::new(ip, 53));
    let refused = |what| {
        Problem::new(format!("--resolver: `{}` {what}", clean::line(text, 60)))
            .hint("for example --resolver 10.0.0.53, 10.0.0.53:5353 or [fd00::53]:53")
    };
    let server = text.parse().or_else(|_| alone()).map_err(|_| refused("is not an IP address"))?;
    if server.port() == 0 { Err(refused("has no port that answers")) } else { Ok(server) }
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
    let read = |path: &str| bounded::text(Path::new(path), LARGEST_RESOLVER_FILE).ok();
    ResolverFiles {
        resolv_conf: read(RESOLV_CONF).unwrap_or_default(),
        resolved: read(BEHIND_STUB),
    }
}

fn trust(options: &TargetOptions) -> Result<TrustStores, Problem> {
    TrustStores::load(options.ca_file.as_deref()).map_err(|error| {
        let told = error.to_string();
        if let TrustStoreError::NoStore { variable, .. } = error {
            return Problem::new(told)
                .hint(format!("unset {variable} for the device's own store, or correct it"));
        }
        let usual = "give it a PEM file with at least one CERTIFICATE block";
        // The library's errors may have their own hint.
        let (message, hint) = told.split_once("; hint: ").unwrap_or((&told, usual));
        Problem::new(format!("--ca-file: {message}")).hint(hint)
    })
}

/// Reads `--timeout`.
pub(super) fn timeout(text: &str) -> Result<Duration, Problem> {
    let wrong = |what: &str| {
        Problem::new(format!("--timeout: `{}` {what}", clean::line(text, 40)))
            .hint("for example --timeout 10s or --timeout 1m30s; from 1s to 10m")
    };
    let duration = humantime::parse_duration(text).map_err(|_| wrong("is not a duration"))?;
    if duration < Duration::from_secs(1) || duration > Duration::from_mins(10) {
        return Err(wrong("is out of range"));
    }
    Ok(duration)
}
