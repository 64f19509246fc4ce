//! What a container's own files make of the hub's name, and what the runtime set for its containers.

use std::collections::BTreeSet;
use std::net::IpAddr;

use edgeprobe_facts::dns::Resolver;
use edgeprobe_facts::engine::Container;
use edgeprobe_facts::{Observation, Role, Vantage};

use super::{Answer, EdgeReading, Evidence, UsedBy, View};
use crate::catalogue::Text;
use crate::rule::Proof;

/// The container that is Edge Agent's.
pub(crate) const EDGE_AGENT: &str = "edgeAgent";

/// What a container's own files make of the hub's name, before any name server is asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PinnedBy {
    /// An entry of its create options (`HostConfig.ExtraHosts`).
    CreateOptions,
    /// A line of its hosts file.
    HostsFile,
    /// Its search list, which made this name of it.
    SearchList(String),
}

/// The hub's name, as one container's own files have it.
pub(crate) struct Pin<'o> {
    /// The container's name.
    pub(crate) module: String,
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) by: PinnedBy,
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
        let text = match &self.by {
            PinnedBy::CreateOptions => Text::new("extra_hosts"),
            PinnedBy::HostsFile => Text::new("container_hosts"),
            PinnedBy::SearchList(name) => Text::new("search_list").with("searched", name),
        };
        text.with("module", &self.module)
    }

    pub(crate) fn details(&self, proof: Proof) -> Proof {
        let set_by = match self.by {
            PinnedBy::CreateOptions => Some("HostConfig.ExtraHosts"),
            PinnedBy::HostsFile => Some("/etc/hosts"),
            PinnedBy::SearchList(_) => Some("/etc/resolv.conf"),
        };
        proof.with_detail("module", self.module.clone()).with_detail("set_by", set_by)
    }
}

/// What the runtime's containers make of the hub's name by their own files, Edge Agent's first.
pub(crate) fn pins<'o>(evidence: &Evidence<'o>) -> Vec<Pin<'o>> {
    let views = evidence.views();
    let hub = &evidence.target.hub;
    let pin = |view: &View<'o>| {
        let module = match &view.vantage {
            Vantage::Host => return None,
            Vantage::Bridge(_) => EDGE_AGENT,
            Vantage::Module(name) => name,
        };
        if evidence.used_by(&view.vantage) == UsedBy::NoPart {
            return None;
        }
        let answers = view.deciding_answers(Role::Hub);
        let answer = answers.into_iter().find(|answer| answer.is_by_own_files(hub))?;
        let addresses: Vec<IpAddr> = answer.facts.ips().collect();
        let set = evidence.container(module).and_then(|it| it.create_options.as_deref());
        let is_the_hubs = |name: &str| name.eq_ignore_ascii_case(&evidence.target.hub);
        let is_an_option = set.is_some_and(|options| {
            options.extra_hosts.iter().any(|entry| is_the_hubs(&entry.name))
        });
        let by = match answer.searched(hub) {
            Some(name) => PinnedBy::SearchList(name),
            None if is_an_option => PinnedBy::CreateOptions,
            None => PinnedBy::HostsFile,
        };
        let (module, seen) = (module.to_owned(), answer.observation);
        Some(Pin { module, addresses, by, seen })
    };
    views.iter().filter_map(pin).collect()
}

impl Answer<'_> {
    /// Whether a hosts file or a search list made this answer.
    pub(crate) fn is_by_own_files(&self, hub: &str) -> bool {
        self.facts.from_hosts_file() || self.searched(hub).is_some()
    }

    /// The name that a search list made of the hub's, where that was found.
    fn searched(&self, hub: &str) -> Option<String> {
        let first = self.facts.canonical_names.first()?;
        let prefix = format!("{}.", hub.trim_end_matches('.').to_ascii_lowercase());
        let is_longer = first.to_ascii_lowercase().starts_with(&prefix);
        (is_longer && self.facts.resolver == Resolver::System).then(|| first.clone())
    }
}

impl Evidence<'_> {
    /// Whether the create options of this container change how it finds names or sends.
    pub(crate) fn has_its_own_options(&self, container: &str) -> bool {
        self.container(container).is_some_and(|it| it.create_options.is_some())
    }

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
            .any(|answer| answer.facts.resolver == Resolver::System);
        let module = self.module().unwrap_or(EDGE_AGENT);
        let options = evidence.container(module).and_then(|it| it.create_options.as_deref());
        match options {
            Some(options) if has_its_own => options.dns.clone(),
            _ => Vec::new(),
        }
    }
}
