//! What is worth asking from the host.

use std::net::IpAddr;
use std::sync::Arc;

use edgeprobe_facts::dns::{DnsFacts, Resolver};
use edgeprobe_facts::endpoint::Detour;
use edgeprobe_facts::engine::{Container, EngineFacts};
use edgeprobe_facts::route::tables::{RouteKind, Tables};
use edgeprobe_facts::{Facts, Observation, Probe, Role, Step, Vantage};

use super::nested::Upstream;
use super::{Plan, Question, addresses, from, tables};

impl Plan {
    pub(super) fn of_the_host(&self, seen: &[Observation]) -> Vec<Question> {
        let mut questions = self.of_every_resolver(seen);
        let known = seen.iter().any(|observation| observation.probe() == Probe::Engine);
        if self.asks(Probe::Engine) && !known {
            questions.push(Question::Engine);
        }
        if self.asks(Probe::Hostname) {
            questions.push(Question::Hostname { given: self.hostname.clone() });
        }
        if self.asks(Probe::RouteTables) {
            questions.push(Question::Tables);
        }
        questions.extend(self.local_ports(seen));
        for peer in self.upstream_addresses(seen) {
            questions.extend(self.route(peer));
            if self.vantages.host {
                questions.extend(self.connections(peer, seen));
            }
        }
        if self.asks(Probe::Https) && self.vantages.host {
            let control = addresses(seen, Role::Control).into_iter().next();
            questions.extend(control.map(|peer| self.control_at(peer, self.control.port)));
        }
        let upstream = self.upstream(seen);
        let servers: &[_] =
            if self.asks(Probe::Dns) || !self.ask_system { &self.name_servers } else { &[] };
        questions.extend(self.by_proxies(&Vantage::Host, servers, seen));
        for observation in from(seen, &Vantage::Host) {
            questions.extend(self.portal_looks(observation, &upstream, seen));
            questions.extend(self.in_the_light_of(observation, seen));
        }
        questions
    }

    /// The hub's name, and the control's, of every resolver. A run that only connects asks no more
    /// than it needs to have an address.
    fn of_every_resolver(&self, seen: &[Observation]) -> Vec<Question> {
        let needs_an_address =
            !self.transports().is_empty() || self.asks(Probe::Route) || self.asks(Probe::EdgeRoute);
        if !self.asks(Probe::Dns) && !needs_an_address {
            return Vec::new();
        }
        let mut questions = Vec::new();
        for (name, role) in self.names(seen) {
            if self.ask_system {
                questions.push(Question::System { name: name.clone(), role });
            }
            if self.asks(Probe::Dns) || !self.ask_system {
                questions.extend(self.name_servers.iter().map(|server| Question::Server {
                    server: *server,
                    name: name.clone(),
                    role,
                }));
            }
        }
        questions
    }

    /// The ports, once the engine has said which containers may hold them, or will not say.
    fn local_ports(&self, seen: &[Observation]) -> Vec<Question> {
        if !self.asks(Probe::Ports) {
            return Vec::new();
        }
        let engine = seen.iter().find_map(|observation| match &observation.facts {
            Facts::Engine(facts) => Some(facts),
            _ => None,
        });
        if engine.is_none() && self.asks(Probe::Engine) {
            return Vec::new();
        }
        let containers: Arc<[Container]> =
            engine.map(|facts| facts.containers.as_slice()).unwrap_or_default().into();
        let edge_hub = engine.and_then(EngineFacts::edge_hub);
        let ask = |&port: &u16| Question::Port {
            port,
            addresses: edge_hub.map(|hub| hub.addresses_of(port)).unwrap_or_default(),
            containers: Arc::clone(&containers),
        };
        self.target.ports.iter().map(ask).collect()
    }

    pub(super) fn route(&self, destination: IpAddr) -> Option<Question> {
        self.asks(Probe::Route).then_some(Question::Route { destination })
    }

