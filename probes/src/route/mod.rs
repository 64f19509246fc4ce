//! By which way would this device send to an address?

pub mod author;
pub mod decision;
pub mod edge;
#[cfg(target_os = "linux")]
pub(crate) mod linux;
pub mod overlap;
mod portable;
mod ppp;
pub mod signature;
pub mod tables;
#[cfg(test)]
pub(crate) mod testing;
mod text;
pub mod vpn;

use std::net::IpAddr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[cfg(target_os = "linux")]
use self::linux as platform;
#[cfg(target_os = "linux")]
pub use self::linux::Changes;
#[cfg(not(target_os = "linux"))]
use self::portable as platform;
use self::tables::Tables;
use crate::observation::{Facts, Failure, Observation, Outcome, Step, Vantage};
use crate::recorder::{Recorder, Timeline, io_failure};
use crate::{blocking, own};

/// The kernel's own answer for one destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RouteFacts {
    /// The destination.
    #[serde(rename = "network.peer.address")]
    pub destination: IpAddr,
    /// The source address that the kernel would use.
    #[serde(rename = "network.local.address", default, skip_serializing_if = "Option::is_none")]
    pub source: Option<IpAddr>,
    /// The interface that the packet would leave by.
    #[serde(rename = "network.interface.name", default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// The gateway of that interface, when the destination is not on its own link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<IpAddr>,
    /// Whether the gateway answers on its link (ARP, NDP); absent when the kernel has not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway_answers: Option<bool>,
    /// The MTU of the way as this device knows it, in bytes: the route's, else the interface's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
    /// The routing table that the way comes from; 254 is the main table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<u32>,
}

impl RouteFacts {
    /// A destination of which nothing is known, because the kernel has no way there.
    fn unknown(destination: IpAddr) -> Self {
        Self {
            destination,
            source: None,
            interface: None,
            gateway: None,
            gateway_answers: None,
            mtu: None,
            table: None,
        }
    }
}

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
