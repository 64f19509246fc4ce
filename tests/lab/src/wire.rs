//! A tunnel between two hosts: a tun device at each end and a thread each way that carries packets.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::process::Command;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use tappers::{Interface, Tun};

use crate::link::{End, raise};
use crate::name::passing_interface;
use crate::topology::Line;
use crate::{Error, Result, command};

/// Larger than any packet of the lab.
const LARGEST_PACKET: usize = 65_536;

/// Joins two hosts by a pair of tun devices that hold each packet for `delay`, and lose, delay and
/// reorder packets as the line does.
///
/// The threads end with the hosts: the read fails when the interface is gone.
pub(crate) fn join(left: End<'_>, right: End<'_>, delay: Duration, line: Line) -> Result<()> {
    let near = Arc::new(place(left)?);
    let far = Arc::new(place(right)?);
    carry(Arc::clone(&near), Arc::clone(&far), Fate::new(delay, line));
    carry(far, near, Fate::new(delay, line));
    Ok(())
}

/// A tunnel whose other end has died: the device is up and what goes in never comes out.
pub(crate) struct DeadEnd(#[expect(dead_code, reason = "held open, never read")] Tun);

impl fmt::Debug for DeadEnd {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DeadEnd")
    }
}

/// Gives a host such a tunnel, for as long as the value is kept.
pub(crate) fn dead_end(end: End<'_>) -> Result<DeadEnd> {
    place(end).map(DeadEnd)
}

/// Makes a tun device and moves it to its host under its proper name.
fn place(end: End<'_>) -> Result<Tun> {
    // It is born here, with a name of passage. Should this process die now, it dies too.
    let passing = passing_interface();
    let fail = |source| Error::Tun { name: end.interface.to_owned(), source };
    let tun = Interface::new(&passing).and_then(Tun::new_named).map_err(fail)?;
    let mut to_host = Command::new("ip");
    to_host.args(["link", "set", &passing, "netns", &end.host.pid().to_string()]);
    to_host.args(["name", end.interface]);
    command::succeed(&mut to_host, "")?;
    raise(end)?;
    Ok(tun)
}

/// What becomes of each packet, drawn anew in every lab.
struct Fate {
    delay: Duration,
    line: Line,
    random: RandomState,
    drawn: u64,
}

impl Fate {
    fn new(delay: Duration, line: Line) -> Self {
        Self { delay, line, random: RandomState::new(), drawn: 0 }
    }

    /// How long the next packet is under way; nothing where it is lost.
    fn next(&mut self) -> Option<Duration> {
        let Line { loss, jitter, reordering } = self.line;
        if self.draw() < loss {
            return None;
        }
        let later = jitter.mul_f64(self.draw());
        // What is overtaken comes a round trip late, or a little where there is none.
        let overtaken = self.draw() < reordering;
        let held = if overtaken { self.delay.max(Duration::from_millis(1)) * 2 } else { later };
        Some(self.delay + held)
    }

    /// A number from 0 to 1.
    fn draw(&mut self) -> f64 {
        self.drawn += 1;
        let bits = u32::try_from(self.random.hash_one(self.drawn) >> 32).unwrap_or_default();
        f64::from(bits) / f64::from(u32::MAX)
    }
}

/// A packet under way; the one that is due first is the greatest.
#[derive(PartialEq, Eq)]
struct Packet {
    due: Reverse<Instant>,
    number: Reverse<u64>,
    bytes: Vec<u8>,
}

impl Ord for Packet {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.due, self.number).cmp(&(other.due, other.number))
    }
}

impl PartialOrd for Packet {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Carries packets one way: one thread reads and notes the time, one writes when it is due.
fn carry(from: Arc<Tun>, to: Arc<Tun>, mut fate: Fate) {
    let (sender, receiver) = mpsc::channel::<Packet>();
    thread::spawn(move || {
        let mut buffer = vec![0; LARGEST_PACKET];
        let mut number = 0;
        while let Ok(length) = from.recv(&mut buffer) {
            let Some(delay) = fate.next() else { continue };
            let bytes = buffer.get(..length).unwrap_or_default().to_vec();
            number += 1;
            let due = Reverse(Instant::now() + delay);
            if sender.send(Packet { due, number: Reverse(number), bytes }).is_err() {
                return;
            }
        }
    });
    thread::spawn(move || deliver(&receiver, &to));
}

fn deliver(arriving: &mpsc::Receiver<Packet>, to: &Tun) {
    let mut under_way: BinaryHeap<Packet> = BinaryHeap::new();
    loop {
        let wait = under_way.peek().map(|first| {
            let Reverse(due) = first.due;
            due.saturating_duration_since(Instant::now())
        });
        let arrived = match wait {
            None => arriving.recv().map_err(|_| mpsc::RecvTimeoutError::Disconnected),
            Some(wait) => arriving.recv_timeout(wait),
        };
        match arrived {
            Ok(packet) => under_way.push(packet),
            Err(mpsc::RecvTimeoutError::Disconnected) => return,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                // The far interface may be down: then the packet is lost, as on any wire.
                let _ = under_way.pop().map(|packet| to.send(&packet.bytes));
            }
        }
    }
}
