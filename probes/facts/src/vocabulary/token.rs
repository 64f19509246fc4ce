//! The vocabulary of failures: which step, and how it failed.
//!
//! Scripts hold on to these words, so one that is published is never renamed.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A stage of a probe, in the order in which a connection passes them.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// A name becomes addresses.
    Resolve,
    /// The kernel chooses an interface and a source address.
    Route,
    /// The TCP handshake.
    Connect,
    /// The CONNECT request to an HTTP proxy.
    Proxy,
    /// The TLS handshake and the certificate's verification.
    Tls,
    /// An HTTP request and its answer.
    Http,
    /// The WebSocket upgrade.
    Upgrade,
    /// The AMQP protocol header and the SASL mechanisms.
    Amqp,
    /// MQTT's CONNECT and CONNACK.
    Mqtt,
    /// Binding a local port.
    Bind,
    /// Asking the container engine.
    Engine,
    /// Comparing the device's clock with a peer's.
    Compare,
    /// Reading a log.
    Read,
}

/// How a step failed.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Token {
    /// The resolver says that the name does not exist (NXDOMAIN).
    DnsNxdomain,
    /// The resolver says that it failed (SERVFAIL).
    DnsServfail,
    /// The resolver refuses to answer (REFUSED).
    DnsRefused,
    /// The resolver does not answer.
    DnsTimeout,
    /// The name exists and has no address (NOERROR without records).
    DnsNoAddress,
    /// The resolver answers with something that is not a DNS message, or another error code.
    DnsBadAnswer,
    /// No resolver is configured.
    DnsNoServers,
    /// The system's resolver gives no address and does not say why.
    DnsNoAnswer,

    /// The kernel has no route to the network (ENETUNREACH).
    NetworkUnreachable,
    /// A router or the kernel says that the host cannot be reached (EHOSTUNREACH).
    HostUnreachable,
    /// A rule or a filter prohibits the way (EACCES, EPERM).
    Prohibited,
    /// The kernel discards the packet by a blackhole route or rule (EINVAL).
    Blackholed,
    /// The local interface is down (ENETDOWN).
    NetworkDown,
    /// The address cannot be used from here (EADDRNOTAVAIL, EAFNOSUPPORT).
    AddressNotAvailable,

    /// The peer refuses the connection (ECONNREFUSED).
    ConnectionRefused,
    /// The peer or something between resets the connection (ECONNRESET, EPIPE).
    ConnectionReset,
    /// The peer or something between closes the connection before it has answered.
    ConnectionClosed,
    /// Nothing came back in time.
    TimedOut,
    /// An error of the operating system that has no token here.
    IoError,
    /// This process has used up what it may use: open files, memory, buffers, threads, or the size of
    /// an answer that it reads (EMFILE, ENFILE, ENOMEM, ENOBUFS). It says nothing of the network.
    OwnLimit,
    /// This process may not make the call to any peer (EPERM or EACCES by a sandbox or
    /// for want of privilege). It says nothing of the network.
    OwnPermission,
    /// This process did not run for a while (stopped, suspended, starved), so that an answer may have
    /// come meanwhile. It says nothing of the network.
    OwnPause,
    /// Nothing came back, and the packets that are lost on this line explain it: the silence says
    /// nothing of the peer.
    OwnLoss,

    /// The certificate's issuer is in no store that the device trusts.
    TlsUnknownIssuer,
    /// The certificate is another name's.
    TlsNameMismatch,
    /// The certificate is past its validity by the device's clock.
    TlsExpired,
    /// The certificate is before its validity by the device's clock.
    TlsNotYetValid,
    /// The certificate is bad in another way: its signature, purpose, encoding or revocation.
    TlsBadCertificate,
    /// The certificate chain was not verified, for that takes more work than a run does. It is neither
    /// good nor bad.
    TlsNotVerified,
    /// The peer answers the handshake with an alert.
    TlsAlert,
    /// The bytes that came back are not TLS.
    TlsUnexpectedBytes,
    /// The handshake failed in another way.
    TlsHandshakeFailed,

    /// The proxy wants credentials, or other ones (407).
    ProxyAuthenticationRequired,
    /// The proxy refuses by policy (403 and its like).
    ProxyForbidden,
    /// The proxy cannot reach the hub (502, 503, 504).
    ProxyBadGateway,
    /// The proxy's answer makes no sense.
    ProxyBadAnswer,

    /// The HTTP answer cannot be read.
    HttpBadAnswer,
    /// The HTTP answer is not from IoT Hub's front end.
    HttpNotIotHub,
    /// The HTTP answer is not a container registry's.
    HttpNotRegistry,
    /// The registry wants credentials, or other ones (401).
    HttpUnauthorized,
    /// The registry refuses (403).
    HttpForbidden,
    /// The registry does not know the image (404).
    HttpNotFound,
    /// The registry is there and does not serve now: too many requests (429), or its own fault (5xx).
    HttpUnavailable,
    /// The image is there, for other platforms than this device's.
    ImageOtherPlatform,
    /// The WebSocket upgrade was answered with another status than 101.
    UpgradeRefused,
    /// The upgrade succeeded without the subprotocol that was asked for.
    UpgradeWrongSubprotocol,
    /// A peer that completed the handshake wants a client certificate before it goes on: it asked
    /// to negotiate again, and ended or fell silent when that was not done (RFC 5746, IoT Hub on 443).
    ClientCertificateWanted,

    /// The peer answers with bytes that are not AMQP.
    AmqpUnexpectedBytes,
    /// The peer answers with HTTP text where AMQP was asked for.
    AmqpHttpAnswer,
    /// The peer speaks AMQP, but another version or layer of it.
    AmqpOtherProtocol,
    /// The peer speaks AMQP 1.0, but does not offer IoT Hub's own mechanism.
    AmqpNotIotHub,
    /// The peer answers with bytes that are not MQTT.
    MqttUnexpectedBytes,

    /// Another socket holds the port (EADDRINUSE).
    AddressInUse,
    /// Binding the port needs a privilege, or the port is reserved (EACCES).
    BindNotPermitted,

    /// The engine's socket is there and this user may not use it.
    EnginePermissionDenied,
    /// The engine's socket is there and nothing answers on it.
    EngineNotAnswering,

    /// The device's clock is behind its peers'.
    ClockBehind,
    /// The device's clock is ahead of its peers'.
    ClockAhead,
}

impl Token {
    /// Whether the token says something of this run alone, so that the question was not asked, or its
    /// answer not weighed.
    pub fn is_own(self) -> bool {
        matches!(
            self,
            Self::OwnLimit
                | Self::OwnPermission
                | Self::OwnPause
                | Self::OwnLoss
                | Self::TlsNotVerified
        )
    }
}

/// Writes the word that the report uses.
impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// Writes the word that the report uses.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_shown_as_it_is_serialised() {
        assert_eq!(Token::DnsNxdomain.to_string(), "dns_nxdomain");
        assert_eq!(Step::Upgrade.to_string(), "upgrade");
    }
}
