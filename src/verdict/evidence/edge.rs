//! What was seen of one container network: the kernel's ways, the connections, the traces.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use edgeprobe_facts::route::edge::{EdgeNetwork, EdgeRouteFacts};
use edgeprobe_facts::route::signature::{Mechanism, recognise};
use edgeprobe_facts::route::tables::Tables;
use edgeprobe_facts::trace::{Neighbour, Stage, Trace};
use edgeprobe_facts::vantage::Means;
use edgeprobe_facts::{Facts, Observation, Vantage};

use super::{Connection, Evidence, View};

/// One container network in comparison with the host.
pub(crate) struct EdgeReading<'o> {
    pub(crate) view: View<'o>,
    pub(crate) network: &'o EdgeNetwork,
    /// The host's links, routes and rules, with the observation that they are from.
    pub(crate) tables: Option<(&'o Observation, &'o Tables)>,
    /// The kernel's ways between the network and each destination.
    pub(crate) ways: Vec<(&'o Observation, &'o EdgeRouteFacts)>,
    /// The attempts that were followed through the host.
    pub(crate) traces: Vec<(&'o Observation, &'o Trace)>,
    /// The connections to the hub from the network that opened.
    pub(crate) opened: Vec<Connection<'o>>,
    /// Those that did not, although the host's own connection to the same port did.
    pub(crate) cut_off: Vec<Connection<'o>>,
    /// Whether the host was asked for no connection, so that the network cannot be compared with
    /// it.
    pub(crate) alone: bool,
    /// Whether the host reaches the hub by IPv6 alone and the network has IPv4 alone, so that the
    /// two cannot be compared.
    pub(crate) lacks_the_hosts_family: bool,
    /// Whether the engine keeps the network from the world outside.
    pub(crate) is_internal: bool,
}

impl<'o> Evidence<'o> {
    /// The host's links, routes and rules.
    pub(crate) fn tables(&self) -> Option<(&'o Observation, &'o Tables)> {
        self.tables
    }

    /// Whether the host was left out: only container networks tried to connect to the hub.
    pub(crate) fn is_without_the_host(&self) -> bool {
        !self.host_tried() && self.views().iter().any(View::tried)
    }

    /// Whether the host tried to connect to the hub, directly or by a proxy.
    pub(crate) fn host_tried(&self) -> bool {
        self.host().tried()
    }

    /// Each container network of which anything was seen.
    pub(crate) fn edges(&self) -> Rc<[EdgeReading<'o>]> {
        let edges = || {
            let host = self.host();
            let hub = edgeprobe_facts::Role::Hub;
            let opened = host.connections(hub).chain(host.proxied(hub));
            let opened = opened.filter(Connection::connected).map(|own| own.facts.socket());
            let opened: BTreeSet<SocketAddr> = opened.collect();
            self.views()
                .into_iter()
                .filter(|view| view.vantage.is_in_a_container())
                .filter_map(|view| self.edge(view, &host, &opened))
                .collect()
        };
        Rc::clone(self.edges.get_or_init(edges))
    }

    /// Whether the engine gave the network IPv6 too.
    pub(crate) fn gives_ipv6(&self, network: &EdgeNetwork) -> bool {
        self.engine().is_some_and(|(_, engine)| {
            let known = engine.networks.iter().find(|it| it.name == network.name);
            known.is_some_and(|it| it.subnets.iter().any(|range| range.subnet.addr().is_ipv6()))
        })
    }

