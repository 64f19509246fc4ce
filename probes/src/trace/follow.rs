//! One attempt to connect, made in a place on a container network and watched from the host.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use tokio::net::TcpSocket;

use super::Trace;
use super::blame;
use super::capture::Capture;
use super::stage::{Attempt, trace};
use crate::observation::{Facts, Failure, Observation, Outcome, Step, Token, Vantage};
use crate::recorder::{Recorder, Timeline, io_failure};
use crate::route::edge::EdgeNetwork;
use crate::route::linux::index_of;
use crate::route::tables::{LinkKind, Tables};
use crate::vantage::Place;

/// The most interfaces that are watched at once; a device has a handful besides its containers'.
const INTERFACES: usize = 24;

/// How long to go on watching once the attempt has ended: what it saw, the host saw before.
const AFTERMATH: Duration = Duration::from_millis(100);

/// Follows one attempt to connect from `place`, which is on `network`, to `destination`.
///
/// `tables` name the interfaces to watch: the bridge, and all that are up and no port of a bridge.
/// The attempt lasts until the answer is delivered, or for the run's patience. The firewall's rules
/// are read before it, and again when it was lost inside the host. Needs CAP_NET_RAW in
/// the host's network namespace; skipped without. Fails at [`Step::Connect`] as the attempt does.
pub async fn follow(
    timeline: Timeline,
    network: &EdgeNetwork,
    place: &Place,
    tables: &Tables,
    destination: SocketAddrV4,
) -> Observation {
    let mut recorder = Recorder::start(timeline);
    let mut seen = Trace::unseen(destination);
    // Before the watching begins: nothing that passes in the meantime is of interest.
    let before = blame::read(timeline).await;
    let capture = Capture::start(&interfaces(tables, &network.bridge));
    let skipped = capture.is_err();
    let result = match capture {
        Err(_) => Ok(()),
        Ok(mut capture) => {
            let watching = watch(&mut capture, network, place, destination, &mut seen);
            recorder.step(Step::Connect, timeline.patience(), watching).await
        }
    };
    blame::add(&mut seen, timeline, before, &network.subnet).await;
    let vantage = Vantage::Bridge(crate::clean::line(&network.name, 64));
    let subject = destination.to_string();
    let facts = Facts::Trace(Box::new(seen));
    let mut observation = recorder.finish(&vantage, &subject, subject.clone(), result, facts);
    if skipped {
        observation.outcome = Outcome::Skipped;
    }
    observation
}

/// Connects in the place and keeps `seen` up to date, until the answer is delivered or the attempt
/// ends.
async fn watch(
    capture: &mut Capture,
    network: &EdgeNetwork,
    place: &Place,
    destination: SocketAddrV4,
    seen: &mut Trace,
) -> Result<(), Failure> {
    let (bound, source_port) = tokio::sync::oneshot::channel();
    let connecting = place.run(move || connect(destination, bound));
    let mut connecting = std::pin::pin!(connecting);
    let mut attempt = Attempt { bridge: network.bridge.clone(), source_port: 0, destination };
    let mut source_port = std::pin::pin!(source_port);
    // The port is known before the first packet is sent.
    let early = tokio::select! {
        biased;
        port = &mut source_port => { attempt.source_port = port.unwrap_or(0); None }
        ended = &mut connecting => {
            // An attempt that is refused at once may end between the two looks.
            attempt.source_port = source_port.await.unwrap_or(0);
            Some(ended)
        }
    };
    let ended = match early {
        Some(ended) => ended,
        None => loop {
            *seen = trace(&attempt, capture.seen());
            tokio::select! {
                ended = &mut connecting => break ended,
                () = capture.more() => {}
            }
        },
    };
    // The attempt has ended; the last packets may still be on their way through the sockets.
    let settled = async {
        loop {
            *seen = trace(&attempt, capture.seen());
            if seen.is_whole() {
                break;
            }
            capture.more().await;
        }
    };
    let _ = tokio::time::timeout(AFTERMATH, settled).await;
    match ended {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(io_failure(Step::Connect, &error)),
        Err(error) => Err(Failure::new(
            Step::Connect,
            Token::IoError,
            crate::clean::line(&error.to_string(), 160),
        )),
    }
}

/// Connects from a port that is told before the first packet is sent.
async fn connect(
    destination: SocketAddrV4,
    bound: tokio::sync::oneshot::Sender<u16>,
) -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)))?;
    let port = socket.local_addr()?.port();
    if bound.send(port).is_err() {
        return Ok(());
    }
    socket.connect(destination.into()).await.map(drop)
}

/// The bridge first, then every interface that a packet could leave the host by.
fn interfaces(tables: &Tables, bridge: &str) -> Vec<(u32, String)> {
    let others = tables.links.iter().filter(|link| {
        link.up && link.master.is_none() && link.kind != LinkKind::Loopback && link.name != bridge
    });
    let names = std::iter::once(bridge).chain(others.map(|link| link.name.as_str()));
    names
        .filter_map(|name| Some((index_of(name).ok()?, name.to_owned())))
        .take(INTERFACES)
        .collect()
}

#[cfg(test)]
#[path = "follow_tests.rs"]
mod tests;
