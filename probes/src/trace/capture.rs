//! Watching interfaces (packet(7)), without taking part in anything.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::sync::mpsc;

use super::filter;
use super::packet;
use super::stage::{Direction, Sighting};
use crate::walls;

/// `ETH_P_ALL`: a socket for less sees no outgoing packets. In network byte order, as packet(7)
/// wants it.
const EVERYTHING: u16 = 3_u16.to_be();

/// The most packets that are kept. Few pass the filter, and an attempt takes a dozen.
const LIMIT: usize = 4096;

/// Longer than what the filter lets through of a packet.
const LENGTH: usize = 512;

/// A set of interfaces that is being watched, until it is dropped.
pub(super) struct Capture {
    seen: Vec<Sighting>,
    coming: mpsc::Receiver<Sighting>,
    /// Its closing ends the thread that reads.
    _stop: UnixStream,
}

/// A socket that is shown one interface's packets in one direction.
struct Watcher {
    socket: Socket,
    interface: String,
    direction: Direction,
}

impl Capture {
    /// Watches the interfaces, given by index and name, in the host's network namespace.
    ///
    /// Needs CAP_NET_RAW. Whatever passes after this returns is seen.
    pub(super) fn start(interfaces: &[(u32, String)]) -> io::Result<Self> {
        let interfaces = interfaces.to_vec();
        let watchers = walls::with_privileges(move || watchers(&interfaces))?;
        let (stop, stopped) = UnixStream::pair()?;
        let (seen, coming) = mpsc::channel(LIMIT);
        thread::Builder::new()
            .name("capture".to_owned())
            .spawn(move || drop(watch(&watchers, &stopped, &seen)))?;
        Ok(Self { seen: Vec::new(), coming, _stop: stop })
    }

    /// What has been seen so far.
    pub(super) fn seen(&self) -> &[Sighting] {
        &self.seen
    }

    /// Waits until something more has been seen.
    pub(super) async fn more(&mut self) {
        match self.coming.recv().await {
            Some(sighting) if self.seen.len() < LIMIT => self.seen.push(sighting),
            _ => std::future::pending().await,
        }
    }
}

fn watchers(interfaces: &[(u32, String)]) -> io::Result<Vec<Watcher>> {
    let mut watchers = Vec::new();
    for (index, name) in interfaces {
        for direction in [Direction::In, Direction::Out] {
            let socket = open(*index, direction)?;
            watchers.push(Watcher { socket, interface: name.clone(), direction });
        }
    }
    Ok(watchers)
}

fn open(interface: u32, direction: Direction) -> io::Result<Socket> {
    // Without link-layer headers: a tunnel has none.
    let socket =
        Socket::new(Domain::PACKET, Type::DGRAM, Some(Protocol::from(i32::from(EVERYTHING))))?;
    socket.set_nonblocking(true)?;
    // Such a socket is shown all interfaces from the start, and binding it to one takes an address
    // that safe Rust cannot write. The filter picks the interface out instead.
    socket.attach_filter(&filter::opening(interface, direction))?;
    // What came before the filter.
    while (&socket).read(&mut [0; 1]).is_ok() {}
    Ok(socket)
}

/// Hands on what the sockets are shown, until the other end of `stopped` is closed.
fn watch(
    watchers: &[Watcher],
    stopped: &UnixStream,
    seen: &mpsc::Sender<Sighting>,
) -> io::Result<()> {
    loop {
        let mut waiting: Vec<_> = watchers
            .iter()
            .map(|watcher| PollFd::new(&watcher.socket, PollFlags::IN))
            .chain([PollFd::new(stopped, PollFlags::IN)])
            .collect();
        match poll(&mut waiting, None) {
            Err(rustix::io::Errno::INTR) => continue,
            other => other?,
        };
        if waiting.last().is_some_and(|stopped| !stopped.revents().is_empty()) {
            return Ok(());
        }
        for (watcher, _) in
            watchers.iter().zip(&waiting).filter(|(_, ready)| !ready.revents().is_empty())
        {
            watcher.hand_on(seen);
        }
    }
}

impl Watcher {
    /// Hands on everything that the socket holds.
    fn hand_on(&self, seen: &mpsc::Sender<Sighting>) {
        let mut bytes = [0; LENGTH];
        // An error is an interface that went down, which concerns the others not at all, or the end
        // of what there is.
        while let Ok(length) = (&self.socket).read(&mut bytes) {
            if let Some(packet) = packet::read(bytes.get(..length).unwrap_or_default()) {
                let (interface, direction) = (self.interface.clone(), self.direction);
                // When too many wait to be looked at, what comes last is of the least interest.
                drop(seen.try_send(Sighting { interface, direction, packet }));
            }
        }
    }
}