    /// What one observation makes worth asking.
    fn in_the_light_of(&self, observation: &Observation, seen: &[Observation]) -> Vec<Question> {
        let upstream = self.upstream(seen);
        match &observation.facts {
            Facts::Dns(facts) if facts.role == upstream.role && observation.failed() => {
                self.without_an_address(facts, seen)
            }
            // An address that one interface could ask for is tried by that interface.
            Facts::Dns(facts) if facts.role == Role::Detour && self.vantages.host => {
                let by = facts.interface.clone().map(Detour::Interface);
                facts.ips().flat_map(|peer| self.detours(peer, by.clone(), &upstream)).collect()
            }
            Facts::Tls(facts) | Facts::Websocket(facts) | Facts::Https(facts)
                if facts.role == upstream.role
                    && facts.proxy.is_none()
                    && observation.failed_step() == Some(Step::Connect) =>
            {
                let by = |name| {
                    let by = Detour::Interface(name);
                    self.detour(facts.transport, facts.peer, by, &upstream)
                };
                uplinks(seen).into_iter().map(by).collect()
            }
            _ => self.controls_of(observation, &upstream, seen),
        }
    }

    /// Without an address of the hub: is there a way out at all, and does another uplink give one?
    fn without_an_address(&self, facts: &DnsFacts, seen: &[Observation]) -> Vec<Question> {
        let mut questions = Vec::new();
        let upstream = self.upstream(seen);
        // A child may well have no way to the internet.
        if self.asks(Probe::Route) && upstream.is_the_hub() {
            questions.push(Question::way_out());
        }
        if let Resolver::Server(server) = facts.resolver
            && !server.ip().is_loopback()
        {
            questions.extend(uplinks(seen).into_iter().map(|interface| Question::ServerBy {
                server,
                name: upstream.name.clone(),
                interface,
            }));
        }
        questions
    }

    /// Every transport at one address of the hub, by another way than the usual.
    fn detours(&self, peer: IpAddr, detour: Option<Detour>, upstream: &Upstream) -> Vec<Question> {
        let Some(detour) = detour else { return Vec::new() };
        let by = |transport| self.detour(transport, peer, detour.clone(), upstream);
        self.transports().into_iter().map(by).collect()
    }
}

/// The interfaces that lead out, where there is a choice.
fn uplinks(seen: &[Observation]) -> Vec<String> {
    tables(seen).map(other_uplinks).unwrap_or_default()
}

/// The interfaces that have a gateway of their own, where there is more than one: whichever the
/// routes prefer, the others may be the ones that work.
fn other_uplinks(tables: &Tables) -> Vec<String> {
    let mut uplinks: Vec<String> = Vec::new();
    for route in &tables.routes {
        let leads_out = route.kind == RouteKind::Unicast
            && route.destination.addr().is_ipv4()
            && route.destination.prefix_len() <= 1;
        for name in route.interfaces().filter(|_| leads_out) {
            if !uplinks.iter().any(|known| known == name) {
                uplinks.push(name.to_owned());
            }
        }
    }
    if uplinks.len() > 1 { uplinks } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use edgeprobe_facts::route::tables::{Hop, MAIN_TABLE, Route};

    use super::*;

    #[test]
    fn one_route_may_lead_out_by_several_uplinks() {
        let hop = |name: &str| Hop { interface: Some(name.to_owned()), gateway: None, dead: false };
        let route = |hops| Route {
            destination: "0.0.0.0/0".parse().unwrap(),
            table: MAIN_TABLE,
            kind: RouteKind::Unicast,
            hops,
            metric: 0,
            mtu: None,
            source: None,
        };
        let uplinks =
            |hops| other_uplinks(&Tables { routes: vec![route(hops)], ..Tables::default() });
        assert_eq!(uplinks(vec![hop("eth0"), hop("eth1")]), ["eth0", "eth1"]);
        assert!(uplinks(vec![hop("eth0")]).is_empty());
    }
}
