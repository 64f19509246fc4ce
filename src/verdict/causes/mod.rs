//! The causes: one folder for each stage of the way, one file for each cause, each with what it
//! declares of itself, its proof, its refutation and what it explains.

mod bridge;
mod device;
mod hub;
mod names;
mod ports;
mod proxy;
mod services;
mod shared;
mod table;
mod tls;
mod uplink;

pub use table::{CauseId, UnknownCause};

use super::evidence::Evidence;
use super::nested;
use super::rule::Finding;

/// What the rules say of every cause that a device like this one can have, in the order of the table.
pub(super) fn findings(evidence: &Evidence<'_>) -> Vec<(CauseId, Finding)> {
    let ids = CauseId::ALL.iter().filter(|id| nested::applies(**id, evidence.target));
    ids.flat_map(|id| (id.rule().examine)(evidence).into_iter().map(|it| (*id, it))).collect()
}
