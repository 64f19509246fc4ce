//! The connections and their results, from one vantage.

use std::collections::BTreeSet;
use std::net::IpAddr;

use edgeprobe_facts::endpoint::{EndpointFacts, TlsFacts, Transport, Trust, TrustResult};
use edgeprobe_facts::{Observation, Role, Step, Token};

use super::View;

/// What answers HTTP for IoT Hub, as it calls itself.
const FRONT_END: &str = "Microsoft-HTTPAPI";

/// One connection and its facts.
#[derive(Clone, Copy)]
pub(crate) struct Connection<'o> {
    pub(crate) observation: &'o Observation,
    pub(crate) facts: &'o EndpointFacts,
}

/// How a connection that did not open failed, as far as Edge Agent's waiting is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Nothing came back: Edge Agent waits for its whole timeout.
    Silent,
    /// Something said no: Edge Agent goes on at once.
    Refused,
}

impl<'o> Connection<'o> {
    pub(crate) fn token(&self) -> Option<Token> {
        self.observation.token()
    }

    pub(crate) fn tls(&self) -> Option<&'o TlsFacts> {
        self.facts.tls.as_ref()
    }

    pub(crate) fn trust(&self) -> Option<&'o Trust> {
        self.tls()?.trust.as_ref()
    }

    /// Whether there was a connection to the host: TCP was established, or, where a proxy leads
    /// there, its tunnel was open.
    pub(crate) fn connected(&self) -> bool {
        !self.observation.failed() || self.observation.failed_step() > Some(Step::Proxy)
    }

    /// Whether the TLS handshake was completed, whatever was thought of the certificate.
    pub(crate) fn established(&self) -> bool {
        self.tls().is_some_and(|tls| tls.established)
    }

    /// Whether the transport works: it passed, or a verified IoT Hub asked for the client
    /// certificate that this probe does not have.
    pub(crate) fn works(&self) -> bool {
        !self.observation.failed()
            || (self.token() == Some(Token::ClientCertificateWanted)
                && self.trust().is_some_and(Trust::accepted))
    }

    /// Whether IoT Hub itself is at the other end: its certificate verifies against some store, at
    /// least but for the time, or it names the mechanism that only IoT Hub has.
    pub(crate) fn is_genuine(&self) -> bool {
        let names_itself = self.facts.amqp.as_ref().is_some_and(|amqp| {
            amqp.mechanisms.iter().any(|mechanism| mechanism.eq_ignore_ascii_case("MSSBCBS"))
        });
        let is_another_site = matches!(
            self.token(),
            Some(
                Token::TlsNameMismatch
                    | Token::AmqpNotIotHub
                    | Token::AmqpOtherProtocol
                    | Token::AmqpHttpAnswer
                    | Token::AmqpUnexpectedBytes
                    | Token::HttpNotIotHub
            )
        ) && self.turned_away().is_none();
        // Under an interceptor's certificate only IoT Hub's own words show that it is behind it.
        let is_its_own = !self.is_foreign() || self.speaks_as_the_hub();
        names_itself || (self.verifies() && !is_another_site && is_its_own)
    }

    /// Whether IoT Hub's own words come through.
    pub(crate) fn speaks_as_the_hub(&self) -> bool {
        let amqp = self.facts.amqp.as_ref();
        let http = self.facts.http.as_ref();
        amqp.is_some_and(|amqp| amqp.mechanisms.iter().any(|mechanism| mechanism == "MSSBCBS"))
            || http.is_some_and(|http| http.iothub_errorcode.is_some())
    }

    /// Whether the certificate verifies against some store, at least but for the time.
    fn verifies(&self) -> bool {
        self.trust()
            .is_some_and(|trust| trust.within_validity == TrustResult::Trusted || trust.accepted())
    }

    /// The HTTP status with which IoT Hub itself refuses the device, under IoT Hub's own
    /// certificate: a refusal with IoT Hub's header, or 429 or a 5xx, which its front end sends
    /// without the header.
    pub(crate) fn turned_away(&self) -> Option<u16> {
        let http = self.facts.http.as_ref()?;
        let status = http.status;
        let marked = http.iothub_errorcode.is_some();
        let is_a_refusal = is_busy(status) || (marked && refuses_the_device(status));
        // A root that the user named may be an interceptor's, which IoT Hub's front end is not.
        let by_public = self.trust()?.public != TrustResult::UnknownIssuer;
        let by_front_end = http.server.as_ref().is_some_and(|it| it.starts_with(FRONT_END));
        let is_its_own = (by_public || by_front_end || marked)
            && self.verifies()
            && !self.is_foreign()
            && self.is_made_out_to(&self.facts.server);
        (self.observation.failed() && is_a_refusal && is_its_own).then_some(status)
    }

    /// Whether the kernel itself has no way, so that nothing was sent.
    pub(crate) fn has_no_way(&self) -> bool {
        matches!(
            self.token(),
            Some(Token::NetworkUnreachable | Token::AddressNotAvailable | Token::NetworkDown)
        )
    }

    /// How the connection failed to open; `None` if TCP was established.
    pub(crate) fn manner(&self) -> Option<Manner> {
        if self.connected() {
            return None;
        }
        Some(if self.token() == Some(Token::TimedOut) { Manner::Silent } else { Manner::Refused })
    }
}

/// Whether a server says by this HTTP status that it cannot serve now (RFC 9110, RFC 6585).
fn is_busy(status: u16) -> bool {
    status == 429 || (500..600).contains(&status)
}

/// Whether a server says by this HTTP status that it understands and does not serve this client.
pub(crate) fn refuses_the_device(status: u16) -> bool {
    matches!(status, 401 | 403) || is_busy(status)
}

impl<'o> View<'o> {
    /// Every connection to hosts of this role themselves; not those by a proxy.
    pub(crate) fn connections(&self, role: Role) -> impl Iterator<Item = Connection<'o>> + '_ {
        let all = self.seen.connections.iter().copied();
        all.filter(move |connection| connection.facts.role == role && connection.is_direct())
    }

    /// The connections to the hub at the addresses that programs would use.
    pub(crate) fn hub(&self) -> Vec<Connection<'o>> {
        let hub = || {
            let addresses: BTreeSet<IpAddr> = self.hub_addresses().into_iter().collect();
            self.connections(Role::Hub)
                .filter(|it| addresses.is_empty() || addresses.contains(&it.facts.peer))
                .collect()
        };
        self.seen.hub.get_or_init(hub).clone()
    }

    /// The connections to the hub on one transport, on the way that programs would take.
    pub(crate) fn on(&self, transport: Transport) -> Vec<Connection<'o>> {
        let mut connections = self.on_the_way();
        connections.retain(|connection| connection.facts.transport == transport);
        connections
    }

    /// Whether the transport works at any address; `None` if it was not tested.
    pub(crate) fn works(&self, transport: Transport) -> Option<bool> {
        let connections = self.on(transport);
        let tested = !connections.is_empty() || self.lacks_its_proxy(transport);
        tested.then(|| connections.iter().any(Connection::works))
    }

    /// The direct connections to the hub on any transport of this port's kind: what a firewall rule for
    /// the port meets.
    pub(crate) fn on_same_port(&self, transport: Transport) -> Vec<Connection<'o>> {
        let mut connections = self.hub();
        connections.retain(|connection| {
            connection.facts.transport.default_port() == transport.default_port()
        });
        connections
    }
}
