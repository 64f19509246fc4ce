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
mod places;
mod pools;
mod private_endpoint;
mod proxied;
mod services;
mod ways;

pub(super) use connections::{Connection, Manner, refuses_the_device};
pub(super) use edge::EdgeReading;
pub(super) use installed::Presence;
pub(super) use logs::{LogReading, Subject};
pub(super) use names::{Answer, denies};
pub(super) use parts::ByProxy;
pub(super) use places::Use;
pub(super) use services::{RegistryReading, is_of_a_service};
pub(super) use ways::{ends_here, was_answered};

use edgeprobe_facts::{Facts, Observation, Probe, Vantage};

use super::{Target, Way};

/// All observations of a run, and what the device is meant to reach.
pub(super) struct Evidence<'o> {
    pub(super) target: &'o Target,
    observations: &'o [Observation],
    way: Way,
}

impl<'o> Evidence<'o> {
    pub(super) fn new(target: &'o Target, observations: &'o [Observation]) -> Self {
        Self { target, observations, way: target.way(observations) }
    }

    pub(super) fn all(&self) -> &'o [Observation] {
        self.observations
    }

    /// What was seen from the host.
    pub(super) fn host(&self) -> View<'o> {
        self.view(Vantage::Host)
    }

    /// What was seen from each vantage, the host first.
    pub(super) fn views(&self) -> Vec<View<'o>> {
        let mut vantages: Vec<&Vantage> = Vec::new();
        for observation in self.observations {
            if !vantages.contains(&&observation.vantage) {
                vantages.push(&observation.vantage);
            }
        }
        vantages.sort();
        vantages.into_iter().map(|vantage| self.view(vantage.clone())).collect()
    }

    fn view(&self, vantage: Vantage) -> View<'o> {
        let observations =
            self.observations.iter().filter(|observation| observation.vantage == vantage).collect();
        View { vantage, observations, target: self.target.clone(), way: self.way.clone() }
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

/// What was seen from one vantage.
pub(super) struct View<'o> {
    pub(super) vantage: Vantage,
    observations: Vec<&'o Observation>,
    target: Target,
    way: Way,
}

impl<'o> View<'o> {
    pub(super) fn all(&self) -> impl Iterator<Item = &'o Observation> + '_ {
        self.observations.iter().copied()
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
