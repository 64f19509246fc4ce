//! How far does a connection to IoT Hub get: TCP, TLS, HTTP, AMQP, MQTT?

mod amqp;
mod carrier;
mod certificate;
mod chain;
mod conversation;
mod cpu_time;
mod detour;
mod device_store;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod http;
mod https;
mod judge;
mod mqtt;
mod round_trip;
mod session;
mod stores;
mod tap;
mod tls;
mod tries;
mod verifier;
mod via;
mod websocket;
mod witness;

use std::net::IpAddr;

use edgeprobe_facts::endpoint::{Endpoint, Transport};

pub use stores::{Roots, TrustStoreError, TrustStores};

pub(crate) use http::failure as http_failure;
pub(crate) use session::{Stream, secure, unsecured};
pub(crate) use tls::Carriage;
pub(crate) use via::through;

use edgeprobe_facts::{Facts, Observation, Role, Vantage};

use self::conversation::Conversation;
use crate::clean;
use crate::recorder::{Recorder, Timeline};

/// Connects to one address of an endpoint, or of the proxy that leads there, and goes as far as it gets without an identity.
///
/// A certificate that this device does not accept fails the observation at the TLS step, and the
/// conversation goes on all the same, for what is said next tells who answered. No secret is
/// sent. Every step ends with the timeline's patience or its deadline, whichever is sooner. A
/// conversation that comes to a standstill is begun again beside it.
pub async fn probe(
    timeline: Timeline,
    vantage: &Vantage,
    endpoint: &Endpoint,
    peer: IpAddr,
    trust: &TrustStores,
) -> Observation {
    let recorder = Recorder::start(timeline);
    // The next user of a borrowed address must not meet what the hub still sends to this one.
    let ends_at_once = *vantage != Vantage::Host;
    // Boxed, for a TLS session is large and many probes wait at once.
    let trying = tries::until_answered(&recorder, endpoint, peer, trust, ends_at_once);
    let tried = Box::pin(trying).await;
    let Conversation { recorder, facts, result } = tried;

    let peer = facts.socket();
    let server = clean::line(&endpoint.server, 100);
    let transport = endpoint.transport;
    let subject = match endpoint.role {
        Role::Hub | Role::Detour => format!("{transport}/{peer}"),
        Role::Control | Role::Registry | Role::Provisioning | Role::Parent | Role::Proxy => {
            format!("{transport}/{server}/{peer}")
        }
    };
    let detour = endpoint.detour.as_ref().map(ToString::to_string);
    let subject = detour.iter().fold(subject, |subject, detour| format!("{subject}/{detour}"));
    let via = endpoint.proxy.as_ref();
    let subject = via.iter().fold(subject, |subject, via| format!("{subject}/{via}"));
    let target = match via {
        None => format!("{transport} to {server} at {peer}"),
        Some(via) => format!("{transport} to {server} by the proxy {} at {}", via.url, peer.ip()),
    };
    let target = detour.iter().fold(target, |target, detour| format!("{target}, {detour}"));
    let facts = match transport {
        Transport::Amqp | Transport::Mqtt => Facts::Tls(facts),
        Transport::AmqpWs | Transport::MqttWs => Facts::Websocket(facts),
        Transport::Https | Transport::Http => Facts::Https(facts),
    };
    recorder.finish(vantage, &subject, target, result, facts)
}
