//! What is worth asking by the proxies that parts of the device are told of.

use std::net::{IpAddr, SocketAddr};

use edgeprobe_facts::endpoint::{Endpoint, Transport, Via};
use edgeprobe_facts::{Facts, Observation, Role, Step, Vantage};

use super::nested::Upstream;
use super::{Plan, Question, addresses, from};
use crate::verdict::Target;

/// So many proxies are asked, and so many addresses of each: sites have one, seldom two.
const MOST_PROXIES: usize = 4;
const MOST_ADDRESSES: usize = 2;

impl Plan {
    /// The questions by proxies, and for their names of these name servers, from one vantage.
    pub(super) fn by_proxies(
        &self,
        vantage: &Vantage,
        servers: &[SocketAddr],
        seen: &[Observation],
    ) -> Vec<Question> {
        let transports: Vec<Transport> =
            self.transports().into_iter().filter(|transport| is_web(*transport)).collect();
        if transports.is_empty() {
            return Vec::new();
        }
        let upstream = self.upstream(seen);
        if upstream.name.is_empty() {
            return Vec::new();
        }
        let mut questions = Vec::new();
        for via in self.proxies_worth_asking(vantage, seen) {
            if via.url.address().is_none() {
                questions.extend(self.name_of(&via, vantage, servers));
            }
            for peer in addresses_of(&via, seen) {
                if *vantage == Vantage::Host {
                    questions.extend(self.route(peer));
                }
                let by = |transport| self.by(&via, transport, peer, &upstream);
                if self.vantages.host || *vantage != Vantage::Host {
                    questions.extend(transports.iter().copied().map(by));
                }
            }
        }
        questions
    }

    /// The addresses of the proxies that are worth asking from a container network.
    pub(super) fn proxy_addresses(&self, vantage: &Vantage, seen: &[Observation]) -> Vec<IpAddr> {
        let proxies = self.proxies_worth_asking(vantage, seen);
        let lasting = proxies.iter().filter(|via| !via.url.is_loopback());
        lasting.flat_map(|via| addresses_of(via, seen)).collect()
    }

    /// The same proxy, asked for the control: is it the hub alone that it refuses, or carries
    /// nothing for?
    pub(super) fn control_by_proxy(
        &self,
        observation: &Observation,
        seen: &[Observation],
    ) -> Option<Question> {
        let facts = observation.facts.endpoint()?;
        let proxy = facts.proxy.as_ref()?;
        let in_its_hands = matches!(observation.failed_step(), Some(Step::Proxy | Step::Tls));
        if facts.role != Role::Hub || !in_its_hands {
            return None;
        }
        // An observation has no credentials, which were sent with the question.
        let proxies = self.target.proxies_to_the_hub(seen).into_iter();
        let via = proxies
            .filter(|via| via.part == proxy.part)
            .find(|via| (via.url.host(), via.url.port()) == (proxy.url.host(), proxy.url.port()))?;
        let endpoint = Endpoint {
            transport: Transport::Https,
            role: Role::Control,
            server: self.control.host.clone(),
            port: self.control.port,
            detour: None,
            proxy: Some(via),
        };
        Some(Question::Connect { endpoint, peer: facts.peer })
    }

    fn by(&self, via: &Via, transport: Transport, peer: IpAddr, upstream: &Upstream) -> Question {
        let endpoint = Endpoint {
            transport,
            role: upstream.role,
            server: upstream.name.clone(),
            port: self.hub_ports.port(transport),
            detour: None,
            proxy: Some(via.clone()),
        };
        Question::Connect { endpoint, peer }
    }

    /// The proxy's name, of those who would be asked for it here.
    pub(super) fn name_of(
        &self,
        via: &Via,
        vantage: &Vantage,
        servers: &[SocketAddr],
    ) -> Vec<Question> {
        let name = via.url.host().to_owned();
        let system = *vantage == Vantage::Host && self.ask_system;
        let system = system.then(|| Question::System { name: name.clone(), role: Role::Proxy });
        let of = |server: &SocketAddr| Question::Server {
            server: *server,
            name: name.clone(),
            role: Role::Proxy,
        };
        system.into_iter().chain(servers.iter().map(of)).collect()
    }

    /// The proxy on Edge Agent's way, those of the daemons from the host and Edge Hub's from its
    /// network, which go by no other way; where 443 is closed or the hub has no address, every other
    /// one too: it may be the way that is missing.
    fn proxies_worth_asking(&self, vantage: &Vantage, seen: &[Observation]) -> Vec<Via> {
        let upstream = self.upstream(seen);
        let missing = is_closed(vantage, upstream.role, seen);
        // Which hosts are reached without a proxy is told by name: a child's parent by its own.
        let target = Target { hub: upstream.name, ..self.target.clone() };
        let way = target.way_from(vantage, seen);
        let of_parts = target.proxies_of_parts(seen);
        let is_needed = |via: &Via| {
            let a_parts = of_parts.iter().any(|(part, url)| part.is_at(vantage) && *url == via.url);
            a_parts || way.via().is_some_and(|own| own.url == via.url)
        };
        let proxies = target.proxies_to_the_hub(seen).into_iter();
        let (needed, others): (Vec<Via>, Vec<Via>) = proxies.partition(is_needed);
        let others = others.into_iter().filter(|_| missing);
        needed.into_iter().chain(others).take(MOST_PROXIES).collect()
    }
}

/// Whether the hub's port 443 is closed here, or there is no address to try it at.
fn is_closed(vantage: &Vantage, role: Role, seen: &[Observation]) -> bool {
    let nameless = seen.iter().any(|observation| {
        let of_the_role = matches!(&observation.facts, Facts::Dns(facts) if facts.role == role);
        of_the_role && observation.failed()
    });
    let shut = from(seen, vantage).any(|observation| {
        let failed = matches!(observation.failed_step(), Some(Step::Connect | Step::Tls));
        let direct = observation.facts.endpoint().is_some_and(|facts| {
            facts.role == role && facts.proxy.is_none() && is_web(facts.transport)
        });
        failed && direct
    });
    shut || (nameless && addresses(seen, role).is_empty())
}

/// Only what is carried by HTTP can go by an HTTP proxy.
fn is_web(transport: Transport) -> bool {
    transport.default_port() == Transport::Https.default_port()
}

/// The proxy's addresses: its own, or what any resolver says of its name.
pub(super) fn addresses_of(via: &Via, seen: &[Observation]) -> Vec<IpAddr> {
    if let Some(address) = via.url.address() {
        return vec![address];
    }
    let mut addresses: Vec<IpAddr> = Vec::new();
    for observation in seen {
        if let Facts::Dns(facts) = &observation.facts
            && facts.role == Role::Proxy
            && facts.name.trim_end_matches('.').eq_ignore_ascii_case(via.url.host())
        {
            for address in facts.ips() {
                if !addresses.contains(&address) && addresses.len() < MOST_ADDRESSES {
                    addresses.push(address);
                }
            }
        }
    }
    addresses
}
