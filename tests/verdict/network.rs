//! The edge network beside the host: what the kernel, the engine and a module on it say.

use std::net::{Ipv4Addr, SocketAddrV4};

use edgeprobe_facts::dns::Resolver;
use edgeprobe_facts::endpoint::Transport;
use edgeprobe_facts::engine::{EngineFacts, Network, NetworkSubnet, RUNTIME_NETWORK};
use edgeprobe_facts::route::decision::{Decision, Flow, decide};
use edgeprobe_facts::route::edge::{EdgeNetwork, EdgeRouteFacts, Lookup, Way};
use edgeprobe_facts::route::tables::{LinkKind, Tables};
use edgeprobe_facts::ruleset::{Family, FilterRule, Position, Tool, Verdict};
use edgeprobe_facts::trace::{Answer, Departure, Reply, Stage, Trace};
use edgeprobe_facts::vantage::{Means, VantageFacts};
use edgeprobe_facts::{Facts, Failure, Observation, Outcome, Role, Step, Token, Vantage};

use crate::device::{CONTROL, Device, HUB, HUB_ADDRESS, connection, fail, name, passed, to_hub};
use crate::pick::*;
use crate::routing;

/// The engine's default network, which the runtime does not use beside its own.
pub(crate) const DEFAULT: &str = "bridge";

const EMBEDDED: &str = "127.0.0.11:53";
const CONTROL_ADDRESS: &str = "13.107.42.16";

impl Device {
    /// A device on which everything works, seen from the host and from a container on the edge
    /// network.
    pub(crate) fn networked() -> Self {
        let mut device = Self::host_beside_modules()
            .with(passed("route_tables/all", "links, routes and rules", tables()))
            .with(engine(&[edge_network()]));
        device.observations.extend(seen_by_a_module(&edge_network()));
        device
    }

    /// As [`Device::networked`], by a user who may neither join the network nor watch packets.
    pub(crate) fn unprivileged() -> Self {
        Self::networked()
            .without(|o| at_edge(o) && !matches!(o.facts, Facts::EdgeRoute(_) | Facts::Vantage(_)))
            .changed(is_vantage, not_joined)
    }

    /// As [`Device::networked`], by a user of the engine without privileges, who asks from a
    /// container of edgeprobe's own.
    pub(crate) fn in_own_container() -> Self {
        Self::networked().changed(is_vantage, |observation| {
            let Facts::Vantage(facts) = &mut observation.facts else { panic!("no vantage") };
            facts.means = Some(Means::OwnContainer { name: "edgeprobe-0".to_owned() });
        })
    }

    /// Adds the engine's default network, healthy as well.
    pub(crate) fn with_default_network(mut self) -> Self {
        self = self.without(is_engine).with(engine(&[edge_network(), default_network()]));
        self.observations.extend(seen_by_a_module(&default_network()));
        self.rerouted(&[], &["172.17.0.0/16 dev docker0"], &[])
    }

    /// Adds links, routes and rules, and lets the kernel answer by them.
    pub(crate) fn rerouted(
        self,
        links: &[(&str, LinkKind)],
        routes: &[&str],
        rules: &[&str],
    ) -> Self {
        self.retabled(|tables| routing::add(tables, links, routes, rules))
    }

    /// Changes the host's tables, and lets the kernel answer by them.
    pub(crate) fn retabled(self, change: impl Fn(&mut Tables)) -> Self {
        let device = self.changed(is_tables, |observation| {
            let Facts::RouteTables(tables) = &mut observation.facts else { unreachable!() };
            change(tables);
        });
        let tables = device.observations.iter().find_map(|o| match &o.facts {
            Facts::RouteTables(tables) => Some((**tables).clone()),
            _ => None,
        });
        device.changed(is_edge_route, |o| ask_the_kernel(o, tables.as_ref().unwrap()))
    }

    /// Every connection to the hub from the edge network fails before it opens.
    pub(crate) fn cut_off(self, token: Token) -> Self {
        self.failing(|o| at_edge(o) && to_hub(o), Step::Connect, token)
    }

