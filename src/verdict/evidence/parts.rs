//! The parts of the runtime other than Edge Agent that go by a proxy, and the result.
//!
//! The daemons reach the hub's port 443 from the host and Edge Hub reaches it from its network,
//! each only by the proxy in its own settings. This program's environment is no part of the
//! runtime, and the engine asks registries alone.

use edgeprobe_facts::dns::Resolver;
use edgeprobe_facts::endpoint::{Transport, Via};
use edgeprobe_facts::runtime::Part;
use edgeprobe_facts::{Facts, Observation, Step, Vantage};

use super::{Answer, Connection, Evidence, View};

/// A proxy that parts of the runtime use, from where they run.
pub(crate) struct ByProxy<'o> {
    /// The parts that have it in their settings, without Edge Agent.
    pub(crate) parts: Vec<Part>,
    pub(crate) via: Via,
    /// The connections to the hub by it that these parts depend on.
    pub(crate) connections: Vec<Connection<'o>>,
    /// The answers for its name, where that has no address here.
    pub(crate) nameless: Vec<Answer<'o>>,
}

impl<'o> ByProxy<'o> {
    /// What these parts lose. A transport that works at one address is not lost.
    pub(crate) fn missed(&self) -> Vec<&'o Observation> {
        let works = |transport: Transport| {
            self.connections.iter().any(|c| c.facts.transport == transport && c.works())
        };
        let lost = self.connections.iter().filter(|c| !c.works() && !works(c.facts.transport));
        let lost = lost.map(|connection| connection.observation);
        lost.chain(self.nameless.iter().map(|answer| answer.observation)).collect()
    }
}

impl<'o> Evidence<'o> {
    /// The proxies that parts of the runtime go by to the hub from here, each with its parts.
    pub(crate) fn parts_by_proxy(&self, view: &View<'o>) -> Vec<ByProxy<'o>> {
        let mut proxies: Vec<(Vec<Part>, Via)> = Vec::new();
        let told = self.proxies_of_parts.iter();
        for (part, url) in told.filter(|(part, _)| part.is_at(&view.vantage)) {
            match proxies.iter_mut().find(|(_, via)| via.url == *url) {
                Some((parts, _)) => parts.push(*part),
                None => proxies.push((vec![*part], Via { url: url.clone(), part: *part })),
            }
        }
        proxies.into_iter().map(|(parts, via)| self.by_this_proxy(view, parts, via)).collect()
    }

    fn by_this_proxy(&self, view: &View<'o>, parts: Vec<Part>, via: Via) -> ByProxy<'o> {
        let mut connections = view.at_the_addresses_of(&via);
        let in_a_container = parts.iter().any(|part| part.is_in_a_container());
        let https = connections.iter().any(|c| c.facts.transport == Transport::Https);
        connections.retain(|connection| {
            let transport = connection.facts.transport;
            if in_a_container {
                return transport == Transport::Https || view.transports().contains(&transport);
            }
            // The daemons use HTTPS alone: a proxy that stops WebSocket does not affect them.
            transport == Transport::Https
                || (!https && connection.observation.failed_step() <= Some(Step::Tls))
        });
        let nameless = if connections.is_empty() { self.nameless(view, &via) } else { Vec::new() };
        ByProxy { parts, via, connections, nameless }
    }

    /// The answers of resolvers here for a proxy's name, if none has an address. The engine's own
    /// resolver alone knows containers by their names.
    fn nameless(&self, view: &View<'o>, via: &Via) -> Vec<Answer<'o>> {
        let answers = view.proxy_answers(via);
        let of_the_engine = |answer: &Answer<'o>| match answer.facts.resolver {
            Resolver::Server(address) => address.ip().is_loopback(),
            Resolver::System => false,
        };
        let may_be_a_container = view.vantage != Vantage::Host
            && !answers.iter().any(of_the_engine)
            && (!via.url.host().contains('.') || self.is_a_container(via.url.host()));
        let all_failed = answers.iter().all(|answer| answer.observation.failed());
        if all_failed && !may_be_a_container { answers } else { Vec::new() }
    }

    fn is_a_container(&self, name: &str) -> bool {
        self.engine().is_some_and(|(_, engine)| engine.containers.iter().any(|it| it.name == name))
    }
}

impl<'o> View<'o> {
    /// What the kernel says against the way to a proxy's addresses, from here.
    pub(crate) fn no_way_to(&self, connections: &[Connection<'o>]) -> Vec<&'o Observation> {
        let is_to = |observation: &Observation| {
            let destination = match &observation.facts {
                Facts::Route(facts) => facts.destination,
                Facts::EdgeRoute(facts) => facts.destination,
                _ => return false,
            };
            connections.iter().any(|connection| connection.facts.peer == destination)
        };
        self.all().filter(|observation| observation.failed() && is_to(observation)).collect()
    }
}
