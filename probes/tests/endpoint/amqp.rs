//! AMQP over TLS: what a hub answers, and what others answer in its place.

use edgeprobe_facts::Outcome;
use edgeprobe_facts::endpoint::Transport;

use crate::support::*;

async fn answered(parts: &[&[u8]]) -> edgeprobe_facts::Observation {
    let question = Question::about(Transport::Amqp);
    World::new().ask(question, async |stream| answer(stream, parts).await).await
}

#[tokio::test]
async fn a_healthy_hub_passes_with_its_evidence() {
    let seen = answered(&[SASL_HEADER, HUB_MECHANISMS]).await;
    assert_eq!((seen.outcome, failure(&seen)), (Outcome::Pass, "none".to_owned()));
    assert_eq!(steps(&seen), "connect tls amqp");
    let facts = facts(&seen);
    let amqp = facts.amqp.as_ref().unwrap();
    assert_eq!(amqp.header, "AMQP 3.1.0.0");
    assert_eq!(amqp.mechanisms, ["EXTERNAL", "MSSBCBS", "ANONYMOUS", "PLAIN"]);
    let tls = facts.tls.as_ref().unwrap();
    assert_eq!(tls.version.as_deref(), Some("TLSv1.3"));
    assert!(tls.cipher.as_ref().unwrap().starts_with("TLS_"), "{:?}", tls.cipher);
    assert!(tls.established && !tls.renegotiation_requested && !tls.client_certificate_requested);
    assert_eq!(facts.local, Some(LOOPBACK));
    assert!(facts.round_trip_ms.is_some());
    assert_eq!(seen.id, format!("host/tls/amqp/127.0.0.1:{}", facts.port));
}

#[tokio::test]
async fn an_answer_in_single_bytes_is_the_same_answer() {
    let whole = [SASL_HEADER, HUB_MECHANISMS].concat();
    let seen = answered(&whole.chunks(1).collect::<Vec<_>>()).await;
    assert_eq!(seen.outcome, Outcome::Pass);
}

#[tokio::test]
async fn another_amqp_peer_is_no_hub() {
    let plain = b"\x00\x00\x00\x15\x02\x01\x00\x00\x00\x53\x40\xc0\x08\x01\xa3\x05PLAIN";
    let seen = answered(&[SASL_HEADER, plain]).await;
    assert_eq!(failure(&seen), "amqp amqp_not_iot_hub");
    assert_eq!(facts(&seen).amqp.as_ref().unwrap().mechanisms, ["PLAIN"]);
}

#[tokio::test]
async fn another_protocol_of_the_family_is_named() {
    let seen = answered(&[b"AMQP\x00\x00\x09\x01"]).await;
    assert_eq!(failure(&seen), "amqp amqp_other_protocol");
    assert_eq!(facts(&seen).amqp.as_ref().unwrap().header, "AMQP 0.0.9.1");
}

#[tokio::test]
async fn http_on_the_amqp_port_is_shown() {
    let seen = answered(&[b"HTTP/1.1 400 Bad Request\r\nServer: \x1b[2Jsquid\r\n\r\n"]).await;
    assert_eq!(failure(&seen), "amqp amqp_http_answer");
    let shown = facts(&seen).unexpected.as_deref();
    assert_eq!(shown, Some("HTTP/1.1 400 Bad Request Server: [2Jsquid"));
}

#[tokio::test]
async fn garbage_is_shown_cleaned() {
    let seen = answered(&[b"220 mail.example ESMTP\r\n"]).await;
    assert_eq!(failure(&seen), "amqp amqp_unexpected_bytes");
    assert_eq!(facts(&seen).unexpected.as_deref(), Some("220 mail.example ESMTP"));
}

#[tokio::test]
async fn endless_frames_are_not_listened_to() {
    let empty = b"\x00\x00\x00\x08\x02\x01\x00\x00".repeat(4096);
    let seen = answered(&[SASL_HEADER, &empty]).await;
    assert_eq!(failure(&seen), "amqp amqp_unexpected_bytes");
}

#[tokio::test]
async fn a_peer_that_closes_is_told_from_one_that_is_silent() {
    let world = World::new();
    let seen = world.ask(Question::about(Transport::Amqp), close).await;
    assert_eq!(failure(&seen), "amqp connection_closed");

    let seen = world.ask(Question::about(Transport::Amqp).impatient(), hold).await;
    assert_eq!(failure(&seen), "amqp timed_out");
    assert_eq!(steps(&seen), "connect tls amqp!");
}

#[tokio::test]
async fn a_peer_that_stops_after_its_header_is_silent() {
    let question = Question::about(Transport::Amqp).impatient();
    let seen = World::new().ask(question, async |s| answer(s, &[SASL_HEADER]).await).await;
    assert_eq!(failure(&seen), "amqp timed_out");
}
