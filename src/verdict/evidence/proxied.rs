//! The connections by proxies, from one vantage.

use std::collections::BTreeSet;
use std::net::IpAddr;

use edgeprobe_facts::endpoint::{Transport, Via};
use edgeprobe_facts::route::RouteFacts;
use edgeprobe_facts::{Facts, Observation, Role};

use super::{Answer, Connection, Evidence, View};
use crate::Way;

impl<'o> Evidence<'o> {
    /// Whether the proxy on Edge Agent's way carries a transport that it may use, so that the direct
    /// way is not what it depends on.
    pub(crate) fn is_carried(&self) -> bool {
        let view = self.agent();
        let carries = |connection: &Connection<'_>| {
            connection.works() && view.transports().contains(&connection.facts.transport)
        };
        view.proxied_hub_connections().iter().any(carries)
            && !view.on_the_way().iter().any(|c| is_web(c.facts.transport) && c.is_direct())
    }

    /// Whether no proxy is on Edge Agent's way to port 443.
    pub(crate) fn goes_direct(&self) -> bool {
        let by_proxy = |view: View<'_>| view.on_the_way().iter().any(|c| !c.is_direct());
        match *self.way {
            Way::Direct => true,
            Way::By(_) => false,
            Way::Either(_) => !self.views().into_iter().any(by_proxy),
        }
    }

    /// What failed by the proxy on Edge Agent's way, or for its name, from anywhere.
    pub(crate) fn failures_by_the_proxy(&self) -> Vec<&'o Observation> {
        let views = self.views();
        let proxied = views.iter().flat_map(View::proxied_hub_connections);
        let proxied = proxied.map(|connection| connection.observation);
        let names = views.iter().flat_map(|view| {
            view.way().via().map(|via| view.proxy_answers(via)).unwrap_or_default()
        });
        let names = names.map(|answer| answer.observation);
        proxied.chain(names).filter(|seen| seen.failed()).collect()
    }

    /// The direct connections to the hub that did not open, from anywhere.
    pub(crate) fn closed_directly(&self) -> Vec<&'o Observation> {
        let views = self.views();
        let direct = views.iter().flat_map(View::hub);
        direct.filter(|direct| !direct.connected()).map(|direct| direct.observation).collect()
    }

    /// The addresses of the proxy on Edge Agent's way, as they were connected to.
    pub(crate) fn addresses_of_the_proxy(&self) -> Vec<IpAddr> {
        let views = self.views();
        let by_it = views.iter().flat_map(View::proxied_hub_connections);
        by_it.map(|connection| connection.facts.peer).collect()
    }

    /// Whether the proxy on Edge Agent's way opens a tunnel from here. If this vantage was not
    /// asked, the host's result counts, or else that of Edge Agent's vantage.
    pub(crate) fn opens_its_proxy(&self, view: &View<'o>) -> bool {
        let mut tried = view.proxied_hub_connections();
        for other in [Self::host, Self::agent] {
            if tried.is_empty() {
                tried = other(self).proxied_hub_connections();
            }
        }
        tried.iter().any(Connection::connected)
    }

    /// Whether nothing that Edge Agent may use needs the direct way.
    pub(crate) fn needs_no_direct_way(&self) -> bool {
        let by_proxy = self.is_carried() || matches!(*self.way, Way::By(_));
        by_proxy && self.target.protocols.iter().copied().all(is_web)
    }
}

impl Connection<'_> {
    /// Whether it went to the host itself.
    pub(crate) fn is_direct(&self) -> bool {
        self.facts.proxy.is_none()
    }
}

impl<'o> View<'o> {
    /// The way that Edge Agent, or in its own place Edge Hub, takes to the hub's port 443.
    pub(crate) fn way(&self) -> &Way {
        &self.way
    }

    /// The kernel's ways to the hub and beyond this device; a proxy may be nearer.
    pub(crate) fn ways_out(&self) -> Vec<(&'o Observation, &'o RouteFacts)> {
        let ways_out = || {
            let by_proxy = self.seen.connections.iter().filter(|it| !it.is_direct());
            let proxies: BTreeSet<IpAddr> = by_proxy.map(|it| it.facts.peer).collect();
            let ways = self.all().filter_map(|observation| match &observation.facts {
                Facts::Route(facts) if !facts.destination.is_loopback() => {
                    Some((observation, facts))
                }
                _ => None,
            });
            ways.filter(|(_, facts)| !proxies.contains(&facts.destination)).collect()
        };
        self.seen.ways_out.get_or_init(ways_out).clone()
    }

