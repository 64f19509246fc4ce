//! A place on a container network that is there for as long as a check runs: an address is
//! borrowed, and nothing of it can be left behind.

use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use edgeprobe_facts::route::edge::EdgeNetwork;
use ipnet::{IpNet, Ipv4Net};

use super::candidates::candidates;
use super::wiring::{self, Port};
use super::{Place, PlaceError};
use crate::recorder::Timeline;
use crate::route::linux::neighbour::{self, NEIGHBOUR_GROUP, verdict};
use crate::route::linux::netlink::Netlink;
use crate::route::linux::{Link, index_of, link};
use crate::walls;

/// How long the bridge may take to answer for its own address. It does so within a millisecond.
const GATEWAY_PATIENCE: Duration = Duration::from_millis(500);

/// How long to wait for the bridge's answer before it is asked another time.
const ANOTHER_TIME: Duration = Duration::from_millis(25);

/// How long another holder of an address may take to answer after the bridge has. It is as near.
const HOLDER_PATIENCE: Duration = Duration::from_millis(50);

/// A place on a container network with a borrowed address.
///
/// Dropping it takes the interface away at once. If this process ends in any other way, the kernel
/// does the same, since nothing but the process holds the namespace.
#[derive(Debug)]
pub struct Borrowed {
    place: Place,
    address: Ipv4Addr,
    gateway_answers: bool,
    /// A socket in the host's namespace, whichever thread drops this; taken by the thread with
    /// privileges that does.
    host: Option<Netlink>,
    bridge: u32,
    outer: u32,
}

impl Borrowed {
    /// Where questions can be asked as a container on the network would ask them.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The address that is borrowed.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// Whether the bridge answers for the network's gateway address (ARP).
    pub fn gateway_answers(&self) -> bool {
        self.gateway_answers
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        let Some(mut host) = self.host.take() else { return };
        let (outer, bridge, address) = (self.outer, self.bridge, self.address);
        let given_back = walls::with_privileges(move || {
            wiring::unplug(&mut host, outer)?;
            wiring::forget(&mut host, bridge, address)
        });
        // Both go by themselves, the neighbour entry only after a while.
        if let Err(error) = given_back {
            tracing::debug!("the borrowed address is not given back at once: {error}");
        }
    }
}

/// An address could not be borrowed.
#[derive(Debug, thiserror::Error)]
pub enum BorrowError {
    /// The engine's network has no bridge on this host.
    #[error(
        "cannot join network {network}: this host has no bridge {bridge}\n\
         hint: edgeprobe must run in the host's network namespace, beside the engine"
    )]
    NoBridge { network: String, bridge: String },
    /// Only IPv4 addresses are borrowed.
    #[error(
        "cannot join network {network}: it has no IPv4 subnet with a gateway\n\
         hint: start a container on it, and its place will be used"
    )]
    NotIpv4 { network: String },
    /// Every address that was tried is held by somebody.
    #[error(
        "cannot join network {network}: no address of {subnet} is free\n\
         hint: start a container on it, and its place will be used"
    )]
    NoAddress { network: String, subnet: IpNet },
    /// The kernel refuses one of the changes.
    #[error(
        "cannot {attempt} for network {network}: {source}\n\
         hint: run as root, or with CAP_NET_ADMIN and CAP_SYS_ADMIN"
    )]
    Refused { attempt: &'static str, network: String, source: io::Error },
    /// No namespace could be made.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The run's time was over before the address was ready.
    #[error("cannot join network {network}: the time is over\nhint: give a longer --timeout")]
    TimedOut { network: String },
}

/// Borrows an unused address of the network.
///
/// Addresses of `network.members`, and of `taken`, are known to be in use: the engine's own list.
/// Beyond these, an address is passed over when the host knows a neighbour by it or when somebody
/// answers for it on the link. Needs CAP_NET_ADMIN and CAP_SYS_ADMIN.
///
/// The bridge gets a carrier from the new port, as from any container's. A bridge that never had
/// one since it was made then gives itself its link-local IPv6 address and keeps it; taking that
/// away again would be the greater change, for the kernel would not give it another time.
pub async fn borrow(
    timeline: Timeline,
    network: EdgeNetwork,
    taken: Vec<IpAddr>,
) -> Result<Borrowed, BorrowError> {
    let name = crate::clean::line(&network.name, 64);
    let timed_out = || BorrowError::TimedOut { network: name.clone() };
    // When the caller gives up, the work still ends by itself and removes everything.
    let work = walls::run_with_privileges(move || Attempt::new(&network)?.run(&network, &taken));
    match tokio::time::timeout(timeline.remaining(), work).await {
        Err(_) => Err(timed_out()),
        Ok(Ok(result)) => result,
        Ok(Err(error)) => Err(PlaceError::NotRun(error.to_string()).into()),
    }
}

/// One attempt to join a network.
struct Attempt {
    name: String,
    subnet: Ipv4Net,
    gateway: Ipv4Addr,
    port: Port,
    host: Netlink,
}

