//! What the device has: the engine, the ports, places on its networks, its clock.

use std::net::{IpAddr, SocketAddrV4};

use edgeprobe::plan::Edge;
use edgeprobe_facts::clock::{ClockFacts, ClockSource};
use edgeprobe_facts::endpoint::TrustResult;
use edgeprobe_facts::engine::{
    ASKED_FROM_1_6, ASKED_UP_TO_1_5, ApiVersion, ApiVersions, AskedVersion, Attachment, Container,
    EngineFacts, EngineKind, EngineSettings, NetworkSubnet, PublishedPort,
};
use edgeprobe_facts::hostname::HostnameFacts;
use edgeprobe_facts::ports::{Bind, BindResult, Holder as PortHolder, PortFacts};
use edgeprobe_facts::runtime::Part;
use edgeprobe_facts::trace::{Answer, Departure, Reply, Stage, Trace};
use edgeprobe_facts::vantage::{Means, Resident, VantageFacts};
use edgeprobe_facts::{Facts, Failure, Observation, Step, Token, Vantage, engine};

use super::path::{Cargo, Ending, Start};
use super::peers::NOW;
use super::record::Record;
use crate::services::PROXY_ADDRESS;
use crate::world::{Engine, Holder, Network, User, World};

const EPHEMERAL: u16 = 40_000;

impl World {
    pub(super) fn answer_engine(&self) -> Observation {
        let endpoint = "unix:///var/run/docker.sock".to_owned();
        let mut facts = EngineFacts { endpoint: endpoint.clone(), ..EngineFacts::default() };
        let record = Record::new(&Vantage::Host, "engine");
        let Some(engine) = &self.engine else {
            return record.skip(endpoint, None, Facts::Engine(facts));
        };
        facts.installed = true;
        facts.settings = EngineSettings {
            dns: engine.dns.clone(),
            default_address_pools: engine.pools.clone(),
            ..EngineSettings::default()
        };
        let failure = match self.user {
            User::Ordinary => Some(Token::EnginePermissionDenied),
            _ if !engine.answers => Some(Token::EngineNotAnswering),
            _ => None,
        };
        let record = record.step(Step::Engine, failure.is_none());
        if let Some(token) = failure {
            let why = Failure::new(Step::Engine, token, token.to_string());
            return record.finish(endpoint, Err(why), Facts::Engine(facts));
        }
        facts.version = Some(engine.version.clone());
        facts.api = Some(answer_versions(engine));
        facts.kind = Some(EngineKind::Docker);
        facts.ipv4_forwarding = self.tables.ip_forward;
        facts.networks = engine.networks.iter().map(described).collect();
        facts.containers = self.containers(engine);
        facts.images = Some(Vec::new());
        facts.settings.https_proxy = self.proxy_of(Part::Engine).map(|via| via.url);
        record.finish(endpoint, Ok(()), Facts::Engine(facts))
    }

    fn containers(&self, engine: &Engine) -> Vec<Container> {
        let mut containers: Vec<Container> = Vec::new();
        for network in &engine.networks {
            for module in &network.residents {
                let attachment =
                    Attachment { network: network.name.clone(), addresses: vec![module.address] };
                let published = |(port, holder): &(u16, Holder)| {
                    let own = match holder {
                        Holder::EdgeHub => module.name == "edgeHub",
                        Holder::Container { name } => *name == module.name,
                        Holder::Process { .. } => false,
                    };
                    own.then(|| PublishedPort {
                        address: "0.0.0.0".parse().unwrap(),
                        host_port: *port,
                        container_port: *port,
                    })
                };
                containers.push(Container {
                    id: format!("{:064x}", module.pid),
                    name: module.name.clone(),
                    image: format!("mcr.microsoft.com/{}:1.5", module.name),
                    addresses: vec![module.address],
                    published: self.ports.held.iter().filter_map(published).collect(),
                    network_mode: Some(network.name.clone()),
                    networks: vec![attachment],
                    pid: Some(module.pid),
                    ..Container::default()
                });
            }
        }
        containers
    }