    /// Whether the kernel reaches a connection's peer by no gateway.
    pub(crate) fn is_on_link(&self, connection: &Connection<'_>) -> bool {
        self.all().any(|observation| match &observation.facts {
            Facts::Route(facts) => {
                facts.destination == connection.facts.peer
                    && facts.gateway.is_none()
                    && !observation.failed()
            }
            _ => false,
        })
    }

    /// Every connection by a proxy to hosts of this role.
    pub(crate) fn proxied(&self, role: Role) -> impl Iterator<Item = Connection<'o>> + '_ {
        let all = self.seen.connections.iter().copied();
        all.filter(move |connection| connection.facts.role == role && !connection.is_direct())
    }

    /// The connections to the hub by the proxy on Edge Agent's way, at the addresses that programs
    /// here would use for it.
    pub(crate) fn proxied_hub_connections(&self) -> Vec<Connection<'o>> {
        let Some(via) = self.way.via() else { return Vec::new() };
        self.seen.by_the_proxy.get_or_init(|| self.at_the_addresses_of(via)).clone()
    }

    /// The connections to the hub by a proxy, at the addresses that programs here would use for it.
    pub(super) fn at_the_addresses_of(&self, via: &Via) -> Vec<Connection<'o>> {
        let mut connections = self.by(via, Role::Hub);
        if let Some(addresses) = self.addresses_of(via) {
            connections.retain(|connection| addresses.contains(&connection.facts.peer));
        }
        connections
    }

    /// The connections by a proxy. Parts that are told of the same one share them.
    pub(crate) fn by(&self, via: &Via, role: Role) -> Vec<Connection<'o>> {
        let all: Vec<Connection<'o>> = self.proxied(role).collect();
        let of = |holds: &dyn Fn(&Connection<'o>) -> bool| -> Vec<Connection<'o>> {
            all.iter().copied().filter(|connection| holds(connection)).collect()
        };
        let own = of(&|c| c.facts.proxy.as_ref().is_some_and(|proxy| proxy.part == via.part));
        if !own.is_empty() {
            return own;
        }
        let place = (via.url.host(), via.url.port());
        of(&|c| {
            let url = c.facts.proxy.as_ref().map(|proxy| &proxy.url);
            url.is_some_and(|url| (url.host(), url.port()) == place)
        })
    }

    /// What resolvers say of a proxy's name here.
    pub(crate) fn proxy_answers(&self, via: &Via) -> Vec<Answer<'o>> {
        let named = |answer: &Answer<'o>| {
            answer.facts.name.trim_end_matches('.').eq_ignore_ascii_case(via.url.host())
        };
        self.deciding_answers(Role::Proxy).into_iter().filter(named).collect()
    }

    /// The addresses that programs here would use for a proxy. `None` where its URL has the
    /// address, or no resolver here was asked.
    fn addresses_of(&self, via: &Via) -> Option<BTreeSet<IpAddr>> {
        let answers = self.proxy_answers(via);
        (!answers.is_empty())
            .then(|| answers.iter().flat_map(|answer| answer.facts.ips()).collect())
    }

    /// The connections to the hub as Edge Agent would make them: by its proxy where one can carry
    /// them, directly otherwise. Where it is not known whether it has one, the way that works
    /// counts.
    pub(crate) fn on_the_way(&self) -> Vec<Connection<'o>> {
        self.seen.on_the_way.get_or_init(|| self.by_proxy_or_directly()).clone()
    }

    fn by_proxy_or_directly(&self) -> Vec<Connection<'o>> {
        let direct = self.hub();
        let by_proxy = self.proxied_hub_connections();
        let works_directly = direct.iter().any(|c| is_web(c.facts.transport) && c.works());
        let goes_direct = match *self.way {
            Way::Direct => true,
            Way::By(_) => false,
            Way::Either(_) => works_directly || by_proxy.is_empty(),
        };
        if goes_direct {
            return direct;
        }
        let others = direct.into_iter().filter(|c| !is_web(c.facts.transport));
        others.chain(by_proxy).collect()
    }

    /// Whether the transport has to go by a proxy that could not even be tried.
    pub(super) fn lacks_its_proxy(&self, transport: Transport) -> bool {
        let asked = self.hub().iter().any(|c| c.facts.transport == transport);
        matches!(*self.way, Way::By(_)) && is_web(transport) && asked
    }
}

/// Only what is carried by HTTP can go by an HTTP proxy.
fn is_web(transport: Transport) -> bool {
    transport.default_port() == Transport::Https.default_port()
}
