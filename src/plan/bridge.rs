//! What is worth asking about the container networks that the runtime uses, and from them.

use std::net::{IpAddr, SocketAddr};

use edgeprobe_facts::runtime::Part;
use edgeprobe_facts::vantage::{Means, Resident, VantageFacts};
use edgeprobe_facts::{Facts, Observation, Probe, Step, Token, Vantage};

use super::edge::{Edge, edge_hub, edges, edges_of_the_kernel};
use super::question::somewhere_in_azure;
use super::{Ask, Plan, Question, from, tables};

impl Plan {
    pub(super) fn of_the_edge_networks(&self, seen: &[Observation]) -> Vec<Ask> {
        let engine = seen.iter().find_map(|observation| match &observation.facts {
            Facts::Engine(facts) => Some((observation, facts)),
            _ => None,
        });
        let Some((observation, engine)) = engine else { return Vec::new() };
        let edges = if observation.token() == Some(Token::EnginePermissionDenied) {
            // Whoever may not ask the engine still sees its bridges.
            tables(seen).map(edges_of_the_kernel).unwrap_or_default()
        } else {
            edges(engine, self.vantages.network.as_deref(), &self.resolver_files)
        };
        let mut asks: Vec<Ask> =
            edges.into_iter().flat_map(|edge| self.of_one(&edge, seen)).collect();
        if let Some((edge, own)) = edge_hub(engine, &self.resolver_files) {
            asks.extend(self.of_a_module(&edge, own, seen));
        }
        asks
    }

    /// What is asked from the place of one container of the runtime's.
    fn of_a_module(&self, edge: &Edge, own: Resident, seen: &[Observation]) -> Vec<Ask> {
        if !self.asks(Probe::Vantage) {
            return Vec::new();
        }
        let vantage = Vantage::Module(own.name.clone());
        let enter = Question::Enter { edge: Box::new(edge.clone()), module: own };
        let mut asks = vec![Ask::new(vantage.clone(), enter)];
        asks.extend(self.as_joined(edge, &vantage, seen));
        asks
    }

    fn of_one(&self, edge: &Edge, seen: &[Observation]) -> Vec<Ask> {
        let mut asks: Vec<Ask> = self.kernels_ways(edge, seen);
        let vantage = edge.vantage();
        if self.asks(Probe::Vantage) {
            asks.push(Ask::new(vantage.clone(), Question::Join { edge: Box::new(edge.clone()) }));
        }
        asks.extend(self.as_joined(edge, &vantage, seen));
        asks
    }

    /// The questions from a place, once it was had.
    fn as_joined(&self, edge: &Edge, vantage: &Vantage, seen: &[Observation]) -> Vec<Ask> {
        let joined = from(seen, vantage).find_map(|observation| match &observation.facts {
            Facts::Vantage(facts) => Some((facts, facts.means.as_ref()?)),
            _ => None,
        });
        let Some((facts, means)) = joined else { return Vec::new() };
        let questions = self.as_a_module(edge, vantage, facts, means, seen);
        questions.into_iter().map(|question| Ask::new(vantage.clone(), question)).collect()
    }

    /// What the kernel says that it would do with the network's packets: no privilege, nothing
    /// sent.
    fn kernels_ways(&self, edge: &Edge, seen: &[Observation]) -> Vec<Ask> {
        if !self.asks(Probe::EdgeRoute) {
            return Vec::new();
        }
        let mut destinations = self.upstream_addresses(seen);
        if destinations.is_empty() && self.upstream(seen).is_the_hub() {
            destinations.push(somewhere_in_azure());
        }
        destinations.extend(edge.servers_on_the_way().map(|server| server.ip()));
        for address in self.proxy_addresses(&edge.vantage(), seen) {
            if !destinations.contains(&address) {
                destinations.push(address);
            }
        }
        let ask = |destination| Question::EdgeRoute { edge: Box::new(edge.clone()), destination };
        destinations.into_iter().map(ask).map(Ask::from_the_host).collect()
    }

    /// The host's questions again, as a module on the network would ask them.
    fn as_a_module(
        &self,
        edge: &Edge,
        vantage: &Vantage,
        joined: &VantageFacts,
        means: &Means,
        seen: &[Observation],
    ) -> Vec<Question> {
        let mut questions = Vec::new();
        let own = joined.resolver.as_ref().filter(|_| self.ask_system);
        let servers = match own {
            Some(own) => own.name_servers.iter().map(|it| SocketAddr::new(*it, 53)).collect(),
            None if self.ask_system => edge.name_servers(means),
            None => self.name_servers.clone(),
        };
        if self.asks(Probe::Dns) {
            for (name, role) in self.names(seen) {
                questions.extend(own.map(|own| Question::Container {
                    resolver: Box::new(own.clone()),
                    name: name.clone(),
                    role,
                }));
                questions.extend(servers.iter().map(|server| Question::Server {
                    server: *server,
                    name: name.clone(),
                    role,
                }));
            }
        }
        for peer in self.upstream_addresses(seen) {
            questions.extend(self.connections(peer, seen));
        }
        let asked: &[_] = if self.asks(Probe::Dns) { &servers } else { &[] };
        questions.extend(self.by_proxies(vantage, asked, seen));
        for observation in from(seen, vantage) {
            questions.extend(self.controls_of(observation, &self.upstream(seen), seen));
            if !matches!(means, Means::OwnContainer { .. }) {
                // A packet is followed by whoever may enter the place that it is sent from.
                questions.extend(self.trace_of(edge, observation, seen));
            }
        }
        questions
    }

    /// An attempt that did not open is followed through the host to where it vanishes.
    fn trace_of(
        &self,
        edge: &Edge,
        observation: &Observation,
        seen: &[Observation],
    ) -> Option<Question> {
        let facts = observation.facts.endpoint()?;
        let IpAddr::V4(peer) = facts.peer else { return None };
        // In a container, a proxy of its own loopback is no packet's destination on this host.
        // What becomes of Edge Hub's own proxy says nothing of the way that the network takes.
        let edge_hubs = facts.proxy.as_ref().is_some_and(|proxy| proxy.part == Part::EdgeHub);
        let leads_out = facts.role == self.upstream(seen).role && !edge_hubs && !peer.is_loopback();
        let failed = observation.failed_step() == Some(Step::Connect);
        // Which interfaces to watch, the tables say.
        (leads_out
            && (failed || self.follow_all)
            && tables(seen).is_some()
            && self.asks(Probe::Trace))
        .then(|| Question::Trace {
            edge: Box::new(edge.clone()),
            destination: std::net::SocketAddrV4::new(peer, facts.socket().port()),
        })
    }
}