    pub(super) fn answer_hostname() -> Observation {
        let name = "edge-device-7".to_owned();
        let facts = Facts::Hostname(HostnameFacts { name, given: false });
        Record::new(&Vantage::Host, "own").finish("the device's host name", Ok(()), facts)
    }

    pub(super) fn answer_port(&self, port: u16, containers: &[Container]) -> Observation {
        let may_bind = self.user == User::Root || port >= 1024;
        let held = self.ports.held.iter().find(|(held, _)| *held == port).map(|it| &it.1);
        let result = match held {
            _ if !may_bind => BindResult::NotPermitted,
            Some(_) => BindResult::InUse,
            None if self.ports.refused.contains(&port) => BindResult::NotPermitted,
            None => BindResult::Free,
        };
        let binds = ["0.0.0.0", "::"].map(|it| Bind { address: it.parse().unwrap(), result });
        let holder = held.map(|holder| self.as_seen(holder, port, containers));
        let held_by_edge_hub =
            holder.as_ref().is_some_and(|holder| holder.container.as_deref() == Some("edgeHub"));
        let token = match (&holder, result) {
            _ if held_by_edge_hub => None,
            (Some(_), _) => Some(Token::AddressInUse),
            (None, BindResult::NotPermitted) if may_bind => Some(Token::BindNotPermitted),
            (None, _) => None,
        };
        let facts = PortFacts {
            port,
            binds: binds.to_vec(),
            holders: holder.into_iter().collect(),
            may_bind,
            tables_unread: false,
            held_by_edge_hub,
        };
        let record = Record::new(&Vantage::Host, &port.to_string());
        let record = record.step(Step::Bind, token.is_none());
        let failure = token.map(|token| Failure::new(Step::Bind, token, token.to_string()));
        record.finish(format!("port {port}"), failure.map_or(Ok(()), Err), Facts::Ports(facts))
    }

    /// A holder, as far as this user can see it.
    fn as_seen(&self, holder: &Holder, port: u16, containers: &[Container]) -> PortHolder {
        let root = self.user == User::Root;
        let publishes = |container: &&Container| {
            container.published.iter().any(|published| published.host_port == port)
        };
        let seen = PortHolder {
            address: Some("0.0.0.0".parse().unwrap()),
            user: Some("root".to_owned()),
            container: containers.iter().find(publishes).map(|it| it.name.clone()),
            ..PortHolder::default()
        };
        let (process, pid) = match holder {
            Holder::EdgeHub | Holder::Container { .. } => ("docker-proxy", 358),
            Holder::Process { name, pid } => (name.as_str(), *pid),
        };
        if root {
            PortHolder { process: Some(process.to_owned()), pid: Some(pid), ..seen }
        } else {
            seen
        }
    }

    pub(super) fn answer_enter(&self, edge: &Edge, module: &Resident) -> Observation {
        let record = Record::new(&Vantage::Module(module.name.clone()), "joined");
        let target = format!("the place of {}", module.name);
        let facts = |means| {
            let network = edge.network.clone();
            let facts = VantageFacts { network, means, resolver: None, tables: None };
            Facts::Vantage(Box::new(facts))
        };
        let record = record.step(Step::Route, true);
        if self.user != User::Root {
            let why = "cannot enter the network namespace: Operation not permitted";
            let why = Failure::new(Step::Route, Token::Prohibited, why);
            return record.skip(target, Some(why), facts(None));
        }
        let means = Means::Container { name: module.name.clone() };
        record.finish(target, Ok(()), facts(Some(means)))
    }

