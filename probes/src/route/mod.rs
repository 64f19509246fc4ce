//! By which way would this device send to an address?

pub mod edge;
#[cfg(target_os = "linux")]
pub(crate) mod linux;
mod portable;

use std::net::IpAddr;
use std::time::Duration;

use edgeprobe_facts::route::RouteFacts;
use edgeprobe_facts::route::tables::Tables;
use edgeprobe_facts::{Facts, Failure, Observation, Outcome, Step, Vantage};

#[cfg(target_os = "linux")]
use self::linux as platform;
#[cfg(target_os = "linux")]
pub use self::linux::Changes;
#[cfg(all(target_os = "linux", feature = "fuzzing"))]
pub use self::linux::fuzzing;
#[cfg(not(target_os = "linux"))]
use self::portable as platform;
use crate::recorder::{Recorder, Timeline, io_failure};
use crate::{blocking, own};

/// Asks the kernel by which way it would send to `destination`. Nothing is sent.
///
/// Fails at [`Step::Route`] with the kernel's own word: `network_unreachable`, `host_unreachable`,
/// `prohibited` or `blackholed`.
pub async fn probe(timeline: Timeline, vantage: &Vantage, destination: IpAddr) -> Observation {
    let mut recorder = Recorder::start(timeline);
    let patience = timeline.patience();
    let answer = recorder.step(Step::Route, patience, ask(destination, patience / 2)).await;
    let (result, facts) = match answer {
        Ok(facts) => (Ok(()), facts),
        Err(failure) => (Err(failure), RouteFacts::unknown(destination)),
    };
    let subject = destination.to_string();
    recorder.finish(vantage, &subject, subject.clone(), result, Facts::Route(facts))
}

/// Asks on a thread that may block; it is in the same network namespace as the one that asks.
async fn ask(destination: IpAddr, patience: Duration) -> Result<RouteFacts, Failure> {
    blocking::run(move || platform::way_to(destination, patience))
        .await
        .flatten()
        .map_err(|error| io_failure(Step::Route, &error))
}

/// Reads every link, address, route and rule of the vantage. No privilege is needed.
///
/// Skipped where they cannot be read: a sandbox without netlink, or another system than Linux.
pub async fn probe_tables(timeline: Timeline, vantage: &Vantage) -> Observation {
    let mut recorder = Recorder::start(timeline);
    let work = async {
        let read = blocking::run(platform::read_tables).await;
        read.map_err(|error| io_failure(Step::Route, &error))
    };
    let read = recorder.step(Step::Route, timeline.patience(), work).await;
    let (result, tables, skipped) = match read {
        Ok(Ok(tables)) => (Ok(()), tables, false),
        // What this process itself lacks is a reason.
        Ok(Err(error)) if own::token(&error).is_some() => {
            (Err(io_failure(Step::Route, &error)), Tables::default(), true)
        }
        Ok(Err(_)) => (Ok(()), Tables::default(), true),
        Err(failure) => (Err(failure), Tables::default(), false),
    };
    let facts = Facts::RouteTables(Box::new(tables));
    let mut observation = recorder.finish(vantage, "all", "links, routes and rules", result, facts);
    if skipped {
        observation.outcome = Outcome::Skipped;
    }
    observation
}
