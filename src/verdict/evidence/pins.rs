//! Names that a container's hosts file pins, and what the runtime set for its containers.

use std::collections::BTreeSet;
use std::net::IpAddr;

use edgeprobe_facts::engine::Container;
use edgeprobe_facts::{Observation, Role, Vantage};

use super::{EdgeReading, Evidence, Use, View};
use crate::catalogue::Text;
use crate::rule::Proof;

/// The container that is Edge Agent's.
const EDGE_AGENT: &str = "edgeAgent";

/// The hub's name, pinned for one container.
pub(crate) struct Pin<'o> {
    /// The container's name.
    pub(crate) module: String,
    pub(crate) addresses: Vec<IpAddr>,
    /// Whether its create options have the entry (`HostConfig.ExtraHosts`).
    pub(crate) is_by_create_options: bool,
    /// The answer that shows it.
    pub(crate) seen: &'o Observation,
}

impl<'o> Pin<'o> {
    /// The pin that leads to one of these addresses, Edge Agent's before Edge Hub's.
    pub(crate) fn of(evidence: &Evidence<'o>, wrong: &BTreeSet<IpAddr>) -> Option<Self> {
        let leads_there = |pin: &Self| pin.addresses.iter().any(|it| wrong.contains(it));
        pins(evidence).into_iter().find(leads_there)
    }

    /// The sentence with the container and where the entry is set.
    pub(crate) fn sentence(&self) -> Text {
        let key = if self.is_by_create_options { "extra_hosts" } else { "container_hosts" };
        Text::new(key).with("module", &self.module)
    }

    pub(crate) fn details(&self, proof: Proof) -> Proof {
        let set_by = self.is_by_create_options.then_some("HostConfig.ExtraHosts");
        proof.with_detail("module", self.module.clone()).with_detail("set_by", set_by)
    }
}

/// The hub's name as the runtime's containers have it pinned, Edge Agent's first.
pub(crate) fn pins<'o>(evidence: &Evidence<'o>) -> Vec<Pin<'o>> {
    let views = evidence.views();
    let pin = |view: &View<'o>| {
        let module = match &view.vantage {
            Vantage::Host => return None,
            Vantage::Bridge(_) => EDGE_AGENT,
            Vantage::Module(name) => name,
        };
        if evidence.used_by(&view.vantage) == Use::Nobodys {
            return None;
        }
        let answers = view.deciding_answers(Role::Hub);
        let answer = answers.into_iter().find(|answer| answer.facts.from_hosts_file())?;
        let addresses: Vec<IpAddr> = answer.facts.ips().collect();
        let set = evidence.container(module).and_then(|it| it.create_options.as_deref());
        let is_the_hubs = |name: &str| name.eq_ignore_ascii_case(&evidence.target.hub);
        let is_by_create_options = set.is_some_and(|options| {
            options.extra_hosts.iter().any(|entry| is_the_hubs(&entry.name))
        });
        let (module, seen) = (module.to_owned(), answer.observation);
        Some(Pin { module, addresses, is_by_create_options, seen })
    };
    views.iter().filter_map(pin).collect()
}

impl Evidence<'_> {
    /// The container of this name, whether it runs or not.
    fn container(&self, name: &str) -> Option<&Container> {
        let (_, engine) = self.engine()?;
        engine.containers.iter().chain(&engine.stopped).find(|container| container.name == name)
    }
}

impl EdgeReading<'_> {
    /// The name servers that the create options of the container give it whose place this is.
    pub(crate) fn own_name_servers(&self, evidence: &Evidence<'_>) -> Vec<String> {
        let has_its_own = self
            .view
            .deciding_answers(Role::Hub)
            .iter()
            .any(|answer| answer.facts.resolver == edgeprobe_facts::dns::Resolver::System);
        let module = self.module().unwrap_or(EDGE_AGENT);
        let options = evidence.container(module).and_then(|it| it.create_options.as_deref());
        match options {
            Some(options) if has_its_own => options.dns.clone(),
            _ => Vec::new(),
        }
    }
}
