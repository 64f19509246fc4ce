//! MQTT over TLS.

use std::sync::Arc;
use std::time::Duration;

use edgeprobe_facts::Observation;
use edgeprobe_facts::endpoint::Transport;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

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

/// Serves each connection on a free port with what `behaviour` does after its handshake, given its number.
async fn each_connection(
    world: &World,
    behaviour: impl AsyncFn(usize, &mut TlsStream<TcpStream>),
    question: Question,
) -> Observation {
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let tls = TlsAcceptor::from(Arc::new(world.identity.server()));
    let behaviour = &behaviour;
    let serving = async {
        let mut open = FuturesUnordered::new();
        let mut number = 0;
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    let (socket, tls, own) = (accepted.unwrap().0, tls.clone(), number);
                    number += 1;
                    open.push(async move {
                        if let Ok(mut stream) = tls.accept(socket).await {
                            behaviour(own, &mut stream).await;
                            hold(stream).await;
                        }
                    });
                }
                Some(()) = open.next() => {}
            }
        }
    };
    tokio::select! {
        observation = question.ask_port(&world.trust, port) => observation,
        () = serving => unreachable!("a peer goes on"),
    }
}

const REFUSAL: &[u8] = b"\x20\x02\x00\x05";

#[tokio::test]
async fn a_connect_that_is_lost_with_the_handshake_is_told_from_a_closed_port() {
    // As Edge Hub 1.6.0 does it: what comes at once is lost, and what comes later is answered.
    let forgetful = async |_: usize, stream: &mut TlsStream<TcpStream>| {
        let early = Duration::from_millis(250);
        let _ = timeout(early, stream.read(&mut [0; 2048])).await;
        let _ = stream.read(&mut [0; 2048]).await;
        let _ = stream.write_all(REFUSAL).await;
        let _ = stream.flush().await;
    };
    let question = Question::about(Transport::Mqtt);
    let seen = each_connection(&World::new(), forgetful, question).await;
    assert_eq!(failure(&seen), "none");
    assert!(facts(&seen).mqtt.as_ref().unwrap().lost_at_once >= 2, "{seen:#?}");
}

#[tokio::test]
async fn a_conversation_that_is_lost_once_is_begun_again() {
    let deaf_at_first = async |number: usize, stream: &mut TlsStream<TcpStream>| {
        let _ = stream.read(&mut [0; 2048]).await;
        if number > 0 {
            let _ = stream.write_all(REFUSAL).await;
            let _ = stream.flush().await;
        }
    };
    let question = Question::about(Transport::Mqtt);
    let seen = each_connection(&World::new(), deaf_at_first, question).await;
    assert_eq!(failure(&seen), "none");
    assert_eq!(facts(&seen).mqtt.as_ref().unwrap().lost_at_once, 0, "{seen:#?}");
}

#[tokio::test]
async fn a_peer_that_never_answers_is_asked_several_times() {
    let deaf = async |_: usize, _: &mut TlsStream<TcpStream>| {};
    let question = Question { limit: Duration::from_secs(4), ..Question::about(Transport::Mqtt) };
    let seen = each_connection(&World::new(), deaf, question).await;
    assert_eq!(failure(&seen), "mqtt timed_out");
    let tries = seen.tries.unwrap();
    assert!(tries.begun > 1 && tries.unanswered > 3 && tries.lost == 0, "{tries:?}");
}
