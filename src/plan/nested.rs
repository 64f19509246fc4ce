//! What this device connects to: its hub, or in nested edge its parent.

use std::net::IpAddr;

use edgeprobe_facts::endpoint::{Endpoint, Transport};
use edgeprobe_facts::{Observation, Probe, Role};

use super::{Plan, Question, addresses};
use crate::verdict::PARENT_PORT;

/// The host that Edge Agent connects to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Upstream {
    pub(super) name: String,
    /// [`Role::Hub`] or [`Role::Parent`].
    pub(super) role: Role,
}

impl Upstream {
    pub(super) fn is_the_hub(&self) -> bool {
        self.role == Role::Hub
    }

    /// A parent may be known by its address, for which no resolver is asked.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.name.parse().ok()
    }
}

impl Plan {
    /// What Edge Agent connects to, as far as it is known by now.
    pub(super) fn upstream(&self, seen: &[Observation]) -> Upstream {
        match self.target.parent_by(seen) {
            Some(parent) => Upstream { name: parent.to_owned(), role: Role::Parent },
            None => Upstream { name: self.target.hub.clone(), role: Role::Hub },
        }
    }

    /// The addresses that it has, by whoever named them.
    pub(super) fn upstream_addresses(&self, seen: &[Observation]) -> Vec<IpAddr> {
        let upstream = self.upstream(seen);
        upstream.address().map_or_else(|| addresses(seen, upstream.role), |address| vec![address])
    }

    /// The names to ask of every resolver, and their roles. A child may have no way to anything but
    /// its parent, so nothing else is asked of it.
    pub(super) fn names(&self, seen: &[Observation]) -> Vec<(String, Role)> {
        let upstream = self.upstream(seen);
        let is_the_hub = upstream.is_the_hub();
        let mut names = Vec::new();
        // A device that is not assigned to a hub yet knows no name.
        if upstream.address().is_none() && !upstream.name.is_empty() {
            names.push((upstream.name, upstream.role));
        }
        if is_the_hub && (self.asks(Probe::Dns) || self.asks(Probe::Https)) {
            names.push((self.control.host.clone(), Role::Control));
        }
        names
    }

    /// Everything that is worth trying at one address of it.
    pub(super) fn connections(
        &self,
        peer: IpAddr,
        seen: &[Observation],
    ) -> impl Iterator<Item = Question> {
        let upstream = self.upstream(seen);
        let mut endpoints: Vec<(Transport, u16)> = self
            .transports()
            .into_iter()
            .map(|transport| (transport, self.hub_ports.port(transport)))
            .collect();
        if !upstream.is_the_hub() && self.asks(Probe::Https) {
            endpoints.push((Transport::Https, PARENT_PORT));
        }
        endpoints.into_iter().map(move |(transport, port)| {
            let (role, server) = (upstream.role, upstream.name.clone());
            let endpoint = Endpoint { transport, role, server, port, detour: None, proxy: None };
            Question::Connect { endpoint, peer }
        })
    }
}
