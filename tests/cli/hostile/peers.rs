//! What hostile peers do once somebody has connected.

use std::io;
use std::time::Duration;

use edgeprobe_emulator::authority::Identity;
use edgeprobe_emulator::http::{Request, Response};
use edgeprobe_emulator::service::Service;
use edgeprobe_emulator::{silence, tls};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// How far a peer behaves before it turns hostile.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It accepts the connection.
    Connection,
    /// It is taken for a proxy and asked for a tunnel.
    Proxy,
    /// It ends the TLS handshake, with a certificate that is right.
    Tls,
    /// It answers the upgrade to WebSocket.
    Upgrade,
}

/// What follows the first bytes that a peer says.
#[derive(Clone, Copy)]
enum Then {
    Silence,
    Close,
    Reset,
    ResetAfterFirstBytes,
    /// These bytes again and again, as fast as they are taken.
    Endless(&'static [u8]),
    /// These bytes again and again, one in a second.
    Slowly(&'static [u8]),
}

pub(super) struct HostilePeer {
    pub(super) name: &'static str,
    stage: Stage,
    first: &'static [u8],
    then: Then,
}

const fn peer(stage: Stage, name: &'static str, first: &'static [u8], then: Then) -> HostilePeer {
    HostilePeer { name, stage, first, then }
}

const ZEROS: &[u8] = &[0; 4096];
const NOISE: &[u8] = b"\x93\x00\xff\x7f\x1b[2J\x07\xc3\x28\xe2\x82\x0d\x0a\x00\x00\x00\xfe\xed";
const AMQP_SASL: &[u8] = b"AMQP\x03\x01\x00\x00";

const PEERS: &[HostilePeer] = &[
    peer(Stage::Connection, "closes", b"", Then::Close),
    peer(Stage::Connection, "resets", b"", Then::Reset),
    peer(Stage::Connection, "resets after the ClientHello", b"", Then::ResetAfterFirstBytes),
    peer(Stage::Connection, "says nothing", b"", Then::Silence),
    peer(Stage::Connection, "says noise and closes", NOISE, Then::Close),
    peer(Stage::Connection, "says noise without end", NOISE, Then::Endless(NOISE)),
    peer(Stage::Connection, "says zeros without end", b"", Then::Endless(ZEROS)),
    peer(Stage::Connection, "says a byte a second", b"", Then::Slowly(b"\x16\x03\x03")),
    peer(Stage::Connection, "a record of 64 KiB", b"\x16\x03\x03\xff\xff", Then::Endless(ZEROS)),
    peer(Stage::Connection, "a ServerHello of 16 MiB", b"", Then::Endless(
        b"\x16\x03\x03\x00\x08\x02\xff\xff\xff\x03\x03\x00\x00",
    )),
    peer(Stage::Connection, "alerts without end", b"", Then::Endless(b"\x15\x03\x03\x00\x02\x01\x70")),
    peer(Stage::Connection, "HTTP text", b"HTTP/1.1 400 Bad Request\r\n\r\n", Then::Close),
    peer(Stage::Proxy, "headers without end", b"HTTP/1.1 200 OK\r\n", Then::Endless(
        b"X-Header: value\r\n",
    )),
    peer(Stage::Proxy, "a header without end", b"HTTP/1.1 200 OK\r\nX-Header: ", Then::Endless(
        b"value",
    )),
    peer(Stage::Proxy, "an answer, a byte a second", b"", Then::Slowly(b"HTTP/1.1 200 OK\r\n\r\n")),
    peer(Stage::Proxy, "a tunnel into silence", b"HTTP/1.1 200 OK\r\n\r\n", Then::Silence),
    peer(Stage::Proxy, "a tunnel into noise", b"HTTP/1.1 200 OK\r\n\r\n", Then::Endless(NOISE)),
    peer(Stage::Proxy, "a tunnel that ends", b"HTTP/1.1 200 OK\r\n\r\n", Then::Close),
    peer(Stage::Proxy, "a tunnel by interim answers", b"", Then::Endless(
        b"HTTP/1.1 100 Continue\r\n\r\n",
    )),
    peer(
        Stage::Proxy,
        "a challenge with a terminal's commands",
        b"HTTP/1.1 407 \x1b[2J\r\nProxy-Authenticate: \x1b[31mBasic\r\nVia: \xff\xfe\r\n\r\n",
        Then::Silence,
    ),
    peer(Stage::Tls, "closes", b"", Then::Close),
    peer(Stage::Tls, "says nothing", b"", Then::Silence),
    peer(Stage::Tls, "says noise and closes", NOISE, Then::Close),
    peer(Stage::Tls, "says noise without end", NOISE, Then::Endless(NOISE)),
    peer(Stage::Tls, "says zeros without end", b"", Then::Endless(ZEROS)),
    peer(Stage::Tls, "HTTP, a byte a second", b"", Then::Slowly(b"HTTP/1.1 200 OK\r\n\r\n")),
    peer(Stage::Tls, "AMQP, a byte a second", b"", Then::Slowly(AMQP_SASL)),
    peer(Stage::Tls, "headers without end", b"HTTP/1.1 200 OK\r\n", Then::Endless(
        b"X-Header: value\r\n",
    )),
    peer(Stage::Tls, "a header without end", b"HTTP/1.1 200 OK\r\nX-Header: ", Then::Endless(
        b"value",
    )),
    peer(Stage::Tls, "a body without end", b"HTTP/1.1 403 Forbidden\r\n\r\n", Then::Endless(
        b"<p>\x1b[31mmore</p>",
    )),
    peer(
        Stage::Tls,
        "a length beyond all numbers",
        b"HTTP/1.1 403 Forbidden\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        Then::Silence,
    ),
    peer(Stage::Tls, "interim answers without end", b"", Then::Endless(
        b"HTTP/1.1 100 Continue\r\n\r\n",
    )),
    peer(Stage::Tls, "an AMQP frame of 4 GiB", b"AMQP\x03\x01\x00\x00\xff\xff\xff\xff\x02\x01\x00\x00",
        Then::Endless(ZEROS)),
    peer(Stage::Tls, "AMQP frames without end", AMQP_SASL, Then::Endless(
        b"\x00\x00\x00\x08\x02\x01\x00\x00",
    )),
    peer(
        Stage::Tls,
        "a list of 4 billion mechanisms",
        b"AMQP\x03\x01\x00\x00\x00\x00\x00\x18\x02\x01\x00\x00\x00\x53\x40\xd0\xff\xff\xff\xff\xff\xff\xff\xff\xf0\xff\xff\xff",
        Then::Endless(ZEROS),
    ),
    peer(Stage::Tls, "an MQTT packet of 256 MiB", b"\x20\xff\xff\xff\x7f", Then::Endless(ZEROS)),
    peer(Stage::Tls, "an MQTT length without end", b"\x20", Then::Endless(b"\xff")),
    peer(Stage::Upgrade, "closes", b"", Then::Close),
    peer(Stage::Upgrade, "says nothing", b"", Then::Silence),
    peer(Stage::Upgrade, "says noise and closes", NOISE, Then::Close),
    peer(Stage::Upgrade, "a frame of 16 EiB", b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff",
        Then::Endless(ZEROS)),
    peer(Stage::Upgrade, "pings without end", b"", Then::Endless(b"\x89\x00")),
    peer(Stage::Upgrade, "empty fragments without end", b"\x02\x01A", Then::Endless(b"\x00\x00")),
    peer(Stage::Upgrade, "fragments without end", b"\x02\x01A", Then::Endless(b"\x00\x01A")),
    peer(Stage::Upgrade, "text frames without end", b"", Then::Endless(b"\x81\x05hello")),
    peer(Stage::Upgrade, "a byte a second", b"", Then::Slowly(b"\x82\x08AMQP\x03\x01\x00\x00")),
    peer(Stage::Upgrade, "AMQP frames without end", b"\x82\x08AMQP\x03\x01\x00\x00", Then::Endless(
        b"\x82\x08\x00\x00\x00\x08\x02\x01\x00\x00",
    )),
];

impl HostilePeer {
    /// Those that turn hostile at this stage.
    pub(super) fn all(stage: Stage) -> impl Iterator<Item = &'static Self> {
        PEERS.iter().filter(move |peer| peer.stage == stage)
    }

    /// Serves a port; `identity` is what a hub would show.
    pub(super) fn serve(
        &'static self,
        listener: TcpListener,
        identity: &Identity,
    ) -> io::Result<Service> {
        match self.then {
            Then::Reset => return silence::serve_reset(listener),
            Then::ResetAfterFirstBytes => return silence::serve_reset_after_first_bytes(listener),
            _ => {}
        }
        let tls = tls::acceptor(identity).map_err(io::Error::other)?;
        Service::spawn(listener, move |stream| {
            let tls = tls.clone();
            async move {
                if matches!(self.stage, Stage::Connection | Stage::Proxy) {
                    return self.turn_hostile(stream).await;
                }
                let mut stream = tls.accept(stream).await?;
                if self.stage == Stage::Upgrade && !upgrade(&mut stream).await? {
                    return Ok(());
                }
                self.turn_hostile(stream).await
            }
        })
    }

    async fn turn_hostile<S>(&self, stream: S) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite,
    {
        let (mut reader, mut writer) = tokio::io::split(stream);
        // What the other side says is taken, so that its own bytes never hold it up.
        let mut nowhere = tokio::io::sink();
        let listen = tokio::io::copy(&mut reader, &mut nowhere);
        let speak = async {
            writer.write_all(self.first).await?;
            writer.flush().await?;
            match self.then {
                Then::Close => return writer.shutdown().await,
                Then::Endless(bytes) => {
                    let many = bytes.repeat(4096_usize.div_ceil(bytes.len()));
                    loop {
                        writer.write_all(&many).await?;
                    }
                }
                Then::Slowly(bytes) => {
                    for byte in bytes.iter().cycle() {
                        writer.write_all(&[*byte]).await?;
                        writer.flush().await?;
                        tokio::time::sleep(Duration::from_secs(1)).await;
                    }
                }
                Then::Silence | Then::Reset | Then::ResetAfterFirstBytes => {}
            }
            std::future::pending().await
        };
        tokio::select! {
            result = speak => result,
            result = listen => result.map(drop),
        }
    }
}

/// Answers a request for an upgrade as a hub does; `false` when it is none.
async fn upgrade(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<bool> {
    // AMQP and MQTT end here: they are no request.
    let Some(request) = Request::read(stream).await? else { return Ok(false) };
    let (Some(key), Some(protocol)) =
        (request.header("sec-websocket-key"), request.header("sec-websocket-protocol"))
    else {
        return Ok(false);
    };
    let response = Response::new("101 Switching Protocols")
        .header("Upgrade", "websocket")
        .header("Connection", "Upgrade")
        .header("Sec-WebSocket-Accept", derive_accept_key(key.as_bytes()))
        .header("Sec-WebSocket-Protocol", protocol);
    stream.write_all(response.to_string().as_bytes()).await?;
    stream.flush().await?;
    Ok(true)
}
