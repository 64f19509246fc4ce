//! What registries and the provisioning service share with the hub: whatever keeps the hub from a step
//! keeps them from it too.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::rc::Rc;

use edgeprobe_facts::endpoint::{Transport, ViaFacts};
use edgeprobe_facts::registry::NamedBy;
use edgeprobe_facts::{Facts, Observation, Probe, Role, Step, Token};

use super::{Answer, Connection, Evidence};

/// The hub's failures that services of each kind share, as far as they were asked for.
#[derive(Default)]
pub(super) struct SharedFailures<'o>(RefCell<BTreeMap<FailureKind, Rc<[&'o Observation]>>>);

/// All of a service's failure that decides what it shares with the hub.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FailureKind {
    step: Step,
    /// The host and port of the proxy that it went by.
    proxy: Option<(String, u16)>,
    /// A certificate was refused for the time alone.
    is_untimely: bool,
    /// It is of a registry that the user or the configuration names.
    is_of_a_named_registry: bool,
    /// The service has no address but IPv4's.
    is_ipv4_alone: bool,
}

impl FailureKind {
    fn from_failure(failed: &Observation) -> Option<Self> {
        let place = |proxy: &ViaFacts| (proxy.url.host().to_owned(), proxy.url.port());
        Some(Self {
            step: failed.failed_step()?,
            proxy: proxy_of(failed).map(place),
            is_untimely: matches!(failed.token(), Some(Token::TlsExpired | Token::TlsNotYetValid)),
            is_of_a_named_registry: failed.probe() == Probe::Registry && !is_by_default(failed),
            is_ipv4_alone: is_at_ipv4_alone(failed),
        })
    }
}

impl<'o> Evidence<'o> {
    /// The failures of the hub that a failure of another service shares its step with, where the
    /// hub got no further there, and the kind of failure that they are the same for.
    pub(crate) fn shared_with_the_hub(
        &self,
        failed: &Observation,
    ) -> Option<(FailureKind, Rc<[&'o Observation]>)> {
        let kind = FailureKind::from_failure(failed)?;
        let known = self.shared_failures.0.borrow().get(&kind).cloned();
        let shared = known.unwrap_or_else(|| {
            let shared: Rc<[&'o Observation]> = self.failures_like(&kind).into();
            self.shared_failures.0.borrow_mut().insert(kind.clone(), Rc::clone(&shared));
            shared
        });
        (!shared.is_empty()).then_some((kind, shared))
    }

    fn failures_like(&self, kind: &FailureKind) -> Vec<&'o Observation> {
        let host = self.host();
        let step = kind.step;
        // A clock that is off makes everybody's certificate untimely.
        if kind.is_untimely {
            let clocks = host.of(Probe::Clock).filter(|clock| clock.failed());
            let clocks: Vec<&Observation> = clocks.collect();
            if !clocks.is_empty() {
                return clocks;
            }
        }
        if let Some((proxy, port)) = &kind.proxy {
            return self.failures_by_proxy((proxy, *port), step);
        }
        if step == Step::Resolve {
            // Where a proxy resolves the hub's name, the device does not need it.
            if self.needs_no_direct_way() {
                return Vec::new();
            }
            return unnamed(&host.deciding_answers(Role::Hub))
                // The hosts file may know the hub where the name servers know nothing.
                .or_else(|| {
                    let all = host.answers(Role::Hub);
                    let by_servers = all.filter(|answer| !answer.facts.from_hosts_file());
                    let by_servers: Vec<Answer<'o>> =
                        by_servers.filter(|answer| answer.facts.hosts_file.is_empty()).collect();
                    unnamed(&by_servers)
                })
                .unwrap_or_default();
        }
        // Edge Agent goes by a proxy, and the engine is not told of it.
        if !self.goes_direct() && kind.is_of_a_named_registry {
            return Vec::new();
        }
        // Both are HTTPS, and most that stands in the way of one port lets others through.
        let web = |connection: &Connection<'o>| {
            connection.facts.transport.default_port() == Transport::Https.default_port()
        };
        // What a VPN or a router does to IPv4, it need not do to IPv6.
        let alike =
            |connection: &Connection<'o>| !kind.is_ipv4_alone || connection.facts.peer.is_ipv4();
        let web: Vec<Connection<'o>> = host.hub().into_iter().filter(web).filter(alike).collect();
        let got_there = |c: &Connection<'o>| c.works() || c.observation.failed_step() >= Some(step);
        if step > Step::Connect && !web.iter().any(got_there) {
            // The hub's port is closed to begin with; its others may be held to the same.
            let others: Vec<Connection<'o>> =
                host.connections(Role::Hub).filter(alike).filter(Connection::connected).collect();
            return stuck_at(step, &others);
        }
        stuck_at(step, &web)
    }

    /// The same of a failure by a proxy: the hub's failures by that proxy, where Edge Agent goes by
    /// it; by another, the hub is asked for its proxy's sake alone.
    fn failures_by_proxy(&self, place: (&str, u16), step: Step) -> Vec<&'o Observation> {
        let host = self.host();
        let Some(via) = host.way().via().filter(|via| (via.url.host(), via.url.port()) == place)
        else {
            return Vec::new();
        };
        if step == Step::Resolve {
            return unnamed(&host.proxy_answers(via)).unwrap_or_default();
        }
        let by_it = |connection: &Connection<'o>| {
            let url = connection.facts.proxy.as_ref().map(|own| &own.url);
            url.is_some_and(|url| (url.host(), url.port()) == place)
        };
        let by_it: Vec<Connection<'o>> = host.proxied(Role::Hub).filter(by_it).collect();
        stuck_at(step, &by_it)
    }
}

/// The observations of these answers, if no answer has an address.
fn unnamed<'o>(answers: &[Answer<'o>]) -> Option<Vec<&'o Observation>> {
    let failed = answers.iter().map(|answer| answer.observation).filter(|o| o.failed());
    let failed: Vec<&Observation> = failed.collect();
    (!failed.is_empty() && failed.len() == answers.len()).then_some(failed)
}

/// Whether a service has no address but IPv4's.
fn is_at_ipv4_alone(failed: &Observation) -> bool {
    match &failed.facts {
        Facts::Registry(facts) => {
            let host = facts.part.and_then(|part| facts.host(part));
            host.is_some_and(|host| host.addresses.iter().all(IpAddr::is_ipv4))
        }
        facts => facts.endpoint().is_some_and(|facts| facts.peer.is_ipv4()),
    }
}

/// The hub's failures at a step, where no connection got past it.
fn stuck_at<'o>(step: Step, connections: &[Connection<'o>]) -> Vec<&'o Observation> {
    let got_past = |connection: &Connection<'o>| {
        connection.works() || connection.observation.failed_step() > Some(step)
    };
    if connections.iter().any(got_past) {
        return Vec::new();
    }
    connections
        .iter()
        .map(|connection| connection.observation)
        .filter(|hub| hub.failed_step() == Some(step))
        .collect()
}

fn is_by_default(observation: &Observation) -> bool {
    matches!(&observation.facts, Facts::Registry(facts) if facts.named_by == NamedBy::Default)
}

/// The proxy that an observation of a service went by.
fn proxy_of(observation: &Observation) -> Option<&ViaFacts> {
    match &observation.facts {
        Facts::Registry(facts) => facts.failing_proxy(),
        facts => facts.endpoint()?.proxy.as_ref(),
    }
}
