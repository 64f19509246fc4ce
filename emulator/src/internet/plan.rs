//! Where an internet is served.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU16, Ordering};

use socket2::{Domain, Protocol, Socket, Type};

/// A port for each of the hub's protocols, or for each that Edge Hub maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// AMQP over TLS: 5671.
    pub amqp: u16,
    /// HTTPS and WebSocket: 443.
    pub web: u16,
    /// MQTT over TLS: 8883.
    pub mqtt: u16,
}

impl Ports {
    /// The ports that IoT Hub and Edge Hub use.
    pub const REAL: Self = Self { amqp: 5671, web: 443, mqtt: 8883 };

    /// Ephemeral ports.
    const ANY: Self = Self { amqp: 0, web: 0, mqtt: 0 };
}

/// The addresses and ports of everything that is served; port 0 takes a free one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The name server's.
    pub resolver: SocketAddr,
    /// The hub's.
    pub hub: IpAddr,
    /// The hub's ports.
    pub ports: Ports,
    /// The control host's.
    pub control: SocketAddr,
    /// Where a hijacked name leads.
    pub sinkhole: IpAddr,
    /// The address of [`Fault::Ipv6Broken`](super::Fault::Ipv6Broken).
    pub broken_ipv6: Ipv6Addr,
    /// The ports that Edge Hub is to map; `None` chooses three free unprivileged ones.
    pub edge_hub: Option<Ports>,
}

impl Plan {
    /// Everything on loopback at free ports: no privilege, no network.
    pub fn loopback() -> Self {
        let localhost = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Self {
            resolver: SocketAddr::new(localhost, 0),
            hub: localhost,
            ports: Ports::ANY,
            control: SocketAddr::new(localhost, 0),
            sinkhole: Ipv4Addr::new(127, 0, 0, 2).into(),
            broken_ipv6: Ipv6Addr::LOCALHOST,
            edge_hub: None,
        }
    }

    /// The real ports at these addresses, which the machine or its network namespace must have.
    ///
    /// A hijacked name leads to the control host's address unless `sinkhole` is set to another.
    pub fn real(hub: IpAddr, resolver: IpAddr, control: IpAddr) -> Self {
        Self {
            resolver: SocketAddr::new(resolver, 53),
            hub,
            ports: Ports::REAL,
            control: SocketAddr::new(control, 443),
            sinkhole: control,
            // Of the prefix for documentation (RFC 3849), which nobody routes.
            broken_ipv6: Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x5671),
            edge_hub: Some(Ports::REAL),
        }
    }
}

/// Where the search for free ports begins and ends: unprivileged, and below the range from which
/// systems take ephemeral ports, so that nobody is given one by chance.
const FIRST: u16 = 20_000;
const LAST: u16 = 29_999;

/// Three ports that could be mapped on every address at the time of asking.
pub(super) fn free_ports() -> io::Result<Ports> {
    static ASKED: AtomicU16 = AtomicU16::new(0);
    // Concurrent internets, of this process or of others, begin at different places.
    let process = u16::try_from(std::process::id() % 1_249).unwrap_or(0) * 8;
    let start = ASKED.fetch_add(8, Ordering::Relaxed).wrapping_add(process);
    let span = LAST - FIRST + 1;
    let mut free =
        (0..span).map(|step| FIRST + (start % span + step) % span).filter(|&port| is_free(port));
    match (free.next(), free.next(), free.next()) {
        (Some(amqp), Some(web), Some(mqtt)) => Ok(Ports { amqp, web, mqtt }),
        _ => Err(io::Error::new(io::ErrorKind::AddrInUse, "no three free ports were found")),
    }
}

fn is_free(port: u16) -> bool {
    let wildcards = [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)];
    wildcards.into_iter().all(|wildcard| match try_bind(SocketAddr::new(wildcard, port)) {
        Ok(()) => true,
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => false,
        // A machine without IPv6 has no port of it to be taken.
        Err(_) => wildcard.is_ipv6(),
    })
}

/// Binds strictly: without the option that would overlook connections that linger.
fn try_bind(address: SocketAddr) -> io::Result<()> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())
}
