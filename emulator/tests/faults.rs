//! Every fault starts, does what it says, and leaves nothing behind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::time::Duration;

use common::{HUB, PATIENCE, internet};
use edgeprobe_emulator::{Fault, Internet, Ports, Scenario, StartError, tls};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::time::{Instant, timeout};

const MOMENT: Duration = Duration::from_millis(300);
const SASL_HEADER: &[u8] = b"AMQP\x03\x01\x00\x00";

fn listening(internet: &Internet) -> Vec<SocketAddr> {
    let layout = internet.layout();
    let Ports { amqp, web, mqtt } = layout.ports;
    let mut addresses: Vec<_> =
        [amqp, web, mqtt].iter().map(|&port| SocketAddr::new(layout.hub_address, port)).collect();
    addresses.extend([layout.control.address, layout.resolver]);
    addresses
}

async fn is_silent(address: SocketAddr) -> bool {
    timeout(MOMENT, TcpStream::connect(address)).await.is_err()
}

/// Shakes hands as a device with these names would, and says what became of it.
async fn handshake(internet: &Internet, address: SocketAddr, name: &str) -> io::Result<()> {
    let connector = tls::connector(&internet.layout().device_roots).unwrap();
    let stream = TcpStream::connect(address).await?;
    let server_name = name.to_owned().try_into().unwrap();
    let handshake = timeout(PATIENCE, connector.connect(server_name, stream));
    handshake.await.expect("the handshake ends in time").map(|_| ())
}

fn amqp(internet: &Internet) -> SocketAddr {
    listening(internet)[0]
}

#[tokio::test]
async fn every_fault_starts_and_leaves_nothing_listening() {
    for fault in Fault::ALL.into_iter().map(Some).chain([None]) {
        let internet = internet(fault).await;
        let resolver = internet.layout().resolver;
        let addresses = listening(&internet);
        internet.stop().await;
        for address in addresses {
            let error = TcpStream::connect(address).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused, "{fault:?} {address}");
        }
        UdpSocket::bind(resolver).await.unwrap();
    }
}

#[tokio::test]
async fn dropping_stops_everything_as_well() {
    let internet = internet(None).await;
    let addresses = listening(&internet);
    drop(internet);
    for address in addresses {
        let refused = async { while TcpStream::connect(address).await.is_ok() {} };
        timeout(PATIENCE, refused).await.expect("the port is closed in time");
    }
}

#[tokio::test]
async fn several_internets_live_side_by_side() {
    let (one, other) = tokio::join!(internet(None), internet(None));
    assert_ne!(one.layout().edge_hub, other.layout().edge_hub);
    assert_ne!(one.layout().device_roots, other.layout().device_roots);
}

#[tokio::test]
async fn blocked_ports_are_silent_and_the_others_answer() {
    for (fault, silent) in [
        (Fault::AmqpPortBlocked, [true, false, false, false]),
        (Fault::HttpsPortBlocked, [false, true, false, true]),
        (Fault::MqttPortBlocked, [false, false, true, false]),
        (Fault::EgressBlocked, [true, true, true, true]),
    ] {
        let internet = internet(Some(fault)).await;
        for (address, silent) in listening(&internet).into_iter().zip(silent) {
            assert_eq!(is_silent(address).await, silent, "{fault} {address}");
        }
    }
}

#[tokio::test]
async fn a_healthy_internet_is_trusted_by_name() {
    let internet = internet(None).await;
    let layout = internet.layout();
    handshake(&internet, amqp(&internet), HUB).await.unwrap();
    handshake(&internet, layout.control.address, &layout.control.name).await.unwrap();
    assert!(handshake(&internet, amqp(&internet), "hub.example").await.is_err());
}

#[tokio::test]
async fn certificates_are_refused_for_the_reason_that_the_fault_gives() {
    for (fault, reason) in [
        (Fault::TlsIntercepted, "UnknownIssuer"),
        (Fault::RootCaMissing, "UnknownIssuer"),
        (Fault::CaptivePortal, "UnknownIssuer"),
        (Fault::ClockSkew, "not valid yet"),
    ] {
        let internet = internet(Some(fault)).await;
        let error = handshake(&internet, amqp(&internet), HUB).await.unwrap_err().to_string();
        assert!(error.contains(reason), "{fault}: {error}");
    }
}

#[tokio::test]
async fn only_the_hubs_name_is_filtered() {
    let internet = internet(Some(Fault::TlsFiltered)).await;
    let error = handshake(&internet, amqp(&internet), HUB).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    handshake(&internet, amqp(&internet), "other.azure-devices.net").await.unwrap();
    let control = &internet.layout().control;
    handshake(&internet, control.address, &control.name).await.unwrap();
}

#[tokio::test]
async fn what_is_not_iot_hub_has_its_certificate_and_not_its_protocol() {
    let internet = internet(Some(Fault::NotIotHub)).await;
    let connector = tls::connector(&internet.layout().device_roots).unwrap();
    let stream = TcpStream::connect(amqp(&internet)).await.unwrap();
    let mut stream = connector.connect(HUB.try_into().unwrap(), stream).await.unwrap();
    stream.write_all(SASL_HEADER).await.unwrap();
    let mut answer = [0; 64];
    let count = stream.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..count]).into_owned();
    assert!(answer.contains("AMQPLAIN") && !answer.contains("MSSBCBS"), "{answer:?}");
}

#[tokio::test]
async fn a_portal_redirects_plain_requests_too() {
    let internet = internet(Some(Fault::CaptivePortal)).await;
    let mut stream = TcpStream::connect(internet.layout().control.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: mcr.microsoft.com\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 302") && answer.contains("Location: "), "{answer}");
}

#[tokio::test]
async fn one_of_edge_hubs_ports_is_really_taken() {
    let healthy = internet(None).await;
    let Ports { amqp, web, mqtt } = healthy.layout().edge_hub;
    for port in [amqp, web, mqtt] {
        StdListener::bind(("0.0.0.0", port)).unwrap();
    }
    let taken = internet(Some(Fault::PortInUse)).await;
    let Ports { amqp, web, mqtt } = taken.layout().edge_hub;
    let in_use = |port| StdListener::bind(("0.0.0.0", port)).is_err();
    assert_eq!([amqp, web, mqtt].map(in_use), [false, true, false]);
}

#[tokio::test]
async fn a_slow_line_takes_its_time_and_loses_nothing() {
    let internet = internet(Some(Fault::HighLatency)).await;
    let begin = Instant::now();
    handshake(&internet, amqp(&internet), HUB).await.unwrap();
    // A lower bound is no wall-clock figure: the delay is what is promised.
    assert!(begin.elapsed() >= Duration::from_millis(600));
}

#[tokio::test]
async fn what_cannot_be_started_says_why_and_what_to_do() {
    let error = Internet::start(Scenario::on_loopback("not a name")).await.unwrap_err();
    assert!(matches!(error, StartError::Name { .. }));

    let holder = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut scenario = Scenario::on_loopback(HUB);
    scenario.plan.ports.amqp = holder.local_addr().unwrap().port();
    let error = Internet::start(scenario).await.unwrap_err().to_string();
    assert!(error.contains("the hub's AMQP service") && error.contains("hint: "), "{error}");
}

#[tokio::test]
async fn foreign_bytes_leave_every_service_standing() {
    let internet = internet(None).await;
    for address in listening(&internet) {
        for noise in [[0; 64], [0x16; 64], [0xff; 64]] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let _ = stream.write_all(&noise).await;
        }
    }
    handshake(&internet, amqp(&internet), HUB).await.unwrap();
}