    /// Follows the attempts on both ports to where they vanish.
    pub(crate) fn traced(mut self, stage: Stage, add: impl Fn(&mut Trace)) -> Self {
        for port in [5671, 443] {
            let mut trace = trace(stage, port);
            add(&mut trace);
            let target = trace.destination.to_string();
            let seen = passed(&format!("trace/{target}"), &target, Facts::Trace(Box::new(trace)));
            self.observations.push(from(&edge_network(), seen));
        }
        self
    }
}

/// The runtime's own network.
pub(crate) fn edge_network() -> EdgeNetwork {
    network(RUNTIME_NETWORK, "br-edge", "172.18")
}

/// The engine's default network.
pub(crate) fn default_network() -> EdgeNetwork {
    network(DEFAULT, "docker0", "172.17")
}

fn network(name: &str, bridge: &str, prefix: &str) -> EdgeNetwork {
    EdgeNetwork {
        name: name.to_owned(),
        bridge: bridge.to_owned(),
        subnet: format!("{prefix}.0.0/16").parse().unwrap(),
        gateway: Some(format!("{prefix}.0.1").parse().unwrap()),
        mtu: None,
        members: vec![format!("{prefix}.0.2").parse().unwrap()],
    }
}

pub(crate) fn tables() -> Facts {
    Facts::RouteTables(Box::new(routing::tables()))
}

/// An engine that answers, and has these networks.
pub(crate) fn engine(networks: &[EdgeNetwork]) -> Observation {
    let networks = networks.iter().map(|edge| Network {
        name: edge.name.clone(),
        driver: "bridge".to_owned(),
        bridge: Some(edge.bridge.clone()),
        subnets: vec![NetworkSubnet { subnet: edge.subnet, gateway: edge.gateway }],
        ..Network::default()
    });
    let facts = EngineFacts {
        endpoint: "unix:///var/run/docker.sock".to_owned(),
        installed: true,
        version: Some("27.3.1".to_owned()),
        networks: networks.collect(),
        ..EngineFacts::default()
    };
    passed("engine/engine", "unix:///var/run/docker.sock", Facts::Engine(facts))
}

/// Everything that a container on a healthy network sees, and what the kernel says of it.
fn seen_by_a_module(network: &EdgeNetwork) -> Vec<Observation> {
    let means = Some(Means::Container { name: "edgeAgent".to_owned() });
    let facts = VantageFacts { network: network.clone(), means, resolver: None, tables: None };
    let place = format!("a place on {}", network.name);
    let resolver = Resolver::Server(EMBEDDED.parse().unwrap());
    let mut seen = vec![
        passed("vantage/joined", &place, Facts::Vantage(Box::new(facts))),
        edge_route(network),
        name(HUB, Role::Hub, resolver.clone(), &[HUB_ADDRESS]),
        name(CONTROL, Role::Control, resolver, &[CONTROL_ADDRESS]),
    ];
    for transport in [Transport::Amqp, Transport::AmqpWs, Transport::Https] {
        seen.push(connection(transport, Role::Hub, HUB_ADDRESS));
    }
    seen.into_iter().map(|observation| from(network, observation)).collect()
}

fn edge_route(network: &EdgeNetwork) -> Observation {
    let facts = EdgeRouteFacts {
        network: network.clone(),
        destination: HUB_ADDRESS.parse().unwrap(),
        member: network.member(),
        forward: Lookup::NotAsked,
        reply: Lookup::NotAsked,
        back: Lookup::NotAsked,
        host: Lookup::NotAsked,
        gateway_answers: None,
    };
    let id = format!("edge_route/{HUB_ADDRESS}");
    let mut observation = passed(&id, HUB_ADDRESS, Facts::EdgeRoute(Box::new(facts)));
    ask_the_kernel(&mut observation, &routing::tables());
    observation
}

/// The observation as it is made from the network.
pub(crate) fn from(network: &EdgeNetwork, observation: Observation) -> Observation {
    let vantage = Vantage::Bridge(network.name.clone());
    let id = observation.id.replacen("host/", &format!("{vantage}/"), 1);
    Observation { id, vantage, ..observation }
}

