//! What each connection to the hub brings once its handshake is over.

use edgeprobe_facts::endpoint::Transport;
use edgeprobe_facts::{Step, Token};

use crate::causes::shared::those;
use crate::evidence::{Connection, Evidence, View, refuses_the_device};

/// What answers on one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Something other than IoT Hub.
    SomethingElse,
    /// The hub's own certificate comes, plain requests pass as far as any were made, and the WebSocket
    /// upgrade does not.
    UpgradeStopped,
    /// The hub, nothing, or what another stage judges.
    Other,
}

/// The connections on Edge Agent's way from one vantage, each with its answer.
pub(super) struct Answers<'o>(Vec<(Connection<'o>, Answer)>);

impl<'o> Answers<'o> {
    pub(super) fn from_view(evidence: &Evidence<'o>, view: &View<'o>) -> Self {
        let connections = view.on_the_way();
        let requests = view.on(Transport::Https);
        let requests_pass = requests.is_empty() || requests.iter().any(Connection::works);
        // An interceptor that passes nothing on answers by itself. What comes through one that passes
        // something on is an answer from behind it.
        let comes_through = connections.iter().any(|c| is_intercepted(c) && c.works());
        let is_from_the_peer = |c: &Connection<'_>| {
            comes_through || !is_intercepted(c) || c.token() == Some(Token::AmqpNotIotHub)
        };
        let answer = |c: &Connection<'o>| match c {
            _ if is_something_else(c) && is_from_the_peer(c) => Answer::SomethingElse,
            _ if requests_pass && has_the_right_peer(evidence, c) && stops_at_the_upgrade(c) => {
                Answer::UpgradeStopped
            }
            _ => Answer::Other,
        };
        Self(connections.iter().map(|connection| (*connection, answer(connection))).collect())
    }

    /// The connections with this answer.
    pub(super) fn with(&self, answer: Answer) -> Vec<Connection<'o>> {
        self.0.iter().filter(|(_, own)| *own == answer).map(|(connection, _)| *connection).collect()
    }

    /// The connections on the way, whatever their answer.
    pub(super) fn connections(&self) -> Vec<Connection<'o>> {
        self.0.iter().map(|(connection, _)| *connection).collect()
    }
}

/// The connections that ask for an upgrade to WebSocket.
pub(super) fn upgrades<'o>(
    view: &View<'o>,
    holds: impl Fn(&Connection<'o>) -> bool,
) -> Vec<Connection<'o>> {
    those(&view.on_the_way(), |c| is_an_upgrade(c) && holds(c))
}

fn is_an_upgrade(connection: &Connection<'_>) -> bool {
    matches!(connection.facts.transport, Transport::AmqpWs | Transport::MqttWs)
}

/// Whether the certificate is an interceptor's: made out to the hub, by an unknown issuer.
fn is_intercepted(connection: &Connection<'_>) -> bool {
    connection.is_foreign() && connection.is_made_out_to(&connection.facts.server)
}

/// Whether what answers is something other than IoT Hub.
fn is_something_else(connection: &Connection<'_>) -> bool {
    if connection.turned_away().is_some() {
        return false;
    }
    let unknown_and_for_another =
        connection.token() == Some(Token::TlsUnknownIssuer) && !speaks_of_the_hub(connection);
    unknown_and_for_another
        || matches!(
            connection.token(),
            Some(
                Token::TlsNameMismatch
                    | Token::TlsUnexpectedBytes
                    | Token::AmqpUnexpectedBytes
                    | Token::AmqpHttpAnswer
                    | Token::AmqpOtherProtocol
                    | Token::AmqpNotIotHub
                    | Token::MqttUnexpectedBytes
                    | Token::HttpNotIotHub
                    | Token::HttpBadAnswer
            )
        )
}

/// Whether a certificate that does not verify is made out to IoT Hub, or its own root is known
/// elsewhere: then the handshake says more than the answer.
fn speaks_of_the_hub(connection: &Connection<'_>) -> bool {
    let names_it = connection.tls().and_then(|tls| tls.chain.first()).is_some_and(|leaf| {
        leaf.names.iter().any(|name| {
            name.eq_ignore_ascii_case(&connection.facts.server)
                || name.to_ascii_lowercase().contains("azure-devices")
        })
    });
    names_it || connection.is_genuine()
}

/// Whether the certificate is the hub's, or the parent's, whose authority may be unknown here.
fn has_the_right_peer(evidence: &Evidence<'_>, connection: &Connection<'_>) -> bool {
    let target = evidence.target;
    connection.is_accepted() || (target.parent.is_some() && connection.is_made_out_to(&target.hub))
}

/// Whether a connection ends at the upgrade or inside the WebSocket.
///
/// IoT Hub itself asks for a client certificate, and refuses in its own words a device that it does
/// not let in.
fn stops_at_the_upgrade(connection: &Connection<'_>) -> bool {
    is_an_upgrade(connection)
        && connection.observation.failed_step() >= Some(Step::Upgrade)
        && connection.token() != Some(Token::ClientCertificateWanted)
        && connection.token() != Some(Token::AmqpNotIotHub)
        && !is_refused_by_the_hub(connection)
}

/// Whether the refusal bears IoT Hub's mark and says more than that a request is malformed. A request
/// is malformed when its upgrade is taken out on the way.
fn is_refused_by_the_hub(connection: &Connection<'_>) -> bool {
    connection
        .facts
        .http
        .as_ref()
        .is_some_and(|http| http.iothub_errorcode.is_some() && refuses_the_device(http.status))
}
