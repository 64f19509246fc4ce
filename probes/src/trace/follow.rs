//! One attempt to connect, made in a place on a container network and watched from the host.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use edgeprobe_facts::route::edge::EdgeNetwork;
use edgeprobe_facts::route::tables::Tables;
use edgeprobe_facts::trace::{Neighbour, Stage, Trace};
use edgeprobe_facts::{Facts, Failure, Observation, Outcome, Step, Token, Vantage};
use tokio::net::TcpSocket;

use super::blame::{self, Readings};
use super::capture::Capture;
use super::stage::{Attempt, trace};
use super::watched::{Watched, watched};
use crate::recorder::{Recorder, Timeline, io_failure};
use crate::route::linux::lookup::{Query, look_up};
use crate::route::linux::netlink::Netlink;
use crate::route::linux::{index_of, link, neighbour, xfrm};
use crate::vantage::Place;

/// How long an attempt goes on without anything new: an opening without an answer is sent again
/// after 1 s and after 3 s (RFC 6298), and the second time shows no more than the third.
const QUIET: Duration = Duration::from_millis(3200);

/// What is left of the run's time for reading the rules again.
const SECOND_READING: Duration = Duration::from_millis(1200);

/// How long to go on watching once the attempt has ended: what it saw, the host saw before.
const AFTERMATH: Duration = Duration::from_millis(100);

/// Follows one attempt to connect from `place`, which is on `network`, to `destination`.
///
/// `tables` name the interfaces to watch: the bridge, and all that are up and no port of a bridge.
/// The attempt lasts until the answer is delivered, or until nothing new has been seen for a while.
/// The firewall's rules are read before it, and again when it was lost inside the host; `readings`
/// are shared by all attempts of a run. Needs CAP_NET_RAW in
/// the host's network namespace; skipped without. Fails at [`Step::Connect`] as the attempt does.
pub async fn follow(
    timeline: Timeline,
    vantage: &Vantage,
    network: &EdgeNetwork,
    place: &Place,
    tables: &Tables,
    destination: SocketAddrV4,
    readings: &Readings,
) -> Observation {
    let mut recorder = Recorder::start(timeline);
    let mut seen = Trace::unseen(destination);
    // Before the watching begins: nothing that passes in the meantime is of interest.
    let before = readings.before(timeline).await;
    let way = way_out(network, None, IpAddr::V4(*destination.ip()));
    let interface = way.as_ref().map(|way| way.interface.as_str());
    let Watched { links, left_out } = watched(tables, &network.bridge, interface);
    let ipsec = xfrm::errors();
    let capture = Capture::start(&links);
    let skipped = capture.is_err();
    let result = match capture {
        Err(_) => Ok(()),
        Ok(mut capture) => {
            let watching = watch(&mut capture, network, place, destination, &mut seen);
            recorder.step(Step::Connect, longest_attempt(timeline), watching).await
        }
    };
    seen.unwatched = left_out;
    seen.ipsec_errors = xfrm::risen(&ipsec, xfrm::errors());
    blame::add(&mut seen, timeline, (readings, before), &network.subnet).await;
    seen.silent_neighbour = silent_neighbour(network, &seen);
    let subject = destination.to_string();
    let facts = Facts::Trace(Box::new(seen));
    let mut observation = recorder.finish(vantage, &subject, subject.clone(), result, facts);
    if skipped {
        observation.outcome = Outcome::Skipped;
    }
    observation
}

/// How long the attempt may last at most: without the rules that it fell to, it says little.
fn longest_attempt(timeline: Timeline) -> Duration {
    let remaining = timeline.remaining();
    remaining.saturating_sub(SECOND_READING).max(remaining / 2).min(timeline.patience())
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
    let ended = if let Some(ended) = early {
        ended
    } else {
        let mut changed = tokio::time::Instant::now();
        loop {
            let now = trace(&attempt, capture.seen());
            if now != *seen {
                *seen = now;
                changed = tokio::time::Instant::now();
            }
            tokio::select! {
                ended = &mut connecting => break ended,
                () = capture.more() => {}
                () = tokio::time::sleep_until(changed + QUIET) => return Err(unanswered()),
            }
        }
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

fn unanswered() -> Failure {
    let detail = format!("no answer within {:.1} s", QUIET.as_secs_f64());
    Failure::new(Step::Connect, Token::TimedOut, detail)
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

/// The way that the kernel has for what came in by the bridge.
fn way_out(network: &EdgeNetwork, source: Option<IpAddr>, destination: IpAddr) -> Option<WayOut> {
    let mut netlink = Netlink::open().ok()?;
    let input = Some(index_of(&network.bridge).ok()?);
    let query = Query { destination, source: source.or_else(|| network.member()), input };
    let way = look_up(&mut netlink, &query).ok()?;
    let index = way.output?;
    let interface = link(&mut netlink, index).ok()?.name;
    Some(WayOut { interface, index, next: way.gateway.unwrap_or(destination) })
}

/// Where the kernel sends a packet, and to whom on that link.
struct WayOut {
    interface: String,
    index: u32,
    next: IpAddr,
}

/// Who is next on the kernel's way, where an attempt that did not leave waited for it in vain.
fn silent_neighbour(network: &EdgeNetwork, trace: &Trace) -> Option<Neighbour> {
    let waited = match trace.stage {
        Stage::LostInside => true,
        Stage::RejectedByHost => trace.is_given_up_by_the_kernel(),
        _ => false,
    };
    let source = IpAddr::V4(*trace.entered.filter(|_| waited)?.ip());
    let way = way_out(network, Some(source), IpAddr::V4(*trace.destination.ip()))?;
    let answers = neighbour::answers(way.index, way.next, Duration::ZERO).ok()?;
    (answers == Some(false)).then_some(Neighbour { interface: way.interface, address: way.next })
}

#[cfg(test)]
#[path = "follow_tests.rs"]
mod tests;
