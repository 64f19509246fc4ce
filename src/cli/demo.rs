//! `edgeprobe demo`

use std::fmt::Write as _;
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use clap::Args;
use edgeprobe_emulator::{Fault, Layout, Scenario};
use edgeprobe_facts::Probe;
use edgeprobe_facts::endpoint::Transport;
use edgeprobe_probes::endpoint::TrustStores;
use edgeprobe_probes::registry::Access;

use super::check::{Telling, observe_and_tell};
use super::format::Format;
use super::language::Languages;
use super::logs::during_check::Logs;
use super::output::{Destination, note, print};
use super::problem::Problem;
use super::session::timeline;
use super::setup::Setup;
use crate::demo::Demo;
use crate::language::{Language, Text};
use crate::plan::{Control, HubPorts, Phase, Plan, ResolverFiles, Vantages};
use crate::report::style::{BOLD, labelled, paint};
use crate::report::words::say;
use crate::verdict::{CauseId, Target, entry};

/// The embedded hub's name.
const HUB: &str = "demo.azure-devices.net";

/// On loopback an answer takes milliseconds, so a silent peer is recognised sooner.
const TIMEOUT: Duration = Duration::from_secs(4);

/// Options of `demo`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  edgeprobe demo                            a healthy device
  edgeprobe demo --fault amqp-port-blocked  a fault, produced for real and found
  edgeprobe demo --list                     the faults that can be produced

Exit codes: 0 healthy, 1 degraded, 2 blocked, 3 inconclusive or a failure of
edgeprobe itself.")]
pub(super) struct Options {
    /// A fault to produce, by the id of its cause
    #[arg(long, value_name = "NAME")]
    fault: Option<String>,

    /// List the faults
    #[arg(long, conflicts_with_all = ["fault", "format", "output", "quiet", "verbose"])]
    list: bool,

    #[command(flatten)]
    telling: Telling,
}

pub(super) fn run(options: &Options, languages: Languages) -> Result<u8, Problem> {
    let language = languages.for_format(options.telling.format);
    if options.list {
        print(&list(languages.for_people()))?;
        return Ok(0);
    }
    let fault = options.fault.as_deref().map(fault).transpose()?;
    let healthy = Scenario::on_loopback(HUB);
    let scenario = match fault {
        Some(fault) => healthy.with_fault(fault),
        None => healthy,
    };
    // Nothing is started for a report that cannot be written.
    Destination::check(options.telling.output.as_deref())?;
    loopback().map_err(|error| {
        Problem::new(format!("127.0.0.1 cannot be reached: {error}"))
            .hint("bring the loopback interface up: `ip link set lo up`")
    })?;
    let demo = Demo::start(scenario).map_err(|error| Problem::new(error.to_string()))?;
    if options.telling.format == Format::Human && !options.telling.quiet {
        note(&introduction(fault, language));
    }
    observe_and_tell(&setup(demo.layout(), fault), &options.telling, language)
}

/// Whether a connection on loopback opens: the demonstration runs there.
fn loopback() -> io::Result<()> {
    let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    TcpStream::connect_timeout(&server.local_addr()?, TIMEOUT).map(drop)
}

/// The fault of this name, written as a cause's may be.
fn fault(name: &str) -> Result<Fault, Problem> {
    let name = edgeprobe_facts::clean::line(name, 60);
    let (id, nearest) = match name.parse::<CauseId>() {
        Ok(cause) => (cause.to_string(), None),
        Err(error) => (name.clone(), error.nearest),
    };
    id.parse().map_err(|_| {
        let produced = nearest.filter(|id| id.word().parse::<Fault>().is_ok());
        let hint = match produced {
            Some(id) => format!("did you mean `edgeprobe demo --fault {id}`?"),
            None => "`edgeprobe demo --list` shows those that can".to_owned(),
        };
        Problem::new(format!("`{name}` is not a fault that can be produced here")).hint(hint)
    })
}

fn list(language: Language) -> String {
    let mut out = String::new();
    for fault in Fault::ALL {
        let told = labelled("", 22, &described(fault, language));
        let _ =
            writeln!(out, "{}{}", paint(BOLD, &format!("{:<22}", fault.id())), told.trim_start());
    }
    out
}

fn introduction(fault: Option<Fault>, language: Language) -> String {
    let text = match fault {
        None => Text::new("demo.healthy"),
        Some(fault) => Text::new("demo.fault")
            .with("fault", fault.id())
            .with("description", described(fault, language)),
    };
    labelled("", 0, &say(&text, language)) + "\n"
}

/// What is broken: in English the exact fault, in other languages the cause that it shows.
fn described(fault: Fault, language: Language) -> String {
    match (language, fault.id().parse::<CauseId>()) {
        (Language::English, _) | (_, Err(_)) => fault.description().to_owned(),
        (_, Ok(cause)) => entry(cause, language).line.clone(),
    }
}

/// The embedded internet instead of the device's own: its name server, its ports, its trust.
///
/// Routes and engine are the real device's, so the demonstration leaves them out.
fn setup(layout: &Layout, fault: Option<Fault>) -> Setup {
    let mut protocols = vec![Transport::Amqp, Transport::AmqpWs];
    if matches!(fault, Some(Fault::MqttPortBlocked | Fault::EdgeHubMqttDefect)) {
        protocols.push(Transport::Mqtt);
    }
    let mapped = layout.edge_hub;
    let probes =
        [Probe::Dns, Probe::Tls, Probe::Websocket, Probe::Https, Probe::Ports, Probe::Clock].into();
    Setup {
        containers: false,
        plan: Plan {
            target: Target {
                hub: layout.hub.clone(),
                parent: None,
                protocols,
                ports: vec![mapped.web, mapped.amqp, mapped.mqtt],
                embedded: true,
                ..Target::default()
            },
            probes,
            name_servers: vec![layout.resolver],
            ask_system: false,
            resolver_files: ResolverFiles::default(),
            hostname: None,
            hub_ports: HubPorts {
                amqp: layout.ports.amqp,
                mqtt: layout.ports.mqtt,
                web: layout.ports.web,
            },
            control: Control {
                host: layout.control.name.clone(),
                port: layout.control.address.port(),
            },
            vantages: Vantages { host: true, bridge: false, network: None },
            registries: None,
            follow_all: false,
        },
        trust: TrustStores::from_der(&layout.device_roots, None, &layout.public_roots),
        registry_access: Access::default(),
        timeout: TIMEOUT,
        timeline: timeline(TIMEOUT),
        given: Vec::new(),
        logs: Logs::None,
        phase: Phase::PreInstall,
    }
}
