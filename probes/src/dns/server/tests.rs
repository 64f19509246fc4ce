//! Name servers on the loopback interface, good and bad.

mod dnsmasq;

use std::net::SocketAddr;
use std::time::Duration;

use edgeprobe_facts::Outcome;
use edgeprobe_facts::dns::AddressKind;
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

use super::*;

const HUB: &str = "hub.azure-devices.net";

/// Long enough that no test on a busy machine runs into it, when an answer is to be expected.
const AMPLE: Duration = Duration::from_mins(1);

/// Short enough to wait for, when silence is to be expected.
const BRIEF: Duration = Duration::from_millis(400);

async fn observe(server: SocketAddr, limit: Duration) -> Observation {
    ask_server(Timeline::start(limit), &Vantage::Host, server, HUB, Role::Hub).await
}

fn facts(observation: &Observation) -> &DnsFacts {
    match &observation.facts {
        Facts::Dns(facts) => facts,
        other => panic!("{other:?}"),
    }
}

fn detail(observation: &Observation) -> &str {
    &observation.failure.as_ref().expect("a failure").detail
}

// Each kind of server has an address of its own in 127/8, so that one test's free port is not taken
// by another's server.

/// A name server that sends, for each packet that it receives, what `answers` makes of it.
async fn name_server(
    mut answers: impl FnMut(&Message) -> Vec<Vec<u8>> + Send + 'static,
) -> SocketAddr {
    let socket = UdpSocket::bind("127.53.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 512];
        while let Ok((length, client)) = socket.recv_from(&mut buffer).await {
            for packet in answers(&Message::from_vec(&buffer[..length]).unwrap()) {
                socket.send_to(&packet, client).await.unwrap();
            }
        }
    });
    address
}

fn family(question: &Message) -> RecordType {
    question.queries[0].query_type
}

fn with_code(question: &Message, code: ResponseCode) -> Vec<u8> {
    let mut answer = question.clone().into_response();
    answer.metadata.response_code = code;
    answer.to_vec().unwrap()
}

/// The hub as Azure answers for it: two aliases, one IPv4 address, and none of IPv6.
fn as_azure(question: &Message) -> Vec<u8> {
    let name = |text: &str| Name::from_ascii(text).unwrap();
    let alias = |from, to| Record::from_rdata(name(from), 60, RData::CNAME(CNAME(name(to))));
    let mut answer = question.clone().into_response();
    answer.add_answer(alias("hub.azure-devices.net.", "ihsu.cloudapp.net."));
    answer.add_answer(alias("ihsu.cloudapp.net.", "gateway.azure.example."));
    if family(question) == RecordType::A {
        let data = RData::A(A::new(20, 49, 110, 2));
        answer.add_answer(Record::from_rdata(name("gateway.azure.example."), 60, data));
    }
    answer.to_vec().unwrap()
}

#[tokio::test]
async fn a_healthy_answer_passes_with_its_aliases() {
    let server = name_server(|question| vec![as_azure(question)]).await;
    let observation = observe(server, AMPLE).await;

    assert_eq!(observation.outcome, Outcome::Pass, "{:?}", observation.failure);
    assert_eq!(observation.id, format!("host/dns/{server}/{HUB}"));
    assert_eq!(observation.target, format!("{HUB} at {server}"));
    assert_eq!(observation.steps.len(), 1);
    let facts = facts(&observation);
    assert_eq!(facts.canonical_names, ["ihsu.cloudapp.net", "gateway.azure.example"]);
    assert_eq!(facts.addresses.len(), 1);
    assert_eq!(facts.addresses[0].kind, AddressKind::Public);
    assert_eq!(facts.ipv4, Some(RecordOutcome::Answered));
    assert_eq!(facts.ipv6, Some(RecordOutcome::NoRecords));
}

#[tokio::test]
async fn an_address_of_ipv6_alone_passes() {
    let server = name_server(|question| {
        let mut answer = question.clone().into_response();
        if family(question) == RecordType::AAAA {
            let data = RData::AAAA(AAAA("2603:1030::1".parse().unwrap()));
            answer.add_answer(Record::from_rdata(question.queries[0].name.clone(), 60, data));
        }
        vec![answer.to_vec().unwrap()]
    })
    .await;
    let observation = observe(server, AMPLE).await;
    assert_eq!(observation.outcome, Outcome::Pass);
    assert_eq!(facts(&observation).ipv4, Some(RecordOutcome::NoRecords));
    assert_eq!(facts(&observation).ipv6, Some(RecordOutcome::Answered));
}

