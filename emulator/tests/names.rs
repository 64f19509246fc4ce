//! The name server, asked over UDP and TCP.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use common::{HUB, PATIENCE, internet};
use edgeprobe_emulator::Fault;
use edgeprobe_emulator::dns::{Answer, NameServer, Zone};
use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::{Name, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

fn query(name: &str, kind: RecordType) -> Vec<u8> {
    let mut message = Message::query();
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(Name::from_ascii(format!("{name}.")).unwrap(), kind));
    message.to_vec().unwrap()
}

async fn over_udp(server: SocketAddr, query: &[u8]) -> Message {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(query, server).await.unwrap();
    let mut buffer = [0; 4096];
    let answer = timeout(PATIENCE, socket.recv_from(&mut buffer)).await;
    let (count, _) = answer.expect("the server answers in time").unwrap();
    Message::from_vec(&buffer[..count]).unwrap()
}

async fn over_tcp(server: SocketAddr, query: &[u8]) -> Message {
    let mut stream = TcpStream::connect(server).await.unwrap();
    stream.write_u16(query.len().try_into().unwrap()).await.unwrap();
    stream.write_all(query).await.unwrap();
    let mut answer = vec![0; stream.read_u16().await.unwrap().into()];
    stream.read_exact(&mut answer).await.unwrap();
    Message::from_vec(&answer).unwrap()
}

fn addresses(message: &Message) -> Vec<IpAddr> {
    message.answers.iter().filter_map(|record| record.data.ip_addr()).collect()
}

async fn server(zone: Zone) -> NameServer {
    NameServer::start("127.0.0.1:0".parse().unwrap(), zone).await.unwrap()
}

#[tokio::test]
async fn the_hub_is_found_through_its_alias_in_any_case_and_either_way() {
    let internet = internet(None).await;
    let resolver = internet.layout().resolver;
    let question = query(&HUB.to_ascii_uppercase(), RecordType::A);
    for answer in [over_udp(resolver, &question).await, over_tcp(resolver, &question).await] {
        assert_eq!(answer.metadata.response_code, ResponseCode::NoError);
        assert_eq!(answer.answers[0].record_type(), RecordType::CNAME);
        assert_eq!(addresses(&answer), [Ipv4Addr::LOCALHOST]);
        // Resolvers that vary the case against forgery insist on their own (0x20).
        assert_eq!(answer.queries[0].name().to_ascii(), format!("{}.", HUB.to_ascii_uppercase()));
    }
}

#[tokio::test]
async fn what_is_asked_for_and_not_there_is_denied_with_a_time_to_live() {
    let internet = internet(None).await;
    let resolver = internet.layout().resolver;
    for (name, kind, code) in [
        (HUB, RecordType::AAAA, ResponseCode::NoError),
        ("nowhere.azure-devices.net", RecordType::A, ResponseCode::NXDomain),
    ] {
        let answer = over_udp(resolver, &query(name, kind)).await;
        assert_eq!(answer.metadata.response_code, code);
        assert!(addresses(&answer).is_empty());
        assert_eq!(answer.authorities[0].record_type(), RecordType::SOA);
    }
}

#[tokio::test]
async fn every_kind_of_answer_can_be_had() {
    let zone = Zone::default()
        .with("failing.example", Answer::Servfail)
        .with("refusing.example", Answer::Refused)
        .with("empty.example", Answer::NoRecords)
        .with("loop.example", Answer::Alias("loop.example".to_owned()))
        .with("silent.example", Answer::Silence);
    let server = server(zone).await;
    for (name, code) in [
        ("failing.example", ResponseCode::ServFail),
        ("refusing.example", ResponseCode::Refused),
        ("empty.example", ResponseCode::NoError),
        ("loop.example", ResponseCode::ServFail),
        ("other.example", ResponseCode::NXDomain),
    ] {
        let answer = over_udp(server.address(), &query(name, RecordType::A)).await;
        assert_eq!(answer.metadata.response_code, code, "{name}");
    }
    let silent = query("silent.example", RecordType::A);
    let asked = timeout(Duration::from_millis(300), over_udp(server.address(), &silent));
    assert!(asked.await.is_err());
}

#[tokio::test]
async fn an_answer_too_long_for_a_datagram_is_cut_and_whole_over_tcp() {
    let many: Vec<IpAddr> = (0..100).map(|last| Ipv4Addr::new(192, 0, 2, last).into()).collect();
    let server = server(Zone::default().with("many.example", Answer::Addresses(many))).await;
    let question = query("many.example", RecordType::A);
    assert!(over_udp(server.address(), &question).await.metadata.truncation);
    assert_eq!(addresses(&over_tcp(server.address(), &question).await).len(), 100);
}

#[tokio::test]
async fn noise_neither_stops_the_server_nor_gets_an_answer() {
    let internet = internet(None).await;
    let resolver = internet.layout().resolver;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for noise in [b"".as_slice(), b"\xff", &[0xc0; 512]] {
        socket.send_to(noise, resolver).await.unwrap();
    }
    let answer = over_udp(resolver, &query(HUB, RecordType::A)).await;
    assert_eq!(addresses(&answer), [Ipv4Addr::LOCALHOST]);
    // Had the noise been answered, the answers would have come before that one.
    assert!(socket.try_recv(&mut [0; 512]).is_err());
}

#[tokio::test]
async fn faults_of_names_show_in_answers() {
    let question = query(HUB, RecordType::A);

    let unknown = internet(Some(Fault::HubNameUnknown)).await;
    let answer = over_udp(unknown.layout().resolver, &question).await;
    assert_eq!(answer.metadata.response_code, ResponseCode::NXDomain);

    let hijacked = internet(Some(Fault::DnsHijack)).await;
    let answer = over_udp(hijacked.layout().resolver, &question).await;
    assert_ne!(addresses(&answer), [hijacked.layout().hub_address]);

    let broken = internet(Some(Fault::Ipv6Broken)).await;
    let aaaa = query(HUB, RecordType::AAAA);
    let answer = over_udp(broken.layout().resolver, &aaaa).await;
    assert_eq!(addresses(&answer).len(), 1);
}
