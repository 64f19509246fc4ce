//! Whether packets for the hub leave this device, and whether they come through, seen from one vantage.

use std::collections::BTreeSet;
use std::net::IpAddr;

use edgeprobe_facts::trace::Stage;
use edgeprobe_facts::{Observation, Role, Vantage};

use crate::causes::shared::those;
use crate::evidence::{Connection, Evidence, View, ends_here};

pub(super) enum Egress<'o> {
    /// The hub is reached from a container network, by these connections, and not from its host.
    OpenToANetwork(Vec<Connection<'o>>),
    /// By these connections.
    Open(Vec<Connection<'o>>),
    /// By these connections through Edge Agent's proxy: such a site is meant to close the direct way.
    OpenByProxy(Vec<Connection<'o>>),
    NotTried,
    /// The host reaches the same addresses, or nothing shows that the network's packets leave it.
    StoppedOnTheWayHere,
    /// The packets of these connections end on this host or its link.
    EndsHere(Vec<Connection<'o>>),
    /// The packets of `sent` leave this device.
    ClosedBeyond {
        stopped_here: Vec<Connection<'o>>,
        sent: Vec<Connection<'o>>,
        /// One that was followed, where the host was not asked to connect.
        left: Option<&'o Observation>,
    },
}

impl<'o> Egress<'o> {
    pub(super) fn from_view(evidence: &Evidence<'o>, view: &View<'o>) -> Self {
        let (host, alone) = (&evidence.host(), evidence.is_without_the_host());
        let connections = view.hub();
        let by_a_network = by_a_network(evidence, view);
        let open = those(&connections, Connection::connected);
        let by_proxy = those(&view.proxied_hub_connections(), Connection::established);
        let peers: BTreeSet<IpAddr> = connections.iter().map(|it| it.facts.peer).collect();
        let reaches_one = |own: Connection<'_>| own.connected() && peers.contains(&own.facts.peer);
        let left = left_unanswered(evidence, view);
        let is_seen_to_leave = !alone || left.is_some();
        match connections.is_empty() {
            _ if !by_a_network.is_empty() => Self::OpenToANetwork(by_a_network),
            _ if !open.is_empty() => Self::Open(open),
            _ if !by_proxy.is_empty() => Self::OpenByProxy(by_proxy),
            true => Self::NotTried,
            false if host.connections(Role::Hub).any(reaches_one) || !is_seen_to_leave => {
                Self::StoppedOnTheWayHere
            }
            false => match connections.iter().partition(|it| is_stopped_here(view, host, it)) {
                (stopped_here, sent) if Vec::is_empty(&sent) => Self::EndsHere(stopped_here),
                (stopped_here, sent) => Self::ClosedBeyond { stopped_here, sent, left },
            },
        }
    }
}

/// The connections of a container network to addresses and ports that the host does not reach.
fn by_a_network<'o>(evidence: &Evidence<'o>, view: &View<'o>) -> Vec<Connection<'o>> {
    let stopped = view.hub();
    let is_closed = |c: &Connection<'_>| !c.connected() && !is_stopped_here(view, view, c);
    if view.vantage != Vantage::Host || stopped.is_empty() || !stopped.iter().all(is_closed) {
        return Vec::new();
    }
    let is_same = |c: &Connection<'_>| {
        let same = |own: &Connection<'_>| own.facts.socket() == c.facts.socket();
        c.connected() && c.is_direct() && stopped.iter().any(same)
    };
    let edges = evidence.edges();
    let mut through = edges.iter().map(|edge| those(&edge.view.hub(), is_same));
    through.find(|connections| !connections.is_empty()).unwrap_or_default()
}

/// A packet from here that left this device and got no answer, where the host was not asked to connect.
fn left_unanswered<'o>(evidence: &Evidence<'o>, view: &View<'o>) -> Option<&'o Observation> {
    let edges = evidence.edges();
    let edge = edges.iter().find(|edge| edge.view.vantage == view.vantage)?;
    let (seen, _) = edge.alone.then(|| edge.vanished(&[Stage::NoReply]))??;
    Some(seen)
}

/// Whether the packets of a connection end on this host or its link, before any firewall beyond it.
fn is_stopped_here(view: &View<'_>, host: &View<'_>, connection: &Connection<'_>) -> bool {
    let own = view.vantage == Vantage::Host && connection.has_no_way();
    own || host.way_to(connection.facts.peer).is_some_and(|way| ends_here(&way))
}
