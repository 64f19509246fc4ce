//! By which way would this device send to an address?

#[cfg(target_os = "linux")]
pub(crate) mod linux;
mod portable;

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[cfg(target_os = "linux")]
use self::linux::way_to;
#[cfg(not(target_os = "linux"))]
use self::portable::way_to;
use crate::observation::{Facts, Failure, Observation, Step, Vantage};
use crate::recorder::{Recorder, Timeline, io_failure};

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
    tokio::task::spawn_blocking(move || way_to(destination, patience))
        .await
        .unwrap_or_else(|panicked| Err(io::Error::other(panicked)))
        .map_err(|error| io_failure(Step::Route, &error))
}