#[tokio::test]
async fn error_codes_are_told_apart() {
    for (code, token, outcome) in [
        (ResponseCode::NXDomain, Token::DnsNxdomain, RecordOutcome::Nxdomain),
        (ResponseCode::ServFail, Token::DnsServfail, RecordOutcome::Servfail),
        (ResponseCode::Refused, Token::DnsRefused, RecordOutcome::Refused),
        (ResponseCode::NotImp, Token::DnsBadAnswer, RecordOutcome::BadAnswer),
        (ResponseCode::NoError, Token::DnsNoAddress, RecordOutcome::NoRecords),
    ] {
        let server = name_server(move |question| vec![with_code(question, code)]).await;
        let observation = observe(server, AMPLE).await;
        assert_eq!(observation.token(), Some(token));
        assert_eq!(observation.failed_step(), Some(Step::Resolve));
        assert_eq!(facts(&observation).ipv4, Some(outcome));
        assert_eq!(facts(&observation).ipv6, Some(outcome));
        assert!(detail(&observation).starts_with(&server.to_string()), "{observation:?}");
    }
}

#[tokio::test]
async fn a_name_that_does_not_exist_outweighs_silence() {
    let server = name_server(|question| match family(question) {
        RecordType::A => vec![],
        _ => vec![with_code(question, ResponseCode::NXDomain)],
    })
    .await;
    let observation = observe(server, BRIEF).await;
    assert_eq!(observation.token(), Some(Token::DnsNxdomain));
    assert_eq!(facts(&observation).ipv4, Some(RecordOutcome::Timeout));
}

#[tokio::test]
async fn silence_is_a_timeout_after_five_tries() {
    let (count, mut counted) = tokio::sync::mpsc::unbounded_channel();
    let server = name_server(move |_| {
        count.send(()).unwrap();
        vec![]
    })
    .await;
    let observation = observe(server, BRIEF).await;
    assert_eq!(observation.token(), Some(Token::DnsTimeout));
    assert_eq!(detail(&observation), format!("{server} did not answer within 0.2 s (5 tries)"));
    assert_eq!(observation.tries.map(|tries| (tries.sent, tries.unanswered)), Some((0, 10)));
    // Nobody listens there over TCP either.
    assert_eq!(facts(&observation).over_tcp, Some(RecordOutcome::Unreachable));
    // Five for each family.
    for _ in 0..10 {
        counted.recv().await.unwrap();
    }
}

#[tokio::test]
async fn a_lost_packet_is_sent_again() {
    let mut seen = 0;
    let server = name_server(move |question| {
        seen += 1;
        // The first packet of each family is lost.
        if seen <= 2 { vec![] } else { vec![as_azure(question)] }
    })
    .await;
    let observation = observe(server, AMPLE).await;
    assert_eq!(observation.outcome, Outcome::Pass);
    let tries = observation.tries.unwrap();
    assert_eq!((tries.begun, tries.sent, tries.lost, tries.unanswered), (4, 4, 2, 0));
}

#[tokio::test]
async fn an_answer_that_comes_late_is_no_packet_lost() {
    let mut first: Vec<Message> = Vec::new();
    let server = name_server(move |question| {
        // The answer to the first comes when the second is there.
        if let Some(earlier) = first.iter().find(|it| family(it) == family(question)) {
            return vec![as_azure(earlier)];
        }
        first.push(question.clone());
        vec![]
    })
    .await;
    let observation = observe(server, AMPLE).await;
    assert_eq!(observation.outcome, Outcome::Pass);
    assert_eq!(observation.tries.unwrap().lost, 0);
}

#[tokio::test]
async fn a_server_that_is_silent_over_udp_is_asked_over_tcp_as_well() {
    let (udp, tcp) = loop {
        let tcp = TcpListener::bind("127.53.0.5:0").await.unwrap();
        if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()).await {
            break (udp, tcp);
        }
    };
    tokio::spawn(async move {
        while let Ok((mut client, _)) = tcp.accept().await {
            let length = client.read_u16().await.unwrap();
            let mut question = vec![0; length.into()];
            client.read_exact(&mut question).await.unwrap();
            let answer = as_azure(&Message::from_vec(&question).unwrap());
            let length = u16::try_from(answer.len()).unwrap().to_be_bytes();
            client.write_all(&[&length[..], &answer].concat()).await.unwrap();
        }
    });
    // Long enough for TCP on a busy machine.
    let observation = observe(udp.local_addr().unwrap(), Duration::from_secs(4)).await;
    assert_eq!(observation.token(), Some(Token::DnsTimeout), "programs ask over UDP");
    assert_eq!(facts(&observation).over_tcp, Some(RecordOutcome::Answered));
}

#[tokio::test]
async fn silence_for_ipv6_does_not_hold_up_ipv4() {
    let server = name_server(|question| match family(question) {
        RecordType::A => vec![as_azure(question)],
        _ => vec![],
    })
    .await;
    // The patience would be ten minutes.
    let observation = observe(server, Duration::from_mins(20)).await;
    assert_eq!(observation.outcome, Outcome::Pass);
    assert_eq!(facts(&observation).ipv6, Some(RecordOutcome::Timeout));
}

