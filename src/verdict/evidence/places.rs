//! Where the runtime's parts work, and what a container network is to them.

use edgeprobe_facts::Vantage;
use edgeprobe_facts::engine::{Container, DEFAULT_NETWORKS, EDGE_HUB};

use super::{Evidence, View};

/// The part of the runtime that depends on a vantage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UsedBy {
    /// Edge Agent, and any other part that is there.
    EdgeAgent,
    /// Edge Hub, while Edge Agent works from the host.
    EdgeHub,
    /// Neither.
    NoPart,
}

impl<'o> Evidence<'o> {
    /// What was seen from where Edge Agent runs: the host where its container uses the host's own
    /// network, else a container network if one was joined, else the host, which is then the best
    /// that is known.
    pub(crate) fn agent(&self) -> View<'o> {
        let is_joined = |view: &View<'o>| {
            self.used_by(&view.vantage) == UsedBy::EdgeAgent
                && matches!(view.vantage, Vantage::Bridge(_))
                && view.all().any(|observation| observation.facts.endpoint().is_some())
        };
        let agent = || self.views().into_iter().find(is_joined).unwrap_or_else(|| self.host());
        self.agent.get_or_init(agent).clone()
    }

    /// The part of the runtime that depends on this vantage.
    pub(crate) fn used_by(&self, vantage: &Vantage) -> UsedBy {
        if *vantage == Vantage::Host {
            UsedBy::EdgeAgent
        } else if let Vantage::Module(name) = vantage {
            if name == EDGE_HUB { UsedBy::EdgeHub } else { UsedBy::NoPart }
        } else if self.is_the_default_beside_another(vantage) {
            UsedBy::NoPart
        } else if !self.is_on_the_host(Container::is_edge_agent) {
            UsedBy::EdgeAgent
        } else if !self.is_on_the_host(Container::is_edge_hub) {
            UsedBy::EdgeHub
        } else {
            UsedBy::NoPart
        }
    }

    /// Whether the runtime does not use this container network.
    pub(crate) fn is_unused(&self, vantage: &Vantage) -> bool {
        self.used_by(vantage) == UsedBy::NoPart
    }

    /// Whether the engine has Edge Agent's container on the host's own network.
    pub(crate) fn agent_is_on_the_host(&self) -> bool {
        self.is_on_the_host(Container::is_edge_agent)
    }

    fn is_on_the_host(&self, is_it: impl Fn(&Container) -> bool) -> bool {
        let engine = self.engine();
        let mut containers = engine.iter().flat_map(|(_, engine)| &engine.containers);
        containers.any(|it| is_it(it) && it.network_mode.as_deref() == Some("host"))
    }

    /// Whether this is the engine's default network while the runtime has its own. The default
    /// network counts only where the runtime has none.
    fn is_the_default_beside_another(&self, vantage: &Vantage) -> bool {
        let is_default = |vantage: &Vantage| match vantage {
            Vantage::Host | Vantage::Module(_) => false,
            Vantage::Bridge(name) => DEFAULT_NETWORKS.contains(&name.as_str()),
        };
        let is_another =
            |vantage: &Vantage| matches!(vantage, Vantage::Bridge(_)) && !is_default(vantage);
        is_default(vantage) && self.views.iter().any(|view| is_another(&view.vantage))
    }
}
