//! Ports that do not serve: one that drops connections, and peers that hang up or say nothing.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::service::{LONGEST_CONNECTION, Service};

/// How long an attempt from this machine to itself is given before it counts as unanswered.
const UNANSWERED: Duration = Duration::from_millis(100);
/// How many connections the kernel may queue for the shortest backlog before this gives up.
const MOST_FILLERS: usize = 16;

/// A port whose packets are dropped: connecting to it times out, as behind a silent firewall.
///
/// The kernel does the dropping. Nobody accepts from the listening socket; once its queue is full,
/// Linux leaves further SYN packets unanswered (`tcp_conn_request` in net/ipv4/tcp_input.c), with
/// SYN cookies or without, for any number of attempts at once.
#[derive(Debug)]
pub struct SilentPort {
    address: SocketAddr,
    _listener: TcpListener,
    _fillers: Vec<TcpStream>,
}

impl SilentPort {
    /// Takes `address` and returns once a connection to it has been seen to get no answer.
    ///
    /// Fails with [`io::ErrorKind::Unsupported`] on a system that refuses instead.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        // Listening once more shortens the queue; what may have entered it meanwhile fills it.
        SockRef::from(&listener).listen(0)?;
        let address = listener.local_addr()?;
        let fillers = fill(reachable(address)).await?;
        Ok(Self { address, _listener: listener, _fillers: fillers })
    }

    /// The address that stays silent.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Connects until a connection is not answered, and keeps those that were.
async fn fill(address: SocketAddr) -> io::Result<Vec<TcpStream>> {
    let mut fillers = Vec::new();
    while fillers.len() < MOST_FILLERS {
        match timeout(UNANSWERED, TcpStream::connect(address)).await {
            Ok(Ok(filler)) => fillers.push(filler),
            Ok(Err(error)) if fillers.is_empty() => return Err(error),
            Ok(Err(_refused)) => break,
            Err(_unanswered) => return Ok(fillers),
        }
    }
    let reason = "a full queue is answered here: no port can be kept silent";
    Err(io::Error::new(io::ErrorKind::Unsupported, reason))
}

/// An address to connect to for one that may be the wildcard.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Accepts every connection and never says a byte.
pub fn serve_mute(listener: TcpListener) -> io::Result<Service> {
    Service::spawn(listener, |stream| async move {
        // Held, not read: the peer sees a connection on which nothing happens.
        tokio::time::sleep(LONGEST_CONNECTION).await;
        drop(stream);
        Ok(())
    })
}

/// Resets every connection as soon as it is accepted.
pub fn serve_reset(listener: TcpListener) -> io::Result<Service> {
    Service::spawn(listener, |stream| async move { reset(stream) })
}

/// Resets every connection once its peer has said something, such as a ClientHello.
pub fn serve_reset_after_first_bytes(listener: TcpListener) -> io::Result<Service> {
    Service::spawn(listener, |stream| async move {
        // Not `readable`, which may come true without a byte.
        stream.peek(&mut [0]).await?;
        reset(stream)
    })
}

/// Ends a connection with RST instead of FIN.
pub(crate) fn reset(stream: TcpStream) -> io::Result<()> {
    stream.set_zero_linger()?;
    drop(stream);
    Ok(())
}
