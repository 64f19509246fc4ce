//! What a connection to an endpoint brought to light.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::detour::Detour;
use super::trust::Trust;
use super::via::ViaFacts;
use crate::vocabulary::Role;

/// One connection to one address of a host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EndpointFacts {
    #[serde(rename = "network.protocol.name")]
    pub transport: Transport,
    pub role: Role,
    /// The host's name, as it was sent in SNI and in the Host header.
    #[serde(rename = "server.address")]
    pub server: String,
    #[serde(rename = "server.port")]
    pub port: u16,
    #[serde(rename = "network.peer.address")]
    pub peer: IpAddr,
    /// Another way of sending than programs here would use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detour: Option<Detour>,
    /// The proxy that this connection went by; the peer is then the proxy, which finds the way to
    /// the server itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<ViaFacts>,
    /// The device's own address on this connection.
    #[serde(rename = "network.local.address", default, skip_serializing_if = "Option::is_none")]
    pub local: Option<IpAddr>,
    /// Milliseconds of the TCP handshake: about one round trip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round_trip_ms: Option<f64>,
    /// Milliseconds of the same round trip by the kernel's own clock, which a busy device does not
    /// lengthen. Linux alone, and only where the handshake seemed to take 200 ms or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel_round_trip_ms: Option<f64>,
    /// All round trips that the kernel measured on this connection. Linux alone, and only where the
    /// whole took 200 ms or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round_trips: Option<RoundTrips>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsFacts>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpFacts>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amqp: Option<AmqpFacts>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mqtt: Option<MqttFacts>,
    /// The first bytes of an answer that was not the protocol's, cleaned and bounded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unexpected: Option<String>,
}

impl EndpointFacts {
    /// The facts before anything is known but the question.
    pub fn from_question(endpoint: &super::Endpoint, peer: IpAddr) -> Self {
        Self {
            transport: endpoint.transport,
            role: endpoint.role,
            server: endpoint.server.clone(),
            port: endpoint.port,
            peer,
            detour: endpoint.detour.clone(),
            proxy: endpoint.proxy.as_ref().map(ViaFacts::from_via),
            local: None,
            round_trip_ms: None,
            kernel_round_trip_ms: None,
            round_trips: None,
            tls: None,
            http: None,
            amqp: None,
            mqtt: None,
            unexpected: None,
        }
    }
}

/// How long round trips took on one connection, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RoundTrips {
    /// The shortest.
    pub least_ms: f64,
    /// The smoothed average (RFC 6298).
    pub usual_ms: f64,
    /// How far they are from it on average.
    pub deviation_ms: f64,
}

impl EndpointFacts {
    /// The address and port that were connected to: the host's, or its proxy's.
    pub fn socket(&self) -> SocketAddr {
        let port = self.proxy.as_ref().map_or(self.port, |proxy| proxy.url.port());
        SocketAddr::new(self.peer, port)
    }
}

/// A way to IoT Hub, by the names that the runtime's `UpstreamProtocol` uses in lower case.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// AMQP over TLS, port 5671: Edge Agent's first choice.
    Amqp,
    /// AMQP over WebSocket, port 443: Edge Agent's fallback.
    AmqpWs,
    /// MQTT over TLS, port 8883.
    Mqtt,
    /// MQTT over WebSocket, port 443.
    MqttWs,
    /// Plain HTTPS, port 443: provisioning, registries and the hub's own interface.
    Https,
    /// HTTP without TLS, port 80: nothing of IoT Hub's, and where a captive portal answers.
    Http,
}

impl Transport {
    /// The port that IoT Hub serves this transport on.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Amqp => 5671,
            Self::Mqtt => 8883,
            Self::AmqpWs | Self::MqttWs | Self::Https => 443,
            Self::Http => 80,
        }
    }

    /// The word in reports and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Amqp => "amqp",
            Self::AmqpWs => "amqp-ws",
            Self::Mqtt => "mqtt",
            Self::MqttWs => "mqtt-ws",
            Self::Https => "https",
            Self::Http => "http",
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// The TLS session, as far as it came.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TlsFacts {
    /// Whether the handshake was completed, with a good or a bad certificate.
    #[serde(rename = "tls.established")]
    pub established: bool,
    /// E.g. `TLSv1.2`.
    #[serde(rename = "tls.protocol.version", default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(rename = "tls.cipher", default, skip_serializing_if = "Option::is_none")]
    pub cipher: Option<String>,
    /// The certificates that the peer sent, its own first.
    pub chain: Vec<Certificate>,
    /// What each trust store says of the chain; absent when no chain came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<Trust>,
    /// Whether the peer asked for a client certificate in the handshake.
    pub client_certificate_requested: bool,
    /// Whether the peer asked to negotiate again after the handshake (a TLS 1.2 HelloRequest).
    pub renegotiation_requested: bool,
}

/// A certificate's subject, issuer and validity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Certificate {
    #[serde(rename = "tls.server.subject")]
    pub subject: String,
    #[serde(rename = "tls.server.issuer")]
    pub issuer: String,
    /// DNS names and addresses that it is for; at most 16.
    pub names: Vec<String>,
    /// Seconds since 1970 (UTC).
    #[serde(rename = "tls.server.not_before")]
    pub not_before: i64,
    /// Seconds since 1970 (UTC).
    #[serde(rename = "tls.server.not_after")]
    pub not_after: i64,
    /// The SHA-256 of its DER encoding, in hexadecimal.
    #[serde(rename = "tls.server.hash.sha256")]
    pub sha256: String,
}

/// The last HTTP answer on the connection.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HttpFacts {
    #[serde(rename = "http.response.status_code")]
    pub status: u16,
    /// The `Server` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The `Via` header, which proxies add.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// The `Location` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The `iothub-errorcode` header: only IoT Hub and Edge Hub send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iothub_errorcode: Option<String>,
    /// The subprotocol that an upgrade was answered with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subprotocol: Option<String>,
    /// The beginning of the body, cleaned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The `Date` header, in seconds since 1970 (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<i64>,
    /// The device's clock in the middle of the exchange, in seconds since 1970 (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_time: Option<f64>,
}

/// What the peer said in AMQP 1.0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AmqpFacts {
    /// The peer's protocol header, e.g. `AMQP 3.1.0.0`: protocol id and version.
    pub header: String,
    /// The SASL mechanisms that it offers.
    pub mechanisms: Vec<String>,
}

/// What the peer said in MQTT 3.1.1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MqttFacts {
    /// The return code of its CONNACK: 0 accepted, 4 and 5 refused for want of an identity.
    pub connack: u8,
    /// How many CONNECTs were lost that were sent together with the end of the TLS handshake, while
    /// those that were sent a little later were answered.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lost_at_once: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands in a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