impl Attempt {
    fn new(network: &EdgeNetwork) -> Result<Self, BorrowError> {
        let name = crate::clean::line(&network.name, 64);
        let (IpNet::V4(subnet), Some(IpAddr::V4(gateway))) = (network.subnet, network.gateway)
        else {
            return Err(BorrowError::NotIpv4 { network: name });
        };
        let mut host = Netlink::open().map_err(refused("ask the kernel", &name))?;
        let (bridge, link) = bridge(&mut host, &network.bridge).map_err(|_| {
            let bridge = crate::clean::line(&network.bridge, 64);
            BorrowError::NoBridge { network: name.clone(), bridge }
        })?;
        let bridge_mtu = link.mtu.unwrap_or(1500);
        let mtu = network.mtu.unwrap_or(bridge_mtu);
        Ok(Self { name, subnet, gateway, port: Port { bridge, bridge_mtu, mtu }, host })
    }

    fn run(mut self, network: &EdgeNetwork, taken: &[IpAddr]) -> Result<Borrowed, BorrowError> {
        let name = self.name.clone();
        let tried = self.candidates(network, taken).map_err(refused("list neighbours", &name))?;
        let place = Place::anonymous()?;
        let (mut inside, news) = place
            .within(|| Ok((Netlink::open()?, Netlink::listen(&[NEIGHBOUR_GROUP])?)))
            .map_err(refused("enter a namespace", &name))?;

        wiring::plug(&mut self.host, &place, &self.port)
            .map_err(refused("make an interface", &name))?;
        let (inner, outer) =
            wiring::legs(&mut inside).map_err(refused("find the interface", &name))?;
        // From here on, dropping it undoes everything.
        let mut borrowed = Borrowed {
            place,
            address: self.gateway,
            gateway_answers: false,
            host: Some(self.host),
            bridge: self.port.bridge,
            outer,
        };
        wiring::up(&mut inside, inner).map_err(refused("set up an interface", &name))?;
        let answered = roll_call(&mut inside, &news, inner, self.gateway, &tried)
            .map_err(refused("ask who has an address", &name))?;
        let free = tried.into_iter().find(|address| !answered.contains(&IpAddr::V4(*address)));
        borrowed.address = free.ok_or_else(|| BorrowError::NoAddress {
            network: name.clone(),
            subnet: self.subnet.into(),
        })?;
        borrowed.gateway_answers = answered.contains(&IpAddr::V4(self.gateway));
        wiring::assign(&mut inside, inner, borrowed.address, self.subnet.prefix_len())
            .and_then(|()| wiring::default_route(&mut inside, inner, self.gateway))
            .map_err(refused("set up an interface", &name))?;
        Ok(borrowed)
    }

    /// The addresses to try, without those that are known to be somebody's.
    fn candidates(&self, network: &EdgeNetwork, taken: &[IpAddr]) -> io::Result<Vec<Ipv4Addr>> {
        let neighbours = neighbour::table(self.port.bridge, self.gateway.into())?;
        let answering = neighbours
            .into_iter()
            .filter(|(_, state)| verdict(*state) == Some(true))
            .map(|(address, _)| address);
        let mut known: Vec<IpAddr> = answering.collect();
        known.push(self.gateway.into());
        known.extend_from_slice(&network.members);
        known.extend_from_slice(taken);
        Ok(candidates(self.subnet, &known, std::process::id()))
    }
}

/// The index and the rest of the bridge's link.
fn bridge(host: &mut Netlink, name: &str) -> io::Result<(u32, Link)> {
    let index = index_of(name)?;
    Ok((index, link(host, index)?))
}

/// Who answers on the link: the bridge, which shows that the link works, and whoever has one of
/// the addresses.
fn roll_call(
    inside: &mut Netlink,
    news: &Netlink,
    inner: u32,
    gateway: Ipv4Addr,
    addresses: &[Ipv4Addr],
) -> io::Result<HashSet<IpAddr>> {
    let mut answered = HashSet::new();
    let begun = Instant::now();
    // The bridge lets packets through a moment after its port is up; what is sent before is lost,
    // and the kernel itself would not ask again for a second.
    while !answered.contains(&IpAddr::V4(gateway)) && begun.elapsed() < GATEWAY_PATIENCE {
        wiring::ask_who_has(inside, inner, gateway)?;
        wiring::await_answer(news, &mut answered, ANOTHER_TIME)?;
    }
    for address in addresses {
        wiring::ask_who_has(inside, inner, *address)?;
    }
    let deadline = Instant::now() + HOLDER_PATIENCE;
    loop {
        let patience = deadline.saturating_duration_since(Instant::now());
        if !wiring::await_answer(news, &mut answered, patience)? {
            return Ok(answered);
        }
    }
}

fn refused(attempt: &'static str, network: &str) -> impl FnOnce(io::Error) -> BorrowError {
    let network = network.to_owned();
    move |source| BorrowError::Refused { attempt, network, source }
}

#[cfg(test)]
#[path = "borrow_tests.rs"]
mod tests;
