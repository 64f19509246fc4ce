//! MQTT over TLS.

use edgeprobe_facts::endpoint::Transport;

use crate::support::*;

#[tokio::test]
async fn being_refused_by_an_mqtt_server_is_an_answer() {
    let question = Question::about(Transport::Mqtt);
    let refusal: [&[u8]; 2] = [b"\x20\x02\x00", b"\x05"];
    let seen = World::new().ask(question, async |s| answer(s, &refusal).await).await;
    assert_eq!(failure(&seen), "none");
    assert_eq!(facts(&seen).mqtt.as_ref().unwrap().connack, 5);
    assert!(seen.id.starts_with("host/tls/mqtt/127.0.0.1:"));
}

#[tokio::test]
async fn what_is_no_connack_is_shown() {
    let question = Question::about(Transport::Mqtt);
    let seen = World::new().ask(question, async |s| answer(s, &[b"HTTP/1.0 400\r\n"]).await).await;
    assert_eq!(failure(&seen), "mqtt mqtt_unexpected_bytes");
    assert_eq!(facts(&seen).unexpected.as_deref(), Some("HTTP/1.0 400"));
}

#[tokio::test]
async fn closing_and_silence_are_told_apart() {
    let world = World::new();
    let seen = world.ask(Question::about(Transport::Mqtt), close).await;
    assert_eq!(failure(&seen), "mqtt connection_closed");
    let seen = world.ask(Question::about(Transport::Mqtt).impatient(), hold).await;
    assert_eq!(failure(&seen), "mqtt timed_out");
}
