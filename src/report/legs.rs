//! The legs of the way to the hub: a name and each transport, from each vantage.

use edgeprobe_facts::dns::Resolver;
use edgeprobe_facts::{Facts, Observation, Outcome, Role, Vantage};

use super::Report;

/// One kind of question from one vantage, over all addresses of the hub or the parent.
pub(super) struct Leg<'r> {
    pub(super) vantage: &'r Vantage,
    /// `dns`, or a transport: `amqp`, `amqp-ws`, `https`; by a proxy, `amqp-ws-proxy`.
    pub(super) name: String,
    pub(super) observations: Vec<&'r Observation>,
}

impl Leg<'_> {
    /// Milliseconds of the fastest good answer; nothing where there was none.
    pub(super) fn milliseconds(&self) -> Option<f64> {
        let good = self.observations.iter().filter(|seen| seen.outcome == Outcome::Pass);
        good.map(|seen| seen.duration_ms).reduce(f64::min)
    }

    /// Whether it was asked and no answer was good.
    pub(super) fn failed(&self) -> bool {
        self.milliseconds().is_none() && self.observations.iter().any(|seen| seen.failed())
    }
}

/// The legs of a report, in the order in which they were asked.
pub(super) fn from_report(report: &Report) -> Vec<Leg<'_>> {
    let mut legs: Vec<Leg<'_>> = Vec::new();
    for observation in &report.observations {
        let Some(name) = name(observation) else { continue };
        let vantage = &observation.vantage;
        match legs.iter_mut().find(|leg| leg.vantage == vantage && leg.name == name) {
            Some(leg) => leg.observations.push(observation),
            None => legs.push(Leg { vantage, name, observations: vec![observation] }),
        }
    }
    legs
}

/// The name of the leg that an observation belongs to.
fn name(observation: &Observation) -> Option<String> {
    let is_upstream = |role| matches!(role, Role::Hub | Role::Parent);
    match &observation.facts {
        Facts::Dns(facts) if is_upstream(facts.role) && facts.resolver == Resolver::System => {
            Some("dns".to_owned())
        }
        facts => {
            let facts = facts.endpoint().filter(|facts| is_upstream(facts.role))?;
            let by_proxy = if facts.proxy.is_some() { "-proxy" } else { "" };
            Some(format!("{}{by_proxy}", facts.transport))
        }
    }
}