/// What the kernel answers with these tables.
fn ask_the_kernel(observation: &mut Observation, tables: &Tables) {
    let Facts::EdgeRoute(facts) = &mut observation.facts else { panic!("no way") };
    let member = facts.member.unwrap();
    let flow = Flow::forwarded(member, &facts.network.bridge, facts.destination);
    facts.forward = lookup(decide(tables, &flow));
    facts.back = lookup(decide(tables, &Flow::own(member)));
    facts.host = lookup(decide(tables, &Flow::own(facts.destination)));
    let comes_back = facts.forward.interface().and_then(|name| tables.link(name)?.forwarding);
    facts.reply = match comes_back {
        Some(false) => refused(Token::HostUnreachable, "No route to host (os error 113)"),
        _ => facts.back.clone(),
    };
    let forwards = tables.link(&facts.network.bridge).and_then(|link| link.forwarding);
    if tables.ip_forward == Some(false) || forwards == Some(false) {
        facts.forward = refused(Token::HostUnreachable, "No route to host (os error 113)");
    }
    if let Lookup::Refused { token, detail } = &facts.forward {
        observation.outcome = Outcome::Fail;
        observation.failure = Some(Failure::new(Step::Route, *token, detail.as_str()));
    }
}

fn lookup(decision: Option<Decision<'_>>) -> Lookup {
    match decision {
        Some(decision) if !decision.rejects() => Lookup::Found(Way {
            interface: decision.route.and_then(|route| route.interface()).map(str::to_owned),
            ..Way::default()
        }),
        _ => refused(Token::NetworkUnreachable, "Network is unreachable (os error 101)"),
    }
}

fn refused(token: Token, detail: &str) -> Lookup {
    Lookup::Refused { token, detail: detail.to_owned() }
}

fn trace(stage: Stage, port: u16) -> Trace {
    let own = SocketAddrV4::new(Ipv4Addr::new(172, 18, 0, 2), 40_000);
    let translated = SocketAddrV4::new(Ipv4Addr::new(192, 168, 1, 50), 40_000);
    let destination = SocketAddrV4::new(HUB_ADDRESS.parse().unwrap(), port);
    let source = if stage == Stage::LeftUntranslated { own } else { translated };
    let left = Departure { interface: "eth0".to_owned(), source, destination };
    let reply =
        Reply { interface: "eth0".to_owned(), from: *destination.ip(), answer: Answer::Accepted };
    let leaves = matches!(stage, Stage::LeftUntranslated | Stage::NoReply | Stage::ReplyLost);
    Trace {
        destination,
        entered: Some(own),
        left: leaves.then_some(left).into_iter().collect(),
        reply: (stage == Stage::ReplyLost).then_some(reply),
        delivered: None,
        stage,
        dropped_by: Vec::new(),
        masqueraded: None,
        translated_by: None,
        rules_unread: None,
        silent_neighbour: None,
        unwatched: 0,
        ipsec_errors: std::collections::BTreeMap::new(),
    }
}

/// A rule of iptables that dropped the packet.
pub(crate) fn dropping(text: &str) -> FilterRule {
    FilterRule {
        tool: Tool::Iptables,
        family: Family::Ip,
        table: "filter".to_owned(),
        chain: "FORWARD".to_owned(),
        at: Position::Number(1),
        text: text.to_owned(),
        packets: Some(3),
        verdict: Some(Verdict::Drop),
        leads_to: Vec::new(),
        sources: Vec::new(),
        narrowed: false,
        vpn: None,
        inferred: false,
    }
}

/// The network was not joined, for want of a privilege.
pub(crate) fn not_joined(observation: &mut Observation) {
    let Facts::Vantage(facts) = &mut observation.facts else { panic!("no vantage") };
    facts.means = None;
    let detail = "cannot make a network namespace: Operation not permitted (os error 1) \
                  hint: run as root, or with CAP_SYS_ADMIN";
    observation.outcome = Outcome::Skipped;
    observation.failure = Some(Failure::new(Step::Route, Token::Prohibited, detail));
}

/// The engine is there and says no.
pub(crate) fn engine_fails(token: Token) -> Observation {
    let mut observation = engine(&[]);
    let Facts::Engine(facts) = &mut observation.facts else { unreachable!() };
    facts.version = None;
    fail(&mut observation, Step::Engine, token);
    observation
}
