//! What hostile name servers answer.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, UdpSocket};

/// A name server that is none.
pub(super) struct HostileNameServer {
    pub(super) name: &'static str,
    /// The datagrams that follow a query.
    datagrams: fn(&[u8]) -> Vec<Vec<u8>>,
    /// What it says to a connection, without a question being read.
    stream: Stream,
}

#[derive(Clone, Copy)]
enum Stream {
    Close,
    Silence,
    Endless,
    /// A length of 64 KiB, then a byte a second.
    Slow,
}

const fn server(
    name: &'static str,
    datagrams: fn(&[u8]) -> Vec<Vec<u8>>,
    stream: Stream,
) -> HostileNameServer {
    HostileNameServer { name, datagrams, stream }
}

impl HostileNameServer {
    pub(super) const ALL: &'static [Self] = &[
        server("silence", |_| Vec::new(), Stream::Silence),
        server("noise", |_| vec![b"\xff\x00\x1b[2J garbage".to_vec()], Stream::Close),
        server("empty datagrams", |_| vec![Vec::new(); 3], Stream::Close),
        server("64 KiB of zeros", |_| vec![vec![0; 65_000]], Stream::Close),
        server("the query itself", |query| vec![query.to_vec()], Stream::Close),
        server("an answer to another", |query| vec![of_another(query)], Stream::Close),
        server(
            "ten thousand answers to others",
            |query| vec![of_another(query); 10_000],
            Stream::Close,
        ),
        server(
            "a name that points to itself",
            |query| vec![pointing_to_itself(query)],
            Stream::Close,
        ),
        server("more records than there are bytes", |query| vec![boasting(query)], Stream::Close),
        server("half an answer", |query| vec![answer(query, 0x80)[..8].to_vec()], Stream::Close),
        server("truncated, then closes", |query| vec![answer(query, 0x82)], Stream::Close),
        server("truncated, then nothing", |query| vec![answer(query, 0x82)], Stream::Silence),
        server("truncated, then no end", |query| vec![answer(query, 0x82)], Stream::Endless),
        server("truncated, then slowly", |query| vec![answer(query, 0x82)], Stream::Slow),
    ];

    /// Serves on loopback, over UDP and TCP, until the runtime ends.
    pub(super) async fn start(&'static self) -> SocketAddr {
        let (udp, tcp) = loop {
            let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()).await {
                break (udp, tcp);
            }
        };
        let address = udp.local_addr().unwrap();
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            loop {
                let Ok((count, peer)) = udp.recv_from(&mut buffer).await else { continue };
                for datagram in (self.datagrams)(&buffer[..count]) {
                    // The other side may have gone.
                    let _ = udp.send_to(&datagram, peer).await;
                }
            }
        });
        tokio::spawn(async move {
            while let Ok((stream, _)) = tcp.accept().await {
                tokio::spawn(self.stream.speak(stream));
            }
        });
        address
    }
}

impl Stream {
    async fn speak(self, mut stream: tokio::net::TcpStream) {
        match self {
            Self::Close => {}
            Self::Silence => std::future::pending().await,
            Self::Endless => while stream.write_all(&[0xff; 8_192]).await.is_ok() {},
            Self::Slow => {
                while stream.write_all(&[0xff]).await.is_ok() {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }
}

/// The query turned into an answer, with these bits in the first byte of its flags.
fn answer(query: &[u8], flags: u8) -> Vec<u8> {
    let mut answer = query.to_vec();
    answer[2] |= flags;
    answer
}

/// A well-formed answer under another id than was asked with.
fn of_another(query: &[u8]) -> Vec<u8> {
    let mut other = answer(query, 0x80);
    other[0] ^= 0xff;
    other
}

fn pointing_to_itself(query: &[u8]) -> Vec<u8> {
    let mut answer = answer(query, 0x80);
    // One answer, no additional record, right behind the header: its name is where it stands.
    answer[7] = 1;
    answer[4..6].fill(0);
    answer[10..12].fill(0);
    answer.truncate(12);
    answer.extend(b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x14\x31\x6e\x02");
    answer
}

fn boasting(query: &[u8]) -> Vec<u8> {
    let mut answer = answer(query, 0x80);
    answer[6..12].fill(0xff);
    answer
}