    pub(super) fn answer_join(&self, edge: &Edge) -> Observation {
        let network = edge.network.clone();
        let record = Record::new(&edge.vantage(), "joined").step(Step::Route, true);
        let target = format!("a place on {}", network.name);
        let facts = |means| {
            Facts::Vantage(Box::new(VantageFacts {
                network: edge.network.clone(),
                means,
                resolver: None,
                tables: None,
            }))
        };
        if self.user != User::Root {
            let why = "no namespace can be made: Operation not permitted";
            let why = Failure::new(Step::Route, Token::Prohibited, why);
            return record.skip(target, Some(why), facts(None));
        }
        let means = if let Some(resident) = edge.residents.first() {
            Means::Container { name: resident.name.clone() }
        } else {
            let address = borrowed(self.network(&network.name).unwrap());
            Means::BorrowedAddress { address, gateway_answers: true }
        };
        record.finish(target, Ok(()), facts(Some(means)))
    }

    /// The place that questions from a network are asked from.
    pub(super) fn place<'w>(&'w self, vantage: &Vantage) -> Start<'w> {
        match vantage {
            Vantage::Host => Start::Host { bound: None },
            Vantage::Module(name) => {
                let on = |network: &&Network| network.residents.iter().any(|it| it.name == *name);
                let network = self.engine.as_ref().unwrap().networks.iter().find(on).unwrap();
                let own = network.residents.iter().find(|it| it.name == *name).unwrap();
                Start::Module { network, address: own.address }
            }
            Vantage::Bridge(name) => {
                let network = self.network(name).unwrap();
                let running = network.residents.first().map(|module| module.address);
                let address = running.unwrap_or_else(|| borrowed(network));
                Start::Module { network, address }
            }
        }
    }

    pub(super) fn answer_trace(
        &self,
        vantage: &Vantage,
        edge: &Edge,
        destination: SocketAddrV4,
    ) -> Observation {
        let start = self.place(vantage);
        let Start::Module { address, .. } = start else { unreachable!() };
        let to = IpAddr::V4(*destination.ip());
        let journey = self.follow(start, to, Cargo::Tcp(destination.port()));
        let socket = |address: IpAddr| match address {
            IpAddr::V4(v4) => SocketAddrV4::new(v4, EPHEMERAL),
            IpAddr::V6(_) => unreachable!("traces are of IPv4"),
        };
        let is_proxy = self.services.proxy.is_some() && to == PROXY_ADDRESS;
        let is_taken = is_proxy || self.peers.iter().any(|(peer, _)| *peer == to);
        let answer = match &journey.ending {
            Ending::Error(Token::ConnectionRefused) if journey.rejected.is_none() => Answer::Reset,
            _ => Answer::Accepted,
        };
        let reply = |interface: &str, answer| {
            Some(Reply { interface: interface.to_owned(), from: *destination.ip(), answer })
        };
        let answered = journey.answered && is_taken;
        let left: Vec<Departure> = journey
            .left
            .iter()
            .map(|(interface, source)| Departure {
                interface: interface.clone(),
                source: socket(*source),
                destination,
            })
            .collect();
        let stage = journey.stage();
        let is_answered = matches!(stage, Stage::Delivered | Stage::ReplyLost);
        let stage = if is_answered
            && !is_taken
            && journey.rejected.is_none()
            && matches!(journey.ending, Ending::Arrived { .. } | Ending::Silence)
        {
            Stage::NoReply
        } else {
            stage
        };
        let readable = self.firewall.readable;
        let lost = stage != Stage::Delivered;
        let bridge = &edge.network.bridge;
        let trace = Trace {
            destination,
            entered: journey.entered.then(|| socket(address)),
            reply: answered.then(|| reply(&left[0].interface, answer)).flatten(),
            delivered: match journey.rejected {
                Some(answer) => reply(bridge, answer),
                None if stage == Stage::Delivered => reply(bridge, answer),
                None => None,
            },
            left,
            stage,
            dropped_by: journey
                .dropped_by
                .clone()
                .filter(|_| readable && lost)
                .into_iter()
                .collect(),
            translated_by: None,
            masqueraded: (readable && lost).then(|| {
                self.firewall.masquerades.iter().any(|it| it.subnet == edge.network.subnet)
            }),
            rules_unread: None,
            silent_neighbour: None,
            unwatched: 0,
            ipsec_errors: std::collections::BTreeMap::new(),
        };
        let failure = match journey.ending {
            Ending::Arrived { .. } if is_taken => None,
            Ending::Arrived { .. } | Ending::Silence => Some(Token::TimedOut),
            Ending::Here => Some(Token::ConnectionRefused),
            Ending::Error(token) => Some(token),
        };
        let record = Record::new(vantage, &destination.to_string());
        let record = record.step(Step::Connect, failure.is_none());
        let failure = failure.map(|token| Failure::new(Step::Connect, token, token.to_string()));
        let facts = Facts::Trace(Box::new(trace));
        record.finish(destination.to_string(), failure.map_or(Ok(()), Err), facts)
    }

    /// What the dates of those whose certificates verify, but for the time, say of the clock.
    pub(super) fn compare_clocks(&self, seen: &[Observation]) -> Option<Observation> {
        let counts = |observation: &&Observation| {
            observation.facts.endpoint().is_some_and(|facts| {
                let trust = facts.tls.as_ref().and_then(|tls| tls.trust.as_ref());
                trust.is_some_and(|it| it.within_validity == TrustResult::Trusted)
                    && facts.http.as_ref().is_some_and(|http| http.date.is_some())
            })
        };
        let offset_s = self.clock_ahead_s;
        let sources: Vec<ClockSource> = seen
            .iter()
            .filter(counts)
            .map(|it| ClockSource { observation: it.id.clone(), offset_s, uncertainty_s: 0.5 })
            .collect();
        if sources.is_empty() {
            return None;
        }
        let device_time = (NOW + offset_s) as i64;
        let facts = ClockFacts { device_time, offset_s: Some(offset_s), sources };
        let token = match offset_s {
            offset if offset < -300.0 => Some(Token::ClockBehind),
            offset if offset > 300.0 => Some(Token::ClockAhead),
            _ => None,
        };
        let record = Record::new(&Vantage::Host, "http-date").step(Step::Compare, token.is_none());
        let failure = token.map(|token| Failure::new(Step::Compare, token, token.to_string()));
        let facts = Facts::Clock(facts);
        Some(record.finish("the hub's clock", failure.map_or(Ok(()), Err), facts))
    }
}