#[tokio::test]
async fn packets_that_are_no_answer_are_a_bad_answer() {
    let server = name_server(|_| vec![b"220 smtp.example ESMTP ready\r\n".to_vec()]).await;
    let observation = observe(server, BRIEF).await;
    assert_eq!(observation.token(), Some(Token::DnsBadAnswer));
    assert_eq!(facts(&observation).ipv4, Some(RecordOutcome::BadAnswer));
}

#[tokio::test]
async fn an_answer_with_broken_records_is_a_bad_answer() {
    let server = name_server(|question| {
        let mut packet = as_azure(question);
        packet.truncate(packet.len() - 7);
        vec![packet]
    })
    .await;
    assert_eq!(observe(server, AMPLE).await.token(), Some(Token::DnsBadAnswer));
}

#[tokio::test]
async fn forged_packets_do_not_hide_the_answer() {
    let server = name_server(|question| {
        let mut forged = question.clone();
        forged.metadata.id = forged.metadata.id.wrapping_add(1);
        vec![with_code(&forged, ResponseCode::NXDomain), vec![0; 3], as_azure(question)]
    })
    .await;
    assert_eq!(observe(server, AMPLE).await.outcome, Outcome::Pass);
}

#[tokio::test]
async fn a_closed_port_is_refused_at_once() {
    let socket = UdpSocket::bind("127.53.0.2:0").await.unwrap();
    let server = socket.local_addr().unwrap();
    drop(socket);
    let observation = observe(server, Duration::from_mins(20)).await;
    assert_eq!(observation.token(), Some(Token::ConnectionRefused));
    assert_eq!(facts(&observation).ipv4, Some(RecordOutcome::Unreachable));
    assert!(detail(&observation).contains("over UDP"), "{observation:?}");
}

#[tokio::test]
async fn a_link_local_server_without_interface_cannot_be_asked() {
    let observation = observe("[fe80::1]:53".parse().unwrap(), AMPLE).await;
    assert_eq!(observation.token(), Some(Token::AddressNotAvailable));
    assert_eq!(observation.id, format!("host/dns/fe80::1/{HUB}"));
}

#[tokio::test]
async fn what_is_no_name_is_not_asked() {
    let timeline = Timeline::start(AMPLE);
    let server = "127.0.0.1:9".parse().unwrap();
    for name in ["a..b", "\u{1b}[2J", "", &"x".repeat(70_000)] {
        let observation = ask_server(timeline, &Vantage::Host, server, name, Role::Control).await;
        assert_eq!(observation.outcome, Outcome::Fail, "{name:?}");
        assert!(observation.id.len() < 300);
        assert!(!observation.id.contains('\u{1b}'));
    }
}

/// A name server whose answers do not fit a datagram; its TCP side does what `answer` says.
async fn truncating_name_server(answer: fn(&Message) -> Option<Vec<u8>>) -> SocketAddr {
    let (listener, socket) = loop {
        let listener = TcpListener::bind("127.53.0.3:0").await.unwrap();
        // The port may be in use for the other protocol.
        if let Ok(socket) = UdpSocket::bind(listener.local_addr().unwrap()).await {
            break (listener, socket);
        }
    };
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 512];
        while let Ok((length, client)) = socket.recv_from(&mut buffer).await {
            let question = Message::from_vec(&buffer[..length]).unwrap();
            let mut truncated = question.into_response();
            truncated.metadata.truncation = true;
            socket.send_to(&truncated.to_vec().unwrap(), client).await.unwrap();
        }
    });
    tokio::spawn(async move {
        let mut silent = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut message = vec![0; stream.read_u16().await.unwrap().into()];
            stream.read_exact(&mut message).await.unwrap();
            match answer(&Message::from_vec(&message).unwrap()) {
                Some(packet) => {
                    stream.write_u16(packet.len().try_into().unwrap()).await.unwrap();
                    stream.write_all(&packet).await.unwrap();
                }
                None => silent.push(stream),
            }
        }
    });
    address
}

#[tokio::test]
async fn a_truncated_answer_is_had_over_tcp() {
    let server = truncating_name_server(|question| Some(as_azure(question))).await;
    let observation = observe(server, AMPLE).await;
    assert_eq!(observation.outcome, Outcome::Pass, "{:?}", observation.failure);
    assert_eq!(facts(&observation).addresses.len(), 1);
}

#[tokio::test]
async fn a_truncated_answer_without_tcp_says_so() {
    let silent = observe(truncating_name_server(|_| None).await, BRIEF).await;
    assert_eq!(silent.token(), Some(Token::DnsTimeout));
    assert!(detail(&silent).contains("over TCP"), "{silent:?}");

    let server = name_server(|question| {
        let mut truncated = question.clone().into_response();
        truncated.metadata.truncation = true;
        vec![truncated.to_vec().unwrap()]
    })
    .await;
    let closed = observe(server, AMPLE).await;
    assert_eq!(closed.token(), Some(Token::ConnectionRefused));
    assert!(detail(&closed).contains("over TCP"), "{closed:?}");
}
