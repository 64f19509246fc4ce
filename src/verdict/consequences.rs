//! The further failures that a proved cause explains: the same failure from a container network,
//! and the failure of a service that shares its way with the hub.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;

use edgeprobe_facts::endpoint::Transport;
use edgeprobe_facts::{Observation, Probe, Role, Step, Vantage};

use super::evidence::{Evidence, is_of_a_service};
use super::rule::Proof;

/// The consequences of each of the host's failures, by its id. Failures that fail alike have the same
/// consequences, so these are kept in groups.
pub(super) struct Consequences<'o> {
    groups: Vec<Vec<&'o str>>,
    /// The group of what the same question met in container networks.
    elsewhere: BTreeMap<&'o str, usize>,
    /// The groups of failures of services that fail at the same step as the hub.
    of_services: BTreeMap<&'o str, Vec<usize>>,
}

/// What was asked, and the step at which it failed: two failures that have this in common are the
/// same one seen from two places.
#[derive(PartialEq, Eq, Hash)]
enum Question {
    Connection(Role, Transport, SocketAddr, Option<Step>),
    Other(Probe, Option<Step>),
}

impl Question {
    fn from_observation(observation: &Observation) -> Self {
        let step = observation.failed_step();
        match observation.facts.endpoint() {
            Some(facts) => Self::Connection(facts.role, facts.transport, facts.socket(), step),
            None => Self::Other(observation.probe(), step),
        }
    }
}

impl<'o> Consequences<'o> {
    pub(super) fn from_evidence(evidence: &Evidence<'o>) -> Self {
        let mut consequences =
            Self { groups: Vec::new(), elsewhere: BTreeMap::new(), of_services: BTreeMap::new() };
        consequences.add_container_networks(evidence);
        consequences.add_services(evidence);
        consequences
    }

    fn add_container_networks(&mut self, evidence: &Evidence<'o>) {
        let is_hosts = |seen: &&Observation| seen.vantage == Vantage::Host;
        let mut numbers: HashMap<Question, usize> = HashMap::new();
        for other in evidence.all().iter().filter(|seen| !is_hosts(seen) && seen.failed()) {
            let number =
                *numbers.entry(Question::from_observation(other)).or_insert(self.groups.len());
            self.add(number, &other.id);
        }
        for own in evidence.all().iter().filter(is_hosts) {
            if let Some(number) = numbers.get(&Question::from_observation(own)) {
                self.elsewhere.insert(&own.id, *number);
            }
        }
    }

    fn add_services(&mut self, evidence: &Evidence<'o>) {
        let mut numbers = BTreeMap::new();
        for lost in evidence.all().iter().filter(|seen| seen.failed() && is_of_a_service(seen)) {
            let Some((kind, shared)) = evidence.shared_with_the_hub(lost) else { continue };
            let known = numbers.get(&kind).copied();
            let number = known.unwrap_or(self.groups.len());
            self.add(number, &lost.id);
            if known.is_none() {
                for hub in shared.iter() {
                    self.of_services.entry(&hub.id).or_default().push(number);
                }
                numbers.insert(kind, number);
            }
        }
    }

    fn add(&mut self, number: usize, id: &'o str) {
        match self.groups.get_mut(number) {
            Some(group) => group.push(id),
            None => self.groups.push(vec![id]),
        }
    }

    /// Adds the consequences to the failures that a proof explains.
    pub(super) fn add_to(&self, proof: &mut Proof) {
        let own = proof.explains.iter().filter_map(|id| self.elsewhere.get(id.as_str()));
        self.explain(proof, own.copied().collect());
        let own = proof.explains.iter().filter_map(|id| self.of_services.get(id.as_str()));
        self.explain(proof, own.flatten().copied().collect());
    }

    fn explain(&self, proof: &mut Proof, numbers: BTreeSet<usize>) {
        let groups = numbers.into_iter().filter_map(|number| self.groups.get(number));
        proof.explains.extend(groups.flatten().map(|id| (*id).to_owned()));
    }
}
