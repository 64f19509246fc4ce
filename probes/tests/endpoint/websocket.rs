//! AMQP and MQTT over WebSocket: the upgrade, and the same bytes inside frames.

use edgeprobe_facts::Observation;
use edgeprobe_facts::endpoint::Transport;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::support::*;

/// Answers the upgrade of a client with 101, `headers` and the proof, then writes `frames`.
async fn switch(mut stream: TlsStream<TcpStream>, headers: &str, frames: &[&[u8]]) {
    let mut request = vec![0; 4096];
    let length = stream.read(&mut request).await.unwrap();
    let request = String::from_utf8_lossy(&request[..length]).into_owned();
    assert!(request.starts_with("GET /$iothub/websocket?iothub-no-client-cert=true HTTP/1.1\r\n"));
    let key = request.split("Sec-WebSocket-Key: ").nth(1).unwrap().split('\r').next().unwrap();
    let proof = derive_accept_key(key.as_bytes());
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {proof}\r\nDate: Tue, 28 Nov 2017 18:46:19 GMT\r\n{headers}\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    for frame in frames {
        stream.write_all(frame).await.unwrap();
        stream.flush().await.unwrap();
    }
    hold(stream).await;
}

/// A WebSocket frame as a server sends it: unmasked, of fewer than 126 bytes.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    [&[first, length], payload].concat()
}

fn binary(payload: &[u8]) -> Vec<u8> {
    frame(0x82, payload)
}

async fn switched(transport: Transport, headers: &str, frames: &[&[u8]]) -> Observation {
    let behaviour = async |stream| switch(stream, headers, frames).await;
    World::new().ask(Question::about(transport), behaviour).await
}

const AMQP: &str = "Sec-WebSocket-Protocol: AMQPWSB10\r\n";

#[tokio::test]
async fn a_healthy_hub_passes_and_says_the_time() {
    let frames = [binary(SASL_HEADER), binary(HUB_MECHANISMS)];
    let seen = switched(Transport::AmqpWs, AMQP, &[&frames[0], &frames[1]]).await;
    assert_eq!(failure(&seen), "none");
    assert_eq!(steps(&seen), "connect tls upgrade amqp");
    let http = facts(&seen).http.as_ref().unwrap();
    assert_eq!((http.status, http.date), (101, Some(1_511_894_779)));
    assert_eq!(http.subprotocol.as_deref(), Some("AMQPWSB10"));
    assert!(http.device_time.is_some());
    assert!(seen.id.starts_with("host/websocket/amqp-ws/127.0.0.1:"), "{}", seen.id);
}

#[tokio::test]
async fn frames_of_websocket_and_of_amqp_need_not_align() {
    let bytes = [SASL_HEADER, HUB_MECHANISMS].concat();
    // With a ping, an empty frame and a fragmented message between them.
    let mut wire: Vec<u8> = bytes[..5].chunks(1).flat_map(binary).collect();
    wire.extend(frame(0x89, b"still there?"));
    wire.extend(binary(b""));
    wire.extend(frame(0x02, &bytes[5..20]));
    wire.extend(frame(0x80, &bytes[20..30]));
    wire.extend(binary(&bytes[30..]));
    // Each byte of the wire in a TLS record of its own.
    let parts: Vec<&[u8]> = wire.chunks(1).collect();
    let seen = switched(Transport::AmqpWs, AMQP, &parts).await;
    assert_eq!(failure(&seen), "none");
    assert_eq!(facts(&seen).amqp.as_ref().unwrap().mechanisms.len(), 4);
}

#[tokio::test]
async fn mqtt_rides_on_frames_too() {
    let headers = "Sec-WebSocket-Protocol: MQTT\r\n";
    let seen = switched(Transport::MqttWs, headers, &[&binary(b"\x20\x02\x00\x05")]).await;
    assert_eq!(failure(&seen), "none");
    assert_eq!(steps(&seen), "connect tls upgrade mqtt");
}

#[tokio::test]
async fn a_refusal_keeps_who_refused() {
    let refusal = b"HTTP/1.1 403 Forbidden\r\nServer: squid/6.1\r\nVia: 1.1 proxy.example\r\n\
        Transfer-Encoding: chunked\r\n\r\n13\r\n<b>\x1b]0;x\x07Denied by X</b>\r\n0\r\n\r\n";
    let world = World::new();
    let question = Question::about(Transport::AmqpWs);
    let seen = world.ask(question, async |stream| answer(stream, &[refusal]).await).await;
    assert_eq!(failure(&seen), "upgrade upgrade_refused");
    assert_eq!(seen.failure.as_ref().unwrap().detail, "answered 403 by squid/6.1");
    let http = facts(&seen).http.as_ref().unwrap();
    assert_eq!(http.status, 403);
    assert_eq!(http.via.as_deref(), Some("1.1 proxy.example"));
    assert!(http.body.as_ref().unwrap().contains("Denied"), "{:?}", http.body);
    assert!(!http.body.as_ref().unwrap().contains('\x1b'));
}

#[tokio::test]
async fn the_subprotocol_is_insisted_on() {
    for headers in ["", "Sec-WebSocket-Protocol: chat\r\n"] {
        let seen = switched(Transport::AmqpWs, headers, &[]).await;
        assert_eq!(failure(&seen), "upgrade upgrade_wrong_subprotocol");
        assert_eq!(facts(&seen).http.as_ref().unwrap().date, Some(1_511_894_779));
    }
}

#[tokio::test]
async fn an_upgrade_without_the_proof_is_none() {
    let echo = b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: x\r\n\r\n";
    let question = Question::about(Transport::AmqpWs);
    let seen = World::new().ask(question, async |stream| answer(stream, &[echo]).await).await;
    assert_eq!(failure(&seen), "upgrade http_bad_answer");
}

#[tokio::test]
async fn frames_that_are_none_are_unexpected_bytes() {
    // A reserved opcode; a frame longer than any that is read; text in place of AMQP.
    for bytes in [frame(0x8f, b"x"), vec![0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0], frame(0x81, b"hi")] {
        let seen = switched(Transport::AmqpWs, AMQP, &[&bytes]).await;
        assert_eq!(failure(&seen), "amqp amqp_unexpected_bytes", "{bytes:02x?}");
    }
}

#[tokio::test]
async fn closing_and_silence_are_told_apart_at_each_step() {
    let world = World::new();
    let question = Question::about(Transport::AmqpWs);
    let seen = world.ask(question, close).await;
    assert_eq!(failure(&seen), "upgrade connection_closed");
    let seen = world.ask(question.impatient(), hold).await;
    assert_eq!(failure(&seen), "upgrade timed_out");

    let seen = switched(Transport::AmqpWs, AMQP, &[&frame(0x88, b"")]).await;
    assert_eq!(failure(&seen), "amqp connection_closed");
    let silent = async |stream| switch(stream, AMQP, &[]).await;
    let seen = world.ask(question.impatient(), silent).await;
    assert_eq!(failure(&seen), "amqp timed_out");
    assert_eq!(steps(&seen), "connect tls upgrade amqp!");
}
