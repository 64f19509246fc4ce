//! The peer of each connection, by its handshake and its certificate.

use std::cell::LazyCell;

use edgeprobe_facts::endpoint::TrustResult;

use crate::causes::shared::{controls, cut_in_handshake, those};
use crate::evidence::{Connection, Evidence, View};

/// What one connection on Edge Agent's way shows of its peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Peer {
    /// A portal answers in place of every site.
    Portal,
    /// The peer's certificate is made out to the hub, or IoT Hub speaks behind it, and the chain leads
    /// to no public root.
    Interceptor,
    /// It is IoT Hub's chain, and the device lacks the root.
    RootUnknownToTheDevice,
    /// The handshake ends before a certificate comes, and no other connection to the same address and
    /// port completes its handshake.
    CutHandshake,
    /// No conclusion.
    Other,
}

/// The connections on Edge Agent's way from one vantage, each with its peer.
pub(super) struct Peers<'o>(Vec<(Connection<'o>, Peer)>);

impl<'o> Peers<'o> {
    pub(super) fn from_view(evidence: &Evidence<'o>, view: &View<'o>) -> Self {
        let hub = &evidence.target.hub;
        let connections = view.on_the_way();
        let established = those(&connections, Connection::established);
        let reaches_the_hub = connections.iter().any(Connection::is_genuine);
        // A network is behind the same site as its host, which takes the controls.
        let reaches_the_control = LazyCell::new(|| {
            evidence.views().iter().any(|view| controls(view).iter().any(is_verified))
        });
        // Where a control is reached, a page comes from another site. A certificate that is made
        // out to the hub is an interceptor's. Only a portal redirects to a login.
        let is_a_portal = |c: &Connection<'o>| {
            !reaches_the_hub
                && answers_as_a_portal(c, hub)
                && !is_verified(c)
                && !(shows_a_page(c) && (*reaches_the_control || c.is_made_out_to(hub)))
        };
        let goes_on = |c: &Connection<'o>| {
            established.iter().any(|other| other.facts.socket() == c.facts.socket())
        };
        let peer = |c: &Connection<'o>| match c {
            _ if is_a_portal(c) => Peer::Portal,
            _ if is_intercepted(c, hub) => Peer::Interceptor,
            _ if lacks_the_root(c) => Peer::RootUnknownToTheDevice,
            // The proxy decides what becomes of its tunnel.
            _ if c.is_direct() && cut_in_handshake(c) && !goes_on(c) => Peer::CutHandshake,
            _ => Peer::Other,
        };
        Self(connections.iter().map(|connection| (*connection, peer(connection))).collect())
    }

    /// The connections with this peer.
    pub(super) fn with(&self, peer: Peer) -> Vec<Connection<'o>> {
        self.0.iter().filter(|(_, own)| *own == peer).map(|(connection, _)| *connection).collect()
    }

    /// The connections for which something holds, whatever their peer.
    pub(super) fn those(&self, holds: impl Fn(&Connection<'o>) -> bool) -> Vec<Connection<'o>> {
        self.0.iter().map(|(connection, _)| *connection).filter(holds).collect()
    }
}

/// Whether an HTTP answer is a portal's: it asks for a login (RFC 6585), sends the client to
/// another host, or shows a page.
pub(super) fn answers_as_a_portal(connection: &Connection<'_>, hub: &str) -> bool {
    let plain_http = connection.facts.unexpected.as_deref().is_some_and(|text| {
        text.starts_with("HTTP/1.") && (text.contains(" 302 ") || text.contains(" 511 "))
    });
    let Some(http) = &connection.facts.http else { return plain_http };
    let sends_away = (300..400).contains(&http.status)
        && http.location.as_deref().is_some_and(|location| !location.contains(hub));
    http.status == 511 || sends_away || shows_a_page(connection)
}

fn shows_a_page(connection: &Connection<'_>) -> bool {
    connection.facts.http.as_ref().is_some_and(|http| {
        http.status == 200
            && http.body.as_deref().is_some_and(|body| body.to_ascii_lowercase().contains("<html"))
    })
}

/// Whether the certificate verifies for the name that was asked for, which no certificate of a portal
/// does.
fn is_verified(connection: &Connection<'_>) -> bool {
    connection.trust().is_some_and(|trust| trust.within_validity == TrustResult::Trusted)
}

/// Whether something between this device and the hub presents a certificate in place of IoT Hub's.
pub(super) fn is_intercepted(connection: &Connection<'_>, hub: &str) -> bool {
    connection.is_foreign() && (connection.is_made_out_to(hub) || connection.speaks_as_the_hub())
}

/// Whether the public roots verify what the device's own store does not.
fn lacks_the_root(connection: &Connection<'_>) -> bool {
    connection.trust().is_some_and(|trust| {
        // A clock that is off keeps the public roots from verifying at this moment, and no more.
        let by_public = matches!(
            trust.public,
            TrustResult::Trusted | TrustResult::Expired | TrustResult::NotYetValid
        );
        trust.device == TrustResult::UnknownIssuer
            && trust.within_validity == TrustResult::Trusted
            && by_public
    })
}
