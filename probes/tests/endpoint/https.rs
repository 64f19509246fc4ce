//! Plain HTTPS: IoT Hub's own header, the date, and answers that are none.

use edgeprobe_facts::endpoint::Transport;
use edgeprobe_facts::{Observation, Vantage};
use edgeprobe_probes::{Timeline, clock};

use crate::support::*;

const HUB_ANSWER: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 61\r\n\
Server: Microsoft-HTTPAPI/2.0\r\niothub-errorcode: InvalidProtocolVersion\r\n\
Date: Tue, 28 Nov 2017 18:46:19 GMT\r\nConnection: close\r\n\r\n\
{\"Message\":\"ErrorCode:InvalidProtocolVersion;BadRequest\"}\r\n\r\n";

async fn answered(question: Question, parts: &[&[u8]]) -> Observation {
    World::new().ask(question, async |stream| answer(stream, parts).await).await
}

#[tokio::test]
async fn the_hubs_own_refusal_is_the_proof() {
    let seen = answered(Question::about(Transport::Https), &[HUB_ANSWER]).await;
    assert_eq!((failure(&seen).as_str(), steps(&seen).as_str()), ("none", "connect tls http"));
    let http = facts(&seen).http.as_ref().unwrap();
    assert_eq!(http.status, 400);
    assert_eq!(http.iothub_errorcode.as_deref(), Some("InvalidProtocolVersion"));
    assert_eq!(http.date, Some(1_511_894_779));
    assert!(http.body.as_ref().unwrap().contains("InvalidProtocolVersion;BadRequest"));
    assert!(http.device_time.unwrap() > 1_511_894_779.0);
}

#[tokio::test]
async fn the_request_is_the_documented_one() {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let world = World::new();
    let reading = async |mut stream: tokio_rustls::server::TlsStream<tokio::net::TcpStream>| {
        let alpn = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
        let mut request = vec![0; 2048];
        let length = tokio::io::AsyncReadExt::read(&mut stream, &mut request).await.unwrap();
        request.truncate(length);
        sender.send((alpn, String::from_utf8(request).unwrap())).unwrap();
        answer(stream, &[HUB_ANSWER]).await;
    };
    let mut config = world.identity.server();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let question = Question::about(Transport::Https).impatient();
    question.ask(&world.trust, tls(config, reading)).await;
    let (alpn, request) = receiver.await.unwrap();
    assert_eq!(alpn.as_deref(), Some(&b"http/1.1"[..]));
    assert!(request.starts_with("GET /devices/0000/modules HTTP/1.1\r\n"), "{request}");
    assert!(request.contains(&format!("\r\nHost: {HUB}:")), "{request}");
    assert!(request.contains("\r\nConnection: close\r\n"), "{request}");
}

#[tokio::test]
async fn any_other_answer_is_not_from_the_hub() {
    let portal = b"HTTP/1.1 302 Found\r\nLocation: http://portal.example/\r\nServer: nginx\r\n\
        Content-Length: 0\r\n\r\n";
    let seen = answered(Question::about(Transport::Https), &[portal]).await;
    assert_eq!(failure(&seen), "http http_not_iot_hub");
    let http = facts(&seen).http.as_ref().unwrap();
    assert_eq!(http.location.as_deref(), Some("http://portal.example/"));
    assert!(seen.failure.unwrap().detail.contains("302 by nginx"));
}

#[tokio::test]
async fn of_a_control_any_answer_will_do() {
    let registry = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
    let seen = answered(Question::about(Transport::Https).control(), &[registry]).await;
    assert_eq!(failure(&seen), "none");
    assert!(seen.id.starts_with(&format!("host/https/https/{HUB}/127.0.0.1:")), "{}", seen.id);
}

#[tokio::test]
async fn a_body_that_stalls_takes_nothing_from_the_answer() {
    let head = b"HTTP/1.1 400 Bad Request\r\niothub-errorcode: X\r\nContent-Length: 99\r\n\r\nab";
    let seen = answered(Question::about(Transport::Https), &[head]).await;
    assert_eq!(failure(&seen), "none");
    assert_eq!(facts(&seen).http.as_ref().unwrap().body.as_deref(), Some("ab"));
}

#[tokio::test]
async fn what_is_no_http_is_shown() {
    let seen = answered(Question::about(Transport::Https), &[b"SSH-2.0-OpenSSH_9.6\r\n"]).await;
    assert_eq!(failure(&seen), "http http_bad_answer");
    assert_eq!(facts(&seen).unexpected.as_deref(), Some("SSH-2.0-OpenSSH_9.6"));
}

#[tokio::test]
async fn an_endless_head_is_not_listened_to() {
    let line = b"X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    let head = [&b"HTTP/1.1 200 OK\r\n"[..], &line.repeat(1000)].concat();
    let seen = answered(Question::about(Transport::Https), &[&head]).await;
    assert_eq!(failure(&seen), "http http_bad_answer");
}

#[tokio::test]
async fn closing_and_silence_are_told_apart() {
    let world = World::new();
    let seen = world.ask(Question::about(Transport::Https), close).await;
    assert_eq!(failure(&seen), "http connection_closed");
    let seen = world.ask(Question::about(Transport::Https).impatient(), hold).await;
    assert_eq!(failure(&seen), "http timed_out");
}

#[tokio::test]
async fn the_clock_is_compared_with_what_a_verified_peer_says() {
    let seen = answered(Question::about(Transport::Https), &[HUB_ANSWER]).await;
    let timeline = Timeline::start(std::time::Duration::from_secs(1));
    let clock = clock::compare(timeline, &Vantage::Host, std::slice::from_ref(&seen)).unwrap();
    assert_eq!(failure(&clock), "compare clock_ahead");

    let stranger = Authority::new("Inspector").issue(HUB, NOW).server();
    let trust = trusting(&Authority::new("Root"));
    let peer = tls(stranger, async |stream| answer(stream, &[HUB_ANSWER]).await);
    let seen = Question::about(Transport::Https).ask(&trust, peer).await;
    assert!(facts(&seen).http.as_ref().unwrap().date.is_some());
    assert!(clock::compare(timeline, &Vantage::Host, &[seen]).is_none());
}
