//! What must work on this device, and what failed of it in this run.
//!
//! A need is one value: parts of the runtime, the service that they need, from where, directly or
//! by which proxy, and what its loss does. The failures that a verdict accounts for, and the effect
//! of a cause that also stops a service, follow from the needs.

use std::collections::{BTreeMap, BTreeSet};

use edgeprobe_facts::endpoint::Via;
use edgeprobe_facts::runtime::Part;
use edgeprobe_facts::{Facts, Observation, Role, Vantage};

use super::evidence::{ByProxy, Evidence, View};
use super::{Effect, Way};

/// What a part of the runtime needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    /// The hub, or the parent that stands in its place.
    Hub,
    Registry,
    Provisioning,
    /// A port of this device's.
    Port,
}

/// One thing that must work.
pub(super) struct Need<'o> {
    /// Who needs it.
    pub(super) parts: Vec<Part>,
    pub(super) service: Service,
    /// Where these parts run.
    pub(super) from: Vantage,
    /// The proxy that they go by; none where they go directly, or by both.
    pub(super) way: Option<Via>,
    /// What its loss does to this device.
    pub(super) effect: Effect,
    /// The failures that lose it.
    pub(super) lost: Vec<&'o Observation>,
}

/// Everything that the runtime needs, as far as this run asked for it.
pub(super) struct Needs<'o>(Vec<Need<'o>>);

impl<'o> Needs<'o> {
    pub(super) fn from_evidence(evidence: &Evidence<'o>) -> Self {
        let mut needs: Vec<Need<'o>> = Vec::new();
        for view in evidence.views() {
            needs.push(of_the_hub(&view));
            let by_proxy = evidence.parts_by_proxy(&view).into_iter();
            needs.extend(by_proxy.map(|by| of_parts(evidence, &view, by)));
        }
        let services = evidence.all().iter().filter(|seen| evidence.misses_a_service(seen));
        needs.extend(services.map(|lost| of_a_service(evidence, lost)));
        needs.extend(edge_hubs_ports(evidence));
        Self(needs)
    }

    /// Every failure that loses a need, by id.
    pub(super) fn lost(&self) -> BTreeSet<&'o str> {
        self.0.iter().flat_map(|need| &need.lost).map(|seen| seen.id.as_str()).collect()
    }

    /// What is lost of registries and of the provisioning service.
    pub(super) fn lost_services(&self) -> impl Iterator<Item = &Need<'o>> {
        self.0.iter().filter(|need| {
            matches!(need.service, Service::Registry | Service::Provisioning)
                && !need.lost.is_empty()
        })
    }

    /// The gravest effect of each failure of a service, by its id.
    pub(super) fn effects_of_services(&self) -> BTreeMap<&'o str, Effect> {
        let lost =
            self.lost_services().flat_map(|need| need.lost.iter().map(|it| (it, need.effect)));
        lost.map(|(seen, effect)| (seen.id.as_str(), effect)).collect()
    }

    /// The lost ways to the hub, by their own proxies, of parts other than Edge Agent.
    pub(super) fn lost_by_other_parts(&self) -> impl Iterator<Item = &Need<'o>> {
        self.0.iter().filter(|need| {
            need.service == Service::Hub
                && !need.parts.contains(&Part::EdgeAgent)
                && !need.lost.is_empty()
        })
    }

    /// The need of the hub, as it shows from a vantage: Edge Agent's, or in its own place Edge Hub's.
    pub(super) fn of_the_hub(&self, from: &Vantage) -> Option<&Need<'o>> {
        self.0.iter().find(|need| need.from == *from && need.service == Service::Hub)
    }
}

/// The way to the hub, as it shows from anywhere: Edge Agent's, or from Edge Hub's own place Edge
/// Hub's.
fn of_the_hub<'o>(view: &View<'o>) -> Need<'o> {
    let is_edge_hubs = matches!(view.vantage, Vantage::Module(_));
    // An address that does not answer costs Edge Hub nothing while another does.
    let counts = |transport| !is_edge_hubs || view.works(transport) == Some(false);
    let lost = view.on_the_way().into_iter();
    let lost = lost.filter(|it| !it.works() && counts(it.facts.transport));
    // Connections to addresses that others know do not help a program that finds none.
    let answers = view.deciding_answers(Role::Hub);
    let is_nameless = is_edge_hubs && !matches!(view.way(), Way::By(_));
    let nameless = answers.iter().all(|answer| answer.observation.failed()) && is_nameless;
    let nameless = answers.iter().filter(move |_| nameless).map(|answer| answer.observation);
    let works = view.transports().iter().any(|transport| view.works(*transport) == Some(true));
    let way = match view.way() {
        Way::By(via) => Some(via.clone()),
        Way::Direct | Way::Either(_) => None,
    };
    Need {
        parts: vec![if is_edge_hubs { Part::EdgeHub } else { Part::EdgeAgent }],
        service: Service::Hub,
        from: view.vantage.clone(),
        way,
        effect: if works || is_edge_hubs { Effect::Degrades } else { Effect::Blocks },
        lost: lost.map(|connection| connection.observation).chain(nameless).collect(),
    }
}

/// The way of other parts, by the proxy in their own settings.
fn of_parts<'o>(evidence: &Evidence<'o>, view: &View<'o>, by: ByProxy<'o>) -> Need<'o> {
    Need {
        service: Service::Hub,
        from: view.vantage.clone(),
        effect: evidence.effect_on_parts(view, &by.parts).0,
        lost: by.missed(),
        parts: by.parts,
        way: Some(by.via),
    }
}

/// What is lost of a registry or of the provisioning service.
fn of_a_service<'o>(evidence: &Evidence<'o>, lost: &'o Observation) -> Need<'o> {
    let (parts, service) = match &lost.facts {
        Facts::Registry(_) => (vec![Part::Engine], Service::Registry),
        _ => (evidence.gives_identities().into_iter().collect(), Service::Provisioning),
    };
    Need {
        parts,
        service,
        from: lost.vantage.clone(),
        way: None,
        effect: evidence.effect_of_service(lost),
        lost: vec![lost],
    }
}

/// The ports that Edge Hub maps and that another process holds, or that it may not bind.
fn edge_hubs_ports<'o>(evidence: &Evidence<'o>) -> Vec<Need<'o>> {
    let lost = evidence.missed_ports().filter(|(_, facts)| !evidence.may_be_edge_hubs(facts));
    let need = |(port, _): (&'o Observation, _)| Need {
        parts: vec![Part::EdgeHub],
        service: Service::Port,
        from: port.vantage.clone(),
        way: None,
        effect: Effect::Blocks,
        lost: vec![port],
    };
    lost.map(need).collect()
}