    /// Reads one network. `opened_to_the_host` are the sockets of the hub's and its proxy's that opened to the
    /// host.
    fn edge(
        &self,
        view: View<'o>,
        host: &View<'o>,
        opened_to_the_host: &BTreeSet<SocketAddr>,
    ) -> Option<EdgeReading<'o>> {
        let network = view.all().find_map(|observation| match &observation.facts {
            Facts::EdgeRoute(facts) => Some(&facts.network),
            Facts::Vantage(facts) => Some(&facts.network),
            _ => None,
        })?;
        // The kernel is asked about a network, whichever of its containers sends.
        let ways = self.all().iter().filter_map(|observation| match &observation.facts {
            Facts::EdgeRoute(facts) if facts.network.name == network.name => {
                Some((observation, &**facts))
            }
            _ => None,
        });
        let traces = view.all().filter_map(|observation| match &observation.facts {
            Facts::Trace(trace) => Some((observation, &**trace)),
            _ => None,
        });
        let (ways, traces) = (ways.collect(), traces.collect());
        // A peer on the network's own link, or in the container itself, shows nothing of the way
        // out.
        let leads_out = |connection: &Connection<'o>| {
            let peer = connection.facts.peer;
            !peer.is_loopback() && !network.subnet.contains(&peer)
        };
        let by_proxy = view.proxied_hub_connections().into_iter().filter(leads_out);
        let (opened, closed): (Vec<Connection<'o>>, Vec<Connection<'o>>) =
            view.hub().into_iter().chain(by_proxy).partition(Connection::connected);
        let host_opened =
            |connection: &Connection<'o>| opened_to_the_host.contains(&connection.facts.socket());
        // A network without IPv6 sends nothing there: the host does not lose what is not sent.
        let is_sent = |connection: &Connection<'o>| {
            connection.facts.peer.is_ipv4() || !connection.has_no_way()
        };
        let sends_ipv6 = closed.iter().any(|it| it.facts.peer.is_ipv6() && is_sent(it));
        let lacks_the_hosts_family = opened.is_empty()
            && !sends_ipv6
            && host.opens_ipv6_alone()
            && network.subnet.addr().is_ipv4()
            // What an engine has given IPv6 was perhaps asked from a borrowed address of IPv4.
            && !self.gives_ipv6(network);
        let cut_off = closed.into_iter().filter(is_sent).filter(host_opened).collect();
        let (alone, tables) = (self.is_without_the_host(), self.tables());
        let is_internal = self.engine().is_some_and(|(_, engine)| {
            engine.networks.iter().any(|own| own.name == network.name && own.internal)
        });
        Some(EdgeReading {
            view,
            network,
            tables,
            ways,
            traces,
            opened,
            cut_off,
            alone,
            lacks_the_hosts_family,
            is_internal,
        })
    }
}

impl View<'_> {
    /// Whether connections to the hub open by IPv6 alone.
    fn opens_ipv6_alone(&self) -> bool {
        let own = self.connections(edgeprobe_facts::Role::Hub);
        let mut opened = own.filter(Connection::connected).peekable();
        opened.peek().is_some() && opened.all(|it| it.facts.peer.is_ipv6())
    }

    fn tried(&self) -> bool {
        let hub = edgeprobe_facts::Role::Hub;
        self.connections(hub).next().is_some() || self.proxied(hub).next().is_some()
    }
}

impl<'o> EdgeReading<'o> {
    /// Whether the network reaches nothing that the host reaches, or loses its packets on this
    /// host.
    pub(crate) fn is_cut_off(&self) -> bool {
        self.opened.is_empty() && (!self.cut_off.is_empty() || self.is_lost_on_this_host())
    }

    fn is_lost_on_this_host(&self) -> bool {
        self.traces.iter().any(|(_, trace)| match trace.stage {
            Stage::LeftUntranslated | Stage::ReplyLost => true,
            // The kernel does so too where the gateway does not answer, which stops the host as well.
            Stage::LostInside | Stage::RejectedByHost => !trace.is_given_up_by_the_kernel(),
            Stage::NotEntered | Stage::AnsweredByHost | Stage::NoReply | Stage::Delivered => false,
        })
    }

    /// Whether the kernel routes the answers for the network's modules away from its bridge,
    /// although those for a borrowed address come back.
    pub(crate) fn answers_are_led_elsewhere(&self) -> bool {
        let borrowed = self.view.all().any(|observation| match &observation.facts {
            Facts::Vantage(facts) => matches!(facts.means, Some(Means::BorrowedAddress { .. })),
            _ => false,
        });
        let bridge = Some(self.network.bridge.as_str());
        let elsewhere =
            |way: &EdgeRouteFacts| way.back.interface().is_some_and(|it| Some(it) != bridge);
        borrowed && self.ways.iter().any(|(_, way)| elsewhere(way))
    }

