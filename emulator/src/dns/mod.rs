//! A name server for a handful of names, over UDP and TCP (RFC 1035).

mod zone;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, ResponseCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

pub use zone::{Answer, Zone};

use crate::service::{Service, Task};

/// What a UDP answer may hold without EDNS (RFC 1035, section 4.2.1).
const PLAIN_PAYLOAD: usize = 512;
/// How many queries one TCP connection may ask.
const MOST_QUERIES: usize = 64;
/// How often an ephemeral port is sought that is free for UDP and TCP alike.
const MOST_ATTEMPTS: usize = 16;

/// A name server on one address, until it is stopped or dropped.
#[derive(Debug)]
pub struct NameServer {
    address: SocketAddr,
    udp: Task,
    tcp: Service,
}

impl NameServer {
    /// Answers from `zone` at `address`; port 0 takes one that is free for UDP and TCP.
    pub async fn start(address: SocketAddr, zone: Zone) -> io::Result<Self> {
        let (udp, tcp) = bind(address).await?;
        let address = udp.local_addr()?;
        let zone = Arc::new(zone);
        let datagrams = Task::spawn(answer_datagrams(udp, Arc::clone(&zone)));
        let tcp = Service::spawn(tcp, move |stream| answer_stream(stream, Arc::clone(&zone)))?;
        Ok(Self { address, udp: datagrams, tcp })
    }

    /// The address that it answers at.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops and returns when the address is free again.
    pub async fn stop(self) {
        self.udp.stop().await;
        self.tcp.stop().await;
    }
}

async fn bind(address: SocketAddr) -> io::Result<(UdpSocket, TcpListener)> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        let udp = UdpSocket::bind(address).await?;
        match TcpListener::bind(udp.local_addr()?).await {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(_) if address.port() == 0 && attempts < MOST_ATTEMPTS => {}
            Err(error) => return Err(error),
        }
    }
}

async fn answer_datagrams(socket: UdpSocket, zone: Arc<Zone>) {
    let mut buffer = [0; 4096];
    loop {
        // An error here is an ICMP message about an earlier answer: nothing to this one.
        let Ok((count, peer)) = socket.recv_from(&mut buffer).await else { continue };
        let Some(query) = parse(buffer.get(..count).unwrap_or_default()) else { continue };
        let Some(response) = respond(&query, &zone) else { continue };
        if let Some(bytes) = fit(&response, &query)
            && let Err(error) = socket.send_to(&bytes, peer).await
        {
            tracing::debug!(%error, "an answer could not be sent");
        }
    }
}

/// Messages over TCP come behind their length in two bytes (RFC 1035, section 4.2.2).
async fn answer_stream(mut stream: TcpStream, zone: Arc<Zone>) -> io::Result<()> {
    for _ in 0..MOST_QUERIES {
        let Ok(length) = stream.read_u16().await else { break };
        let mut bytes = vec![0; usize::from(length)];
        stream.read_exact(&mut bytes).await?;
        let Some(query) = parse(&bytes) else { break };
        let Some(response) = respond(&query, &zone) else { continue };
        let bytes = response.to_vec().map_err(io::Error::other)?;
        stream.write_u16(u16::try_from(bytes.len()).map_err(io::Error::other)?).await?;
        stream.write_all(&bytes).await?;
    }
    Ok(())
}

/// A query, or `None` for what is none: an answer, another kind of message, noise.
fn parse(bytes: &[u8]) -> Option<Message> {
    let message = Message::from_vec(bytes).ok()?;
    let is_query = message.metadata.message_type == MessageType::Query
        && message.metadata.op_code == OpCode::Query;
    is_query.then_some(message)
}

/// The answer to a query; `None` where the zone keeps silent.
fn respond(query: &Message, zone: &Zone) -> Option<Message> {
    let mut response = Message::response(query.metadata.id, query.metadata.op_code);
    response.metadata.recursion_desired = query.metadata.recursion_desired;
    // Devices ask resolvers: one that offers no recursion would be passed over.
    response.metadata.recursion_available = true;
    if query.edns.is_some() {
        response.set_edns(Edns::new());
    }
    response.add_queries(query.queries.iter().cloned());
    let [question] = query.queries.as_slice() else {
        response.metadata.response_code = ResponseCode::FormErr;
        return Some(response);
    };
    zone.answer(question, &mut response).then_some(response)
}

/// The bytes of an answer that fits a datagram, cut and marked as such where it does not.
fn fit(response: &Message, query: &Message) -> Option<Vec<u8>> {
    let room = match &query.edns {
        Some(_) => usize::from(query.max_payload()),
        None => PLAIN_PAYLOAD,
    };
    let bytes = response.to_vec().ok()?;
    if bytes.len() <= room { Some(bytes) } else { response.truncate().to_vec().ok() }
}
