//! The state of one port of the hub in comparison with its other ports, from one vantage.

use edgeprobe_facts::endpoint::Transport;
use edgeprobe_facts::{Step, Token};

use crate::catalogue::Text;
use crate::causes::shared::{
    cut_in_handshake, effect_of_loss, observations, peers, place, ports, those,
};
use crate::evidence::{Connection, View};
use crate::rule::{Finding, Proof, refuted};

pub(super) enum HubPort<'o> {
    /// By these connections.
    Open(Vec<Connection<'o>>),
    /// Edge Agent's proxy leads to it.
    Proxied,
    /// It does not open, and another does.
    ClosedAlone(Ports<'o>),
    /// It opens and each handshake is cut, and another's is not.
    CutInHandshake(Ports<'o>),
    /// It is cut where AMQP begins, and these connections speak AMQP or MQTT by WebSocket.
    CutAtAmqp(Ports<'o>, Vec<Connection<'o>>),
    /// It was not asked, or the other ports behave the same.
    Otherwise,
}

/// The connections to a port, and those to the hub's other ports.
pub(super) struct Ports<'o> {
    pub(super) on_port: Vec<Connection<'o>>,
    pub(super) elsewhere: Vec<Connection<'o>>,
}

impl<'o> HubPort<'o> {
    pub(super) fn from_view(view: &View<'o>, transport: Transport) -> Self {
        let all = Ports::from_view(view, transport);
        // A port that opens and is cut where AMQP begins does not work.
        let speaks = |c: &Connection<'_>| transport != Transport::Amqp || !cut_at_amqp(c);
        let open = those(&all.on_port, |c| c.established() && speaks(c));
        let is_its = |c: &Connection<'_>| {
            c.established() && c.facts.transport.default_port() == transport.default_port()
        };
        let let_in = those(&all.elsewhere, is_let_in);
        // IoT Hub itself ends connections of devices that it refuses like this, but then it refuses
        // them by WebSocket too.
        let is_cut_at_amqp = |c: &Connection<'_>| cut_at_amqp(c) && c.is_genuine();
        let others_are_good = all.elsewhere.iter().any(Connection::established);
        match all.on_port.is_empty() {
            _ if !open.is_empty() => Self::Open(open),
            true => Self::Otherwise,
            _ if view.proxied_hub_connections().iter().any(is_its) => Self::Proxied,
            _ if all.is_closed_alone() => Self::ClosedAlone(all),
            _ if all.on_port.iter().all(cut_in_handshake) && others_are_good => {
                Self::CutInHandshake(all)
            }
            _ if all.on_port.iter().all(is_cut_at_amqp) && !let_in.is_empty() => {
                Self::CutAtAmqp(all, let_in)
            }
            false => Self::Otherwise,
        }
    }
}

impl<'o> Ports<'o> {
    fn from_view(view: &View<'o>, transport: Transport) -> Self {
        let on_port = view.on_same_port(transport);
        let port = transport.default_port();
        let mut elsewhere =
            those(&view.hub(), |connection| connection.facts.transport.default_port() != port);
        elsewhere.extend(those(&view.proxied_hub_connections(), |connection| {
            connection.facts.transport.default_port() != port && connection.established()
        }));
        Self { on_port, elsewhere }
    }

    /// Whether no connection to the port opens, although one to another port does.
    fn is_closed_alone(&self) -> bool {
        !self.on_port.iter().any(Connection::connected)
            && self.elsewhere.iter().any(Connection::connected)
    }
}

/// Whether a connection was cut after TLS, before an answer in AMQP.
fn cut_at_amqp(connection: &Connection<'_>) -> bool {
    use Token::{ConnectionClosed, ConnectionReset, TimedOut};
    let cut = [ConnectionClosed, ConnectionReset, TimedOut];
    connection.observation.failed_step() == Some(Step::Amqp)
        && connection.token().is_some_and(|token| cut.contains(&token))
}

/// Whether IoT Hub itself speaks AMQP or MQTT with this device by WebSocket.
fn is_let_in(connection: &Connection<'_>) -> bool {
    let by_websocket = [Transport::AmqpWs, Transport::MqttWs];
    connection.is_direct()
        && by_websocket.contains(&connection.facts.transport)
        && connection.works()
        && connection.is_genuine()
}

/// The finding for a port of the hub that is closed while another of its ports is open.
pub(super) fn closed_alone(view: &View<'_>, transport: Transport) -> Vec<Finding> {
    let all = match HubPort::from_view(view, transport) {
        HubPort::Open(open) => {
            return refuted(Text::new("open").with("port", ports(&open)), observations(&open));
        }
        HubPort::ClosedAlone(all) => all,
        // A port that opens and is cut in the handshake is neither closed nor open.
        HubPort::CutInHandshake(_)
        | HubPort::CutAtAmqp(..)
        | HubPort::Proxied
        | HubPort::Otherwise => return Vec::new(),
    };
    let elsewhere = those(&all.elsewhere, Connection::connected);
    let by_proxy = view.way().via().filter(|_| !elsewhere.iter().any(Connection::is_direct));
    let text = match by_proxy {
        Some(via) => Text::new("proxy").with("proxy", via.url.to_string()),
        None => Text::new("closed"),
    };
    let text = text
        .with("port", ports(&all.on_port))
        .with("address", peers(&all.on_port))
        .with("other_port", ports(&elsewhere))
        .with("place", place(&view.vantage));
    Proof::confirmed(effect_of_loss(view), text, observations(&all.on_port))
        .supported_by(observations(&elsewhere))
        .alone()
}
