//! The observations, ordered by the questions that rules ask of them.

mod chain;
mod connections;
mod edge;
mod effects;
mod holders;
mod installed;
mod ipsec;
mod known;
mod logs;
mod names;
mod parts;
mod pins;
mod places;
mod pools;
mod private_endpoint;
mod proxied;
mod services;
mod shared_failures;
mod ways;

pub(super) use connections::{Connection, Manner, refuses_the_device};
pub(super) use edge::EdgeReading;
pub(super) use installed::Presence;
pub(super) use known::Knowledge;
pub(super) use logs::LogReading;
pub(super) use names::{Answer, denies};
pub(super) use parts::ByProxy;
pub(super) use pins::{EDGE_AGENT, Pin, PinnedBy, pins};
pub(super) use places::UsedBy;
pub(super) use services::{RegistryReading, is_of_a_service};
pub(super) use ways::{ends_here, was_answered};

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::rc::Rc;

use edgeprobe_facts::engine::EngineFacts;
use edgeprobe_facts::proxy::ProxyUrl;
use edgeprobe_facts::route::RouteFacts;
use edgeprobe_facts::route::tables::Tables;
use edgeprobe_facts::runtime::{Part, ProxySetting};
use edgeprobe_facts::{Facts, Observation, Probe, Vantage};

use super::{Target, Way};
use shared_failures::SharedFailures;

/// All observations of a run, and what the device is meant to reach.
pub(super) struct Evidence<'o> {
    pub(super) target: &'o Target,
    observations: &'o [Observation],
    way: Rc<Way>,
    views: Vec<View<'o>>,
    /// Where Edge Agent runs, by its place among the views.
    agent: OnceCell<View<'o>>,
    edges: OnceCell<Rc<[EdgeReading<'o>]>>,
    engine: Option<(&'o Observation, &'o EngineFacts)>,
    tables: Option<(&'o Observation, &'o Tables)>,
    /// What each part of the device is told of a proxy.
    proxy_settings: Vec<ProxySetting>,
    proxies_of_parts: Vec<(Part, ProxyUrl)>,
    shared_failures: SharedFailures<'o>,
}

impl<'o> Evidence<'o> {
    pub(super) fn new(target: &'o Target, observations: &'o [Observation]) -> Self {
        let way = Rc::new(target.way(observations));
        let mut by_vantage: BTreeMap<&Vantage, Vec<&'o Observation>> = BTreeMap::new();
        for observation in observations {
            by_vantage.entry(&observation.vantage).or_default().push(observation);
        }
        let views = by_vantage
            .into_iter()
            .map(|(vantage, seen)| {
                let way = match vantage {
                    Vantage::Module(_) => Rc::new(target.way_from(vantage, observations)),
                    Vantage::Host | Vantage::Bridge(_) => Rc::clone(&way),
                };
                View::new(vantage.clone(), seen, target, way)
            })
            .collect();
        let engine = observations.iter().find_map(|observation| match &observation.facts {
            Facts::Engine(facts) => Some((observation, facts)),
            _ => None,
        });
        let tables = observations.iter().find_map(|observation| match &observation.facts {
            Facts::RouteTables(tables) => Some((observation, &**tables)),
            _ => None,
        });
        Self {
            target,
            observations,
            way,
            views,
            agent: OnceCell::new(),
            edges: OnceCell::new(),
            engine,
            tables,
            proxy_settings: target.proxy_settings(observations),
            proxies_of_parts: target.proxies_of_parts(observations),
            shared_failures: SharedFailures::default(),
        }
    }

    pub(super) fn all(&self) -> &'o [Observation] {
        self.observations
    }

    /// What was seen from the host.
    pub(super) fn host(&self) -> View<'o> {
        let host = self.views.iter().find(|view| view.vantage == Vantage::Host);
        let unseen = || View::new(Vantage::Host, Vec::new(), self.target, Rc::clone(&self.way));
        host.cloned().unwrap_or_else(unseen)
    }

    /// What was seen from each vantage, the host first.
    pub(super) fn views(&self) -> Vec<View<'o>> {
        self.views.clone()
    }

    /// What each part of the device is told of a proxy.
    pub(super) fn proxy_settings(&self) -> &[ProxySetting] {
        &self.proxy_settings
    }

    /// The ports that Edge Hub maps, as they were probed.
    pub(super) fn ports(
        &self,
    ) -> impl Iterator<Item = (&'o Observation, &'o edgeprobe_facts::ports::PortFacts)> + use<'o>
    {
        self.observations.iter().filter_map(|observation| match &observation.facts {
            Facts::Ports(facts) => Some((observation, facts)),
            _ => None,
        })
    }
}

/// What was seen from one vantage. A clone is another handle to the same.
#[derive(Clone)]
pub(super) struct View<'o> {
    pub(super) vantage: Vantage,
    target: &'o Target,
    way: Rc<Way>,
    seen: Rc<Seen<'o>>,
}

/// The observations of one vantage, and what is read from them again and again.
struct Seen<'o> {
    observations: Vec<&'o Observation>,
    connections: Vec<Connection<'o>>,
    answers: Vec<Answer<'o>>,
    hub_addresses: OnceCell<Vec<IpAddr>>,
    hub: OnceCell<Vec<Connection<'o>>>,
    by_the_proxy: OnceCell<Vec<Connection<'o>>>,
    on_the_way: OnceCell<Vec<Connection<'o>>>,
    ways_out: OnceCell<Vec<(&'o Observation, &'o RouteFacts)>>,
    ways_by_destination: OnceCell<BTreeMap<IpAddr, (&'o Observation, &'o RouteFacts)>>,
}

impl<'o> View<'o> {
    fn new(
        vantage: Vantage,
        observations: Vec<&'o Observation>,
        target: &'o Target,
        way: Rc<Way>,
    ) -> Self {
        let connections = observations.iter().filter_map(|observation| {
            Some(Connection { observation, facts: observation.facts.endpoint()? })
        });
        let answers = observations.iter().filter_map(|observation| match &observation.facts {
            Facts::Dns(facts) => Some(Answer { observation, facts }),
            _ => None,
        });
        let seen = Seen {
            connections: connections.collect(),
            answers: answers.collect(),
            observations,
            hub_addresses: OnceCell::new(),
            hub: OnceCell::new(),
            by_the_proxy: OnceCell::new(),
            on_the_way: OnceCell::new(),
            ways_out: OnceCell::new(),
            ways_by_destination: OnceCell::new(),
        };
        Self { vantage, target, way, seen: Rc::new(seen) }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &'o Observation> + '_ {
        self.seen.observations.iter().copied()
    }

    /// The observations of one probe.
    pub(super) fn of(&self, probe: Probe) -> impl Iterator<Item = &'o Observation> + '_ {
        self.all().filter(move |observation| observation.probe() == probe)
    }

    /// The transports that Edge Agent may use, its first choice first.
    pub(super) fn transports(&self) -> &[edgeprobe_facts::endpoint::Transport] {
        &self.target.protocols
    }
}
