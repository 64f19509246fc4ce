//! Peers with which no TLS session comes about, or that want a certificate for it.

use edgeprobe_facts::endpoint::Transport;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::version::TLS12;

use crate::support::*;

const QUESTION: fn() -> Question = || Question::about(Transport::Amqp);

/// A peer that reads the ClientHello, writes `bytes` and holds the line.
async fn saying(mut socket: TcpStream, bytes: &[u8]) {
    let _ = socket.read(&mut [0; 2048]).await;
    let _ = socket.write_all(bytes).await;
    hold(socket).await;
}

#[tokio::test]
async fn a_closed_port_is_refused() {
    let port = TcpListener::bind((LOOPBACK, 0)).await.unwrap().local_addr().unwrap().port();
    let seen = QUESTION().ask_port(&World::new().trust, port).await;
    assert_eq!(failure(&seen), "connect connection_refused");
    assert_eq!(steps(&seen), "connect!");
}

#[tokio::test]
async fn plain_http_on_the_tls_port_is_shown() {
    let text = b"HTTP/1.1 400 Bad Request\r\n\r\n<html>";
    let world = World::new();
    let seen = QUESTION().ask(&world.trust, async |socket| saying(socket, text).await).await;
    assert_eq!(failure(&seen), "tls tls_unexpected_bytes");
    assert_eq!(facts(&seen).unexpected.as_deref(), Some("HTTP/1.1 400 Bad Request <html>"));
    assert!(!facts(&seen).tls.as_ref().unwrap().established);
}

#[tokio::test]
async fn a_stub_of_foreign_bytes_is_shown_too() {
    let world = World::new();
    let question = QUESTION().impatient();
    let seen = question.ask(&world.trust, async |socket| saying(socket, b"no").await).await;
    assert_eq!(failure(&seen), "tls tls_unexpected_bytes");
}

#[tokio::test]
async fn endless_bytes_end_in_time() {
    let world = World::new();
    let flood =
        async |mut socket: TcpStream| while socket.write_all(&[0x16; 4096]).await.is_ok() {};
    let seen = QUESTION().ask(&world.trust, flood).await;
    assert_eq!(failure(&seen), "tls tls_unexpected_bytes");
}

#[tokio::test]
async fn an_alert_is_named() {
    let world = World::new();
    let alert = b"\x15\x03\x03\x00\x02\x02\x46";
    let seen = QUESTION().ask(&world.trust, async |socket| saying(socket, alert).await).await;
    assert_eq!(failure(&seen), "tls tls_alert");
    assert!(seen.failure.unwrap().detail.contains("protocol_version"));
}

#[tokio::test]
async fn a_handshake_that_makes_no_sense_has_failed() {
    let world = World::new();
    let nonsense = b"\x16\x03\x03\x00\x04\x63\x00\x00\x00";
    let seen = QUESTION().ask(&world.trust, async |socket| saying(socket, nonsense).await).await;
    assert_eq!(failure(&seen), "tls tls_handshake_failed");
}

#[tokio::test]
async fn closing_resetting_and_silence_are_told_apart() {
    let world = World::new();
    let closing = async |mut socket: TcpStream| {
        let _ = socket.read(&mut [0; 2048]).await;
    };
    let seen = QUESTION().ask(&world.trust, closing).await;
    assert_eq!(failure(&seen), "tls connection_closed");

    // Closing with unread bytes makes the kernel reset the connection.
    let resetting = async |mut socket: TcpStream| {
        let _ = socket.read(&mut [0; 1]).await;
    };
    let seen = QUESTION().ask(&world.trust, resetting).await;
    assert_eq!(failure(&seen), "tls connection_reset");

    let seen = QUESTION().impatient().ask(&world.trust, hold).await;
    assert_eq!(failure(&seen), "tls timed_out");
    assert_eq!(steps(&seen), "connect tls!");
}

#[tokio::test]
async fn tls_1_2_is_spoken() {
    let world = World::new();
    let hub = tls(world.identity.server_of(&[&TLS12]), async |stream| {
        answer(stream, &[SASL_HEADER, HUB_MECHANISMS]).await;
    });
    let seen = QUESTION().ask(&world.trust, hub).await;
    assert_eq!(failure(&seen), "none");
    let tls = facts(&seen).tls.as_ref().unwrap();
    assert_eq!(tls.version.as_deref(), Some("TLSv1.2"));
    assert!(!tls.renegotiation_requested);
}

#[tokio::test]
async fn a_request_for_a_client_certificate_is_noted_and_declined() {
    let world = World::new();
    let config = world.identity.asking_server(&Authority::new("Devices"), false);
    let hub = tls(config, async |s| answer(s, &[SASL_HEADER, HUB_MECHANISMS]).await);
    let seen = QUESTION().ask(&world.trust, hub).await;
    assert_eq!(failure(&seen), "none");
    assert!(facts(&seen).tls.as_ref().unwrap().client_certificate_requested);
}

#[tokio::test]
async fn a_peer_that_insists_on_a_client_certificate_is_no_blocked_path() {
    let world = World::new();
    let config = world.identity.asking_server(&Authority::new("Devices"), true);
    let seen = QUESTION().ask(&world.trust, tls(config, async |_| ())).await;
    assert_eq!(failure(&seen), "amqp client_certificate_wanted");
    assert_eq!(steps(&seen), "connect tls amqp!");
}

#[tokio::test]
async fn what_is_no_host_name_is_said() {
    let world = World::new();
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let endpoint = edgeprobe_facts::endpoint::Endpoint {
        transport: Transport::Https,
        role: edgeprobe_facts::Role::Hub,
        server: "hub\r\nX: y".to_owned(),
        port: listener.local_addr().unwrap().port(),
        detour: None,
        proxy: None,
    };
    let timeline = edgeprobe_probes::Timeline::start(std::time::Duration::from_secs(20));
    let vantage = edgeprobe_facts::Vantage::Host;
    let seen =
        edgeprobe_probes::endpoint::probe(timeline, &vantage, &endpoint, LOOPBACK, &world.trust);
    let seen = seen.await;
    assert_eq!(failure(&seen), "tls tls_handshake_failed");
    assert_eq!(seen.failure.unwrap().detail, "`hub X: y` is no host name");
}