    /// Whether nothing opened from the network, and the host itself has no way of the network's kind
    /// that a comparison would show.
    pub(crate) fn fails_without_comparison(&self) -> bool {
        self.fails_alone() || (self.lacks_the_hosts_family && self.was_tried())
    }

    /// Whether nothing that was tried from the network opened, and the host tried nothing.
    pub(crate) fn fails_alone(&self) -> bool {
        self.alone && self.opened.is_empty() && self.was_tried()
    }

    /// The container whose own place this is, where it is not its network's.
    pub(crate) fn module(&self) -> Option<&str> {
        match &self.view.vantage {
            Vantage::Module(name) => Some(name),
            Vantage::Host | Vantage::Bridge(_) => None,
        }
    }

    /// Whether questions could be asked from the network.
    pub(crate) fn is_joined(&self) -> bool {
        self.view.all().any(|observation| match &observation.facts {
            Facts::Vantage(facts) => facts.means.is_some(),
            facts => facts.endpoint().is_some(),
        })
    }

    /// Whether a connection from the network to the hub was tried at all.
    pub(crate) fn was_tried(&self) -> bool {
        !self.opened.is_empty() || !self.view.hub().is_empty()
    }

    /// The ways to the hub: the kernel was asked about resolvers as well.
    pub(crate) fn ways_to(
        &self,
        hub: &[IpAddr],
    ) -> impl Iterator<Item = (&'o Observation, &'o EdgeRouteFacts)> + '_ {
        let hub = hub.to_vec();
        self.ways
            .iter()
            .copied()
            .filter(move |(_, way)| hub.is_empty() || hub.contains(&way.destination))
    }

    /// What the tables hold against the network's traffic to a destination.
    pub(crate) fn mechanisms(&self, destination: IpAddr) -> Vec<Mechanism> {
        match self.tables {
            Some((_, tables)) => {
                let asked = self.ways.iter().find(|(_, way)| way.destination == destination);
                recognise(tables, self.network, destination, asked.map(|(_, way)| *way))
            }
            None => Vec::new(),
        }
    }

    /// The first trace that ended at one of these stages.
    pub(crate) fn vanished(&self, stages: &[Stage]) -> Option<(&'o Observation, &'o Trace)> {
        self.traces.iter().copied().find(|(_, trace)| stages.contains(&trace.stage))
    }

    /// Whether the kernel gave a followed packet up itself, because the next one on its way does
    /// not answer. A firewall says the same in ICMP's words, so a gateway that does answer refutes it.
    pub(crate) fn is_given_up(&self, trace: &Trace) -> bool {
        let answers = self.ways.iter().any(|(_, way)| {
            way.destination == IpAddr::V4(*trace.destination.ip())
                && way.gateway_answers == Some(true)
        });
        trace.silent_neighbour.is_some() && trace.dropped_by.is_empty()
            || trace.is_given_up_by_the_kernel() && !answers
    }

    /// The gateway, or the destination itself, that does not answer on its link.
    pub(crate) fn silent_neighbour(&self, way: &EdgeRouteFacts) -> Option<Neighbour> {
        let followed = self.traces.iter().find_map(|(_, trace)| {
            let waited =
                self.is_given_up(trace) && IpAddr::V4(*trace.destination.ip()) == way.destination;
            trace.silent_neighbour.clone().filter(|_| waited)
        });
        followed.or_else(|| {
            let found = way.forward.way().filter(|_| way.gateway_answers == Some(false))?;
            Some(Neighbour { interface: found.interface.clone()?, address: found.gateway? })
        })
    }

    /// Everything that failed from the network.
    pub(crate) fn failures(&self) -> Vec<&'o Observation> {
        self.view.all().filter(|observation| observation.failed()).collect()
    }

    /// The tables' observation and that of the ways: what the kernel itself says.
    pub(crate) fn kernels_word(&self) -> Vec<&'o Observation> {
        let tables = self.tables.iter().map(|(observation, _)| *observation);
        self.ways.iter().map(|(observation, _)| *observation).chain(tables).collect()
    }
}
