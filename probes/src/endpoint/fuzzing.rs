//! What arbitrary bytes become in the place of what a hub sends.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;
use std::time::Duration;

use edgeprobe_facts::endpoint::{Endpoint, EndpointFacts, Transport, Trust};
use edgeprobe_facts::{Failure, Role, Step};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, join, sink};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role as Side;

use super::carrier::{Frames, Plain};
use super::chain::Chain;
use super::stores::{Store, read_pem};
use super::tap::{Tap, Wire};
use super::{amqp, certificate, http, judge, mqtt, websocket};

fn facts() -> EndpointFacts {
    let endpoint = Endpoint {
        transport: Transport::Amqp,
        role: Role::Hub,
        server: "hub.azure-devices.net".to_owned(),
        port: 5671,
        detour: None,
        proxy: None,
    };
    EndpointFacts::from_question(&endpoint, IpAddr::V4(Ipv4Addr::LOCALHOST))
}

fn kept(facts: &EndpointFacts, result: Result<(), Failure>) -> Value {
    json!([facts, result.err()])
}

/// An answer of AMQP.
pub async fn amqp(bytes: &[u8]) -> Value {
    let mut facts = facts();
    let result = amqp::greet(&mut Plain(join(bytes, sink())), &mut facts).await;
    kept(&facts, result)
}

/// An answer of MQTT.
pub async fn mqtt(bytes: &[u8]) -> Value {
    let mut facts = facts();
    let result = mqtt::greet(&mut Plain(join(bytes, sink())), &mut facts).await;
    kept(&facts, result)
}

/// The frames of WebSocket after an upgrade, in which AMQP is spoken.
pub async fn frames(bytes: &[u8]) -> Value {
    let mut facts = facts();
    let (begun, rest) = bytes.split_at(bytes.len() / 2);
    let stream = join(rest, sink());
    let config = Some(websocket::config());
    let stream =
        WebSocketStream::from_partially_read(stream, begun.to_vec(), Side::Client, config).await;
    let result = amqp::greet(&mut Frames(stream), &mut facts).await;
    kept(&facts, result)
}

/// The answer to a request, and what is kept of its head and body.
pub async fn http(bytes: &[u8]) -> Value {
    let mut facts = facts();
    let mut stream = join(bytes, sink());
    let answer = http::exchange(&mut stream, Step::Http, "GET / HTTP/1.1\r\n\r\n", &mut facts);
    let result = answer.await.map(|answer| facts.http = Some(answer.facts));
    // The device's time is not the peer's.
    facts.http.iter_mut().for_each(|http| http.device_time = None);
    kept(&facts, result)
}

/// The records of TLS as the tap reads them, in pieces.
pub async fn records(bytes: &[u8]) -> Value {
    let wire = Wire::default();
    let mut tap = Tap::new(join(bytes, sink()), wire.clone());
    let mut buffer = [0; 7];
    while let Ok(1..) = tap.read(&mut buffer).await {}
    json!([wire.foreign().map(|it| it.len()), wire.renegotiation_requested()])
}

/// Certificates as a peer sends them: each after its length in two bytes. They are described, and held
/// against the public roots as long as a run has work for it.
pub fn certificates(mut bytes: &[u8]) -> Value {
    static PUBLIC: LazyLock<Store> = LazyLock::new(Store::bundled);
    let mut sent = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
        let (certificate, rest) = rest.split_at(length);
        sent.push(CertificateDer::from(certificate));
        bytes = rest;
    }
    let described: Vec<_> = sent.iter().map(certificate::describe).collect();
    let Some(chain) = Chain::from_certificates(&sent) else { return json!(described) };
    let now = UnixTime::since_unix_epoch(Duration::from_secs(1_750_000_000));
    let Ok(name) = ServerName::try_from("hub.azure-devices.net") else { return Value::Null };
    let mut left = 8;
    let judgement = judge::judge(&chain, &name, &PUBLIC, now, &mut |verify| {
        if left == 0 {
            return judge::Judgement::NONE.now;
        }
        left -= 1;
        verify()
    });
    let trust = Trust {
        device: judgement.now,
        ca_file: None,
        public: judgement.now,
        within_validity: judgement.within_validity,
    };
    json!([described, trust, chain.is_complete()])
}

/// A file of certificates in PEM, as `--ca-file` names one.
pub fn pem(bytes: &[u8]) -> Value {
    json!(read_pem("ca.pem".as_ref(), bytes).map_err(|error| error.to_string()).err())
}
