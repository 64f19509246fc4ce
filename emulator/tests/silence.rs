//! Silent ports stay silent, however many ask.
#![allow(clippy::unwrap_used)]

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use edgeprobe_emulator::silence::{
    SilentPort, serve_mute, serve_reset, serve_reset_after_first_bytes,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Long enough for the kernel to answer a connection on loopback thousands of times.
const MOMENT: Duration = Duration::from_millis(500);

async fn anywhere() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

#[tokio::test]
async fn every_one_of_many_attempts_at_once_times_out() {
    let silent = SilentPort::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = silent.address();
    let mut attempts = JoinSet::new();
    for _ in 0..50 {
        attempts.spawn(timeout(MOMENT, TcpStream::connect(address)));
    }
    for attempt in attempts.join_all().await {
        assert!(attempt.is_err(), "a silent port answered: {attempt:?}");
    }
    // And afterwards, when those have given up.
    assert!(timeout(MOMENT, TcpStream::connect(address)).await.is_err());
}

#[tokio::test]
async fn a_silent_port_may_be_on_every_address() {
    let silent = SilentPort::bind("0.0.0.0:0".parse().unwrap()).await.unwrap();
    let address = SocketAddr::from(([127, 0, 0, 3], silent.address().port()));
    assert!(timeout(MOMENT, TcpStream::connect(address)).await.is_err());
}

#[tokio::test]
async fn a_silent_port_refuses_once_it_is_dropped() {
    let silent = SilentPort::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = silent.address();
    drop(silent);
    let error = TcpStream::connect(address).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn a_mute_peer_accepts_and_says_nothing() {
    let service = serve_mute(anywhere().await).unwrap();
    let mut stream = TcpStream::connect(service.address()).await.unwrap();
    stream.write_all(b"anybody there?").await.unwrap();
    assert!(timeout(MOMENT, stream.read_u8()).await.is_err());
}

#[tokio::test]
async fn resets_come_at_once_or_after_the_first_bytes() {
    let at_once = serve_reset(anywhere().await).unwrap();
    let mut stream = TcpStream::connect(at_once.address()).await.unwrap();
    let error = stream.read_u8().await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);

    let later = serve_reset_after_first_bytes(anywhere().await).unwrap();
    let mut stream = TcpStream::connect(later.address()).await.unwrap();
    assert!(timeout(MOMENT, stream.read_u8()).await.is_err());
    stream.write_all(b"\x16\x03\x01").await.unwrap();
    let error = stream.read_u8().await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
}
