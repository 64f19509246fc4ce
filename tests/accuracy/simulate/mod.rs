//! A run of the tool in a world: the real plan asks, and the world answers.
//!
//! Nothing here is the probes' or the verdict's own code but for the types that observations are
//! written in, so that the judge cannot be wrong in the same way unnoticed.

mod device;
mod kernel;
mod kernels_word;
mod names;
mod path;
mod peers;
mod protocols;
mod record;
mod services;

pub(crate) use path::Start;
pub(crate) use record::module;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use edgeprobe::plan::{Ask, Control, HubPorts, Plan, Question, ResolverFiles, Vantages};
use edgeprobe::verdict::{Language, Target, Verdict, judge};
use edgeprobe_facts::endpoint::{Endpoint, Transport, Via};
use edgeprobe_facts::{Facts, Observation, Probe, Role, Token, Tries};

use crate::world::{CONTROL, HUB, PARENT, STUB, World};

/// What a run saw.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) target: Target,
    pub(crate) observations: Vec<Observation>,
}

impl Run {
    pub(crate) fn verdict(&self) -> Verdict {
        judge(&self.target, &self.observations, Language::English)
    }
}

impl World {
    /// Runs the check, as `run::observe` does.
    pub(crate) fn check(&self) -> Run {
        self.check_from(Vantages::default())
    }

    /// The same from these vantages.
    pub(crate) fn check_from(&self, vantages: Vantages) -> Run {
        let plan = Plan { vantages, ..self.plan() };
        let mut posed: Vec<Ask> = Vec::new();
        let mut seen: Vec<Observation> = self.read_configuration().into_iter().collect();
        loop {
            let next: Vec<Ask> =
                plan.questions(&seen).into_iter().filter(|ask| !posed.contains(ask)).collect();
            if next.is_empty() {
                break;
            }
            for ask in next {
                // A question that follows from two answers is named twice.
                if !posed.contains(&ask) {
                    seen.push(self.answer(&ask));
                    posed.push(ask);
                }
            }
        }
        for observation in &mut seen {
            self.count_packets(observation);
        }
        seen.extend(self.compare_clocks(&seen));
        seen.sort_by(|one, other| {
            (&one.vantage, one.probe(), &one.id).cmp(&(&other.vantage, other.probe(), &other.id))
        });
        Run { target: plan.target, observations: seen }
    }

    /// What the probes count of what was sent, and lost. Whoever stays silent was asked eight times.
    fn count_packets(&self, observation: &mut Observation) {
        let is_dns = matches!(observation.facts, Facts::Dns(_));
        if !is_dns && observation.facts.endpoint().is_none() {
            return;
        }
        observation.tries = Some(match observation.token() {
            None => Tries { begun: 1, sent: 30, lost: self.packets_lost, unanswered: 0 },
            Some(Token::TimedOut | Token::DnsTimeout) => {
                Tries { begun: 6, unanswered: 8, ..Tries::default() }
            }
            Some(_) => Tries { begun: 1, sent: 1, ..Tries::default() },
        });
    }

    fn plan(&self) -> Plan {
        let lines = |servers: &[std::net::IpAddr]| {
            servers.iter().fold(String::new(), |lines, it| lines + &format!("nameserver {it}\n"))
        };
        let names = &self.names;
        Plan {
            target: Target {
                hub: HUB.to_owned(),
                parent: self.is_child.then(|| PARENT.to_owned()),
                protocols: self.protocols.clone(),
                ports: vec![443, 5671, 8883],
                ..Target::default()
            },
            probes: Probe::ALL.iter().copied().collect::<BTreeSet<_>>(),
            vantages: Vantages::default(),
            name_servers: names
                .configured
                .iter()
                .chain(&names.behind_stub)
                .map(|it| SocketAddr::new(*it, 53))
                .collect(),
            ask_system: true,
            hostname: None,
            registries: Some(Vec::new()),
            resolver_files: ResolverFiles {
                resolv_conf: lines(&names.configured),
                resolved: (names.configured == [STUB]).then(|| lines(&names.behind_stub)),
            },
            hub_ports: HubPorts::default(),
            control: Control { host: CONTROL.to_owned(), port: 443 },
            follow_all: false,
        }
    }

    fn answer(&self, ask: &Ask) -> Observation {
        let start = || self.place(&ask.vantage);
        match &ask.question {
            Question::System { name, role } => self.answer_system(name, *role),
            Question::Server { server, name, role } => {
                self.answer_server(&ask.vantage, start(), *server, name, *role)
            }
            Question::ServerBy { server, name, interface } => {
                let start = Start::Host { bound: Some(interface) };
                self.answer_server(&ask.vantage, start, *server, name, Role::Detour)
            }
            Question::Route { destination } => self.answer_route(*destination),
            Question::Tables => self.answer_tables(),
            Question::Connect { endpoint, peer } => {
                self.answer_connection(&ask.vantage, start(), endpoint, *peer)
            }
            Question::Port { port, containers, .. } => self.answer_port(*port, containers),
            Question::Engine => self.answer_engine(),
            Question::EdgeRoute { edge, destination } => self.answer_edge_route(edge, *destination),
            Question::Join { edge } => self.answer_join(edge),
            Question::Enter { edge, module } => self.answer_enter(edge, module),
            Question::Container { .. } => unreachable!("the model reads no container's files"),
            Question::Trace { edge, destination } => {
                self.answer_trace(&ask.vantage, edge, *destination)
            }
            Question::Hostname { .. } => Self::answer_hostname(),
            Question::Registry { query } => self.answer_registry(query),
        }
    }

    /// Whether a connection from here to the hub works, at one of its own addresses or of the proxy
    /// that it goes by.
    pub(crate) fn connects(
        &self,
        start: Start<'_>,
        transport: Transport,
        proxy: Option<Via>,
        peer: std::net::IpAddr,
    ) -> bool {
        let endpoint = Endpoint {
            transport,
            role: if self.is_child { Role::Parent } else { Role::Hub },
            server: self.upstream().to_owned(),
            port: transport.default_port(),
            detour: None,
            proxy,
        };
        let vantage = edgeprobe_facts::Vantage::Host;
        !self.answer_connection(&vantage, start, &endpoint, peer).failed()
    }
}
