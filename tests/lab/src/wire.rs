//! A tunnel between two hosts: a tun device at each end and a thread each way that carries packets.

use std::fmt;
use std::process::Command;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use tappers::{Interface, Tun};

use crate::link::{End, raise};
use crate::name::passing_interface;
use crate::{Error, Result, command};

/// Larger than any packet of the lab.
const LARGEST_PACKET: usize = 65_536;

/// Joins two hosts by a pair of tun devices that hold each packet for `delay`.
///
/// The threads end with the hosts: the read fails when the interface is gone.
pub(crate) fn join(left: End<'_>, right: End<'_>, delay: Duration) -> Result<()> {
    let near = Arc::new(place(left)?);
    let far = Arc::new(place(right)?);
    carry(Arc::clone(&near), Arc::clone(&far), delay);
    carry(far, near, delay);
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

/// Carries packets one way: one thread reads and notes the time, one writes when it is due.
fn carry(from: Arc<Tun>, to: Arc<Tun>, delay: Duration) {
    let (sender, receiver) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut buffer = vec![0; LARGEST_PACKET];
        while let Ok(length) = from.recv(&mut buffer) {
            let packet = buffer.get(..length).unwrap_or_default().to_vec();
            if sender.send((Instant::now() + delay, packet)).is_err() {
                return;
            }
        }
    });
    thread::spawn(move || {
        for (due, packet) in receiver {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            // The far interface may be down: then the packet is lost, as on any wire.
            let _ = to.send(&packet);
        }
    });
}