/// The versions of the API that the engine names, and its answers to those that it does not have.
fn answer_versions(engine: &Engine) -> ApiVersions {
    let (oldest, newest) = engine.api;
    let asked = [ASKED_UP_TO_1_5, ASKED_FROM_1_6].into_iter();
    let refused = |version: ApiVersion| AskedVersion {
        version,
        refusal: Some(format!(
            "client version {version} is too old. Minimum supported API version is {oldest}"
        )),
    };
    let asked = asked.filter(|version| !engine.accepts(*version)).map(refused).collect();
    ApiVersions { oldest, newest, asked }
}

/// The address that is borrowed from a network: from the top, where the engine gives out last.
fn borrowed(network: &Network) -> IpAddr {
    network.subnet.hosts().last().unwrap()
}

/// A network, as the engine's API describes it.
fn described(network: &Network) -> engine::Network {
    let is_default = network.name == "bridge";
    engine::Network {
        id: format!("{:064x}", 7),
        name: network.name.clone(),
        driver: "bridge".to_owned(),
        subnets: vec![NetworkSubnet { subnet: network.subnet, gateway: Some(network.gateway) }],
        bridge: Some(network.bridge.clone()),
        mtu: is_default.then_some(1500),
        masquerade: is_default.then_some(true),
        inter_container: is_default.then_some(true),
        internal: false,
        members: network.residents.iter().map(|module| module.address).collect(),
    }
}
