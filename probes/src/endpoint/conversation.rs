//! One conversation with a peer: TCP, TLS, and what is said over them.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use edgeprobe_facts::endpoint::{Detour, Endpoint, EndpointFacts, TlsFacts, Transport};
use edgeprobe_facts::{Failure, Role, Step, Token, Tries};
use socket2::SockRef;

use super::carrier::Plain;
use super::stores::TrustStores;
use super::tls::{self, Carriage};
use super::{amqp, detour, https, mqtt, round_trip, via, websocket};
use crate::recorder::{Recorder, io_failure};
use crate::{clean, own};

/// From how many milliseconds on a handshake or a conversation seems long, so that the kernel is asked.
///
/// Asking may have the kernel load a module (`tcp_diag`), so a quick device is not asked. No packet
/// that is lost is sent again sooner (RFC 6298, and Linux's least time-out).
const SEEMS_LONG_MS: f64 = 200.0;

/// How a conversation is held.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Manner {
    /// Whether the connection ends by a reset, so that nothing of it is left at either end.
    pub(super) ends_at_once: bool,
    /// How long MQTT's CONNECT waits after the TLS handshake.
    pub(super) pause: Duration,
}

/// A conversation that has ended.
pub(super) struct Conversation {
    pub(super) recorder: Recorder,
    pub(super) facts: EndpointFacts,
    pub(super) result: Result<(), Failure>,
}

impl Conversation {
    /// Whether it ended because nothing came back.
    pub(super) fn is_silent(&self) -> bool {
        self.result.as_ref().is_err_and(|failure| failure.token == Token::TimedOut)
    }

    pub(super) fn failed_step(&self) -> Option<Step> {
        self.result.as_ref().err().map(|failure| failure.step)
    }
}

/// Holds a conversation, and counts the packets that were lost in it.
pub(super) async fn hold(
    mut recorder: Recorder,
    endpoint: &Endpoint,
    peer: IpAddr,
    trust: &TrustStores,
    manner: Manner,
) -> Conversation {
    let begun = Instant::now();
    let mut facts = EndpointFacts::from_question(endpoint, peer);
    let mut held = None;
    // Boxed, for a TLS session is large and many probes wait at once.
    let talking = connect_and_talk(&mut recorder, &mut facts, trust, manner, &mut held);
    let result = Box::pin(talking).await;
    let result = result.map_err(|failure| too_soon(&recorder, &facts, failure));

    let passed = recorder.passed();
    let mut tries = Tries { begun: 1, sent: passed, ..Tries::default() };
    let is_silent = result.as_ref().is_err_and(|failure| failure.token == Token::TimedOut);
    let is_long = begun.elapsed().as_secs_f64() * 1e3 >= SEEMS_LONG_MS;
    if let (Some(held), true) = (&held, is_long)
        && let Some(known) = held.by_the_kernel().await
    {
        facts.round_trips = known.round_trips;
        // What is sent again and again to a peer that is silent, the line may not have lost.
        if !is_silent {
            tries = Tries { sent: known.sent, lost: known.lost, ..tries };
        }
    }
    recorder.count(tries);
    Conversation { recorder, facts, result }
}

/// A silence that was shorter than a packet that is lost once, and its answer, take on so long a line.
fn too_soon(recorder: &Recorder, facts: &EndpointFacts, failure: Failure) -> Failure {
    let waited = recorder.duration_ms(failure.step).unwrap_or_default();
    let round_trip = facts.kernel_round_trip_ms.or(facts.round_trip_ms).unwrap_or_default();
    if failure.token != Token::TimedOut || waited >= 4.0 * round_trip {
        return failure;
    }
    Failure { cut_short: true, ..failure }
}

async fn connect_and_talk(
    recorder: &mut Recorder,
    facts: &mut EndpointFacts,
    trust: &TrustStores,
    manner: Manner,
    held: &mut Option<round_trip::Held>,
) -> Result<(), Failure> {
    let mut socket = connect(recorder, facts, trust, manner, held).await?;
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
    recorder.works();
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

    let spoken = talk(recorder, facts, session, manner.pause).await;
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
    manner: Manner,
    held: &mut Option<round_trip::Held>,
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
    *held = round_trip::Held::of(&socket);
    // What this device needed to get round to it is in that time as well, and it is never too short.
    if facts.round_trip_ms.is_some_and(|seemed| seemed >= SEEMS_LONG_MS) {
        let known = match &held {
            Some(held) => held.by_the_kernel().await,
            None => None,
        };
        facts.kernel_round_trip_ms =
            known.and_then(|known| known.round_trips).map(|trips| trips.least_ms);
    }
    // Questions are small and each waits for its answer. Failing to say so costs time alone.
    let _ = socket.set_nodelay(true);
    if manner.ends_at_once {
        let _ = SockRef::from(&socket).set_linger(Some(Duration::ZERO));
    }
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
    pause: Duration,
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
            let mut plain = Plain(session);
            let greeting = async {
                tokio::time::sleep(pause).await;
                mqtt::greet(&mut plain, facts).await
            };
            recorder.step(Step::Mqtt, limit, greeting).await
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
