//! The state of the way by a proxy and of the direct way, from one vantage.

use edgeprobe_facts::endpoint::{Transport, Via};

use crate::catalogue::Text;
use crate::causes::shared::{cut_in_handshake, place, those};
use crate::evidence::{Answer, ByProxy, Connection, Evidence, View};

/// The state of the way to the hub by a proxy.
pub(super) enum ProxyState<'o> {
    NotTried,
    /// Handshakes go on in the tunnels of these connections.
    Opens(Vec<Connection<'o>>),
    /// The proxy's name has no address here.
    Nameless,
    /// The proxy opens these tunnels, and no handshake comes through.
    DeadTunnels(Vec<Connection<'o>>),
    /// The proxy cannot be reached or refuses, as this connection shows.
    Refuses(Connection<'o>),
}

/// The state of the direct way to the hub's port 443.
pub(super) enum DirectWay<'o> {
    NotTried,
    /// By these connections.
    Open(Vec<Connection<'o>>),
    /// No connection opens, or the hub's name has no address.
    Closed,
}

/// A proxy, and the connections to the hub by it from one vantage.
pub(super) struct ProxyReading<'e, 'o> {
    pub(super) view: &'e View<'o>,
    pub(super) via: &'e Via,
    pub(super) connections: Vec<Connection<'o>>,
    /// The answers for the proxy's name, where that has no address here.
    pub(super) nameless: Vec<Answer<'o>>,
    /// Whether the host was not asked, so that packets may be lost on this device.
    pub(super) alone: bool,
}

impl<'e, 'o> ProxyReading<'e, 'o> {
    /// The proxy on Edge Agent's way. `alone` says that the host was not asked to connect.
    pub(super) fn of_edge_agent(view: &'e View<'o>, alone: bool) -> Option<Self> {
        let via = view.way().via()?;
        let connections = view.proxied_hub_connections();
        let nameless = if connections.is_empty() { nameless(view, via) } else { Vec::new() };
        Some(Self { view, via, connections, nameless, alone })
    }

    /// A proxy that other parts of the runtime use.
    pub(super) fn of_other_parts(
        evidence: &Evidence<'o>,
        view: &'e View<'o>,
        by_proxy: &'e ByProxy<'o>,
    ) -> Self {
        Self {
            view,
            via: &by_proxy.via,
            connections: by_proxy.connections.clone(),
            nameless: by_proxy.nameless.clone(),
            alone: evidence.is_without_the_host(),
        }
    }

    pub(super) fn state(&self) -> ProxyState<'o> {
        let opened = those(&self.connections, Connection::connected);
        let handshakes_go_on = !opened.iter().all(cut_in_handshake);
        match self.connections.first() {
            _ if handshakes_go_on => ProxyState::Opens(opened),
            None if self.nameless.is_empty() => ProxyState::NotTried,
            None => ProxyState::Nameless,
            Some(_) if !opened.is_empty() => ProxyState::DeadTunnels(opened),
            Some(first) => ProxyState::Refuses(*first),
        }
    }

    /// A sentence about the proxy.
    pub(super) fn sentence(&self, variant: &'static str) -> Text {
        let text = Text::new(variant).with("proxy", self.via.url.to_string());
        text.with("place", place(&self.view.vantage))
    }
}

impl<'o> DirectWay<'o> {
    pub(super) fn from_view(view: &View<'o>) -> Self {
        let tried = those(&view.hub(), is_web);
        let open = those(&tried, Connection::connected);
        let has_no_address = view.name_was_asked() && view.hub_addresses().is_empty();
        match (open.is_empty(), tried.is_empty()) {
            (false, _) => Self::Open(open),
            (true, true) if !has_no_address => Self::NotTried,
            (true, _) => Self::Closed,
        }
    }
}

/// The answers of the resolvers here, if none has an address of the proxy.
fn nameless<'o>(view: &View<'o>, via: &Via) -> Vec<Answer<'o>> {
    let answers = view.proxy_answers(via);
    let all_failed = answers.iter().all(|answer| answer.observation.failed());
    if all_failed { answers } else { Vec::new() }
}

fn is_web(connection: &Connection<'_>) -> bool {
    connection.facts.transport.default_port() == Transport::Https.default_port()
}
