//! How far does a connection to IoT Hub get: TCP, TLS, HTTP, AMQP, MQTT?

mod amqp;
mod carrier;
mod certificate;
mod chain;
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
mod verifier;
mod via;
mod websocket;
mod witness;

use std::net::IpAddr;

use edgeprobe_facts::endpoint::{Detour, Endpoint, EndpointFacts, TlsFacts, Transport};

pub use stores::{Roots, TrustStoreError, TrustStores};

pub(crate) use http::failure as http_failure;
pub(crate) use session::{Stream, secure, unsecured};
pub(crate) use tls::Carriage;
pub(crate) use via::through;

use edgeprobe_facts::{Facts, Failure, Observation, Role, Step, Token, Vantage};

use self::carrier::Plain;
use crate::recorder::{Recorder, Timeline, io_failure};
use crate::{clean, own};

/// From how many milliseconds on a handshake seems long, so that the kernel is asked.
///
/// Asking may have the kernel load a module (`tcp_diag`), so a quick device is not asked.
const SEEMS_LONG_MS: f64 = 200.0;

/// Connects to one address of an endpoint, or of the proxy that leads there, and goes as far as it gets without an identity.
///
/// A certificate that this device does not accept fails the observation at the TLS step, and the
/// conversation goes on all the same, for what is said next tells who answered. No secret is
/// sent. Every step ends with the timeline's patience or its deadline, whichever is sooner.
pub async fn probe(
    timeline: Timeline,
    vantage: &Vantage,
    endpoint: &Endpoint,
    peer: IpAddr,
    trust: &TrustStores,
) -> Observation {
    let mut recorder = Recorder::start(timeline);
    let mut facts = EndpointFacts::of(endpoint, peer);
    // Boxed, for a TLS session is large and many probes wait at once.
    let result = Box::pin(connect_and_talk(&mut recorder, &mut facts, trust)).await;

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

async fn connect_and_talk(
    recorder: &mut Recorder,
    facts: &mut EndpointFacts,
    trust: &TrustStores,
) -> Result<(), Failure> {
    let mut socket = connect(recorder, facts, trust).await?;
    if facts.transport == Transport::Http {
        let limit = recorder.timeline().patience();
        return recorder.step(Step::Http, limit, https::ask(&mut socket, facts)).await;
    }

    let mut handshake = tls::Handshake::new(&facts.server);
    if facts.detour == Some(Detour::Tls12) {
        handshake = handshake.without_tls_1_3();
    }
    let timeline = recorder.timeline();
    let performing = handshake.perform(socket, alpn(facts.transport));
    let performed = recorder.step(Step::Tls, timeline.patience(), performing).await;
    let tls = handshake.facts(trust, timeline.remaining()).await;
    let wire = handshake.wire();
    let session = match performed {
        Ok(session) => session,
        Err(failure) => {
            facts.tls = Some(tls);
            facts.unexpected = wire.foreign().map(|bytes| clean::bytes(&bytes, tls::EXCERPT));
            return Err(tls::in_light_of(failure, wire));
        }
    };
    let accepted = tls::mistrust(&tls, &facts.server);
    let accepted = accepted.or_else(|failure| tolerated(facts.role, failure));
    recorder.conclude(Step::Tls, &accepted);

    let spoken = talk(recorder, facts, session).await;
    let renegotiation_requested = wire.renegotiation_requested();
    facts.tls = Some(TlsFacts { renegotiation_requested, ..tls });
    let spoken = spoken.map_err(|failure| tls::in_light_of(failure, wire));
    match accepted {
        // What fails under a certificate that was not verified fails all the same.
        Err(unverified) if unverified.token.is_own() => spoken.and(Err(unverified)),
        // Whatever was said under one that is not accepted, the certificate comes first.
        accepted => accepted.and(spoken),
    }
}

/// A parent's Edge Hub has its certificate from an authority of the parent's own, which its children's
/// modules know by their trust bundle and this device's store need not know.
fn tolerated(role: Role, failure: Failure) -> Result<(), Failure> {
    let is_private = role == Role::Parent && failure.token == Token::TlsUnknownIssuer;
    if is_private { Ok(()) } else { Err(failure) }
}

/// The way to the host: a socket, or a tunnel through the proxy at the other end of one.
async fn connect(
    recorder: &mut Recorder,
    facts: &mut EndpointFacts,
    trust: &TrustStores,
) -> Result<Carriage, Failure> {
    let peer = facts.socket();
    let limit = recorder.timeline().patience();
    let connecting = async {
        let socket = detour::socket(peer, facts.detour.as_ref())?;
        socket.connect(peer).await.map_err(|error| own::of_connecting(error, peer))
    };
    let connecting = async { connecting.await.map_err(|error| io_failure(Step::Connect, &error)) };
    let socket = recorder.step(Step::Connect, limit, connecting).await?;
    facts.local = socket.local_addr().map(|local| local.ip()).ok();
    facts.round_trip_ms = recorder.duration_ms(Step::Connect);
    // What this device needed to get round to it is in that time as well, and it is never too short.
    if facts.round_trip_ms.is_some_and(|seemed| seemed >= SEEMS_LONG_MS) {
        facts.kernel_round_trip_ms = round_trip::by_the_kernel(&socket).await;
    }
    // Questions are small and each waits for its answer. Failing to say so costs time alone.
    let _ = socket.set_nodelay(true);
    match &mut facts.proxy {
        None => Ok(Box::new(socket)),
        Some(proxy) => {
            let host = (facts.server.as_str(), facts.port);
            recorder.step(Step::Proxy, limit, via::through(socket, proxy, host, trust, limit)).await
        }
    }
}

/// Speaks the transport's protocols over the TLS session.
async fn talk(
    recorder: &mut Recorder,
    facts: &mut EndpointFacts,
    mut session: tls::Stream,
) -> Result<(), Failure> {
    let limit = recorder.timeline().patience();
    match facts.transport {
        Transport::Https | Transport::Http => {
            recorder.step(Step::Http, limit, https::ask(&mut session, facts)).await
        }
        Transport::Amqp => {
            recorder.step(Step::Amqp, limit, amqp::greet(&mut Plain(session), facts)).await
        }
        Transport::Mqtt => {
            recorder.step(Step::Mqtt, limit, mqtt::greet(&mut Plain(session), facts)).await
        }
        Transport::AmqpWs => {
            let upgrade = websocket::upgrade(session, websocket::AMQP, facts);
            let mut frames = recorder.step(Step::Upgrade, limit, upgrade).await?;
            recorder.step(Step::Amqp, limit, amqp::greet(&mut frames, facts)).await
        }
        Transport::MqttWs => {
            let upgrade = websocket::upgrade(session, websocket::MQTT, facts);
            let mut frames = recorder.step(Step::Upgrade, limit, upgrade).await?;
            recorder.step(Step::Mqtt, limit, mqtt::greet(&mut frames, facts)).await
        }
    }
}

/// The protocols to offer in the handshake. HTTP/2 would change what port 443 answers, so only
/// HTTP/1.1 is offered there; the runtime offers nothing on the other ports.
fn alpn(transport: Transport) -> &'static [&'static [u8]] {
    match transport {
        Transport::Amqp | Transport::Mqtt => &[],
        Transport::AmqpWs | Transport::MqttWs | Transport::Https | Transport::Http => {
            &[b"http/1.1"]
        }
    }
}
