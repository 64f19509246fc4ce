//! IPsec without an interface: the kernel's policies, which take packets by their addresses.

use std::net::IpAddr;

use edgeprobe_facts::Observation;
use edgeprobe_facts::route::tables::{IpsecDirection, IpsecPolicy, Tables};
use edgeprobe_facts::trace::{Stage, Trace};

use super::EdgeReading;

/// The kernel's counters of what IPsec drops on the way out, and on the way in.
const OUT: [&str; 3] = ["XfrmOut", "XfrmFwd", "XfrmAcquire"];
const IN: [&str; 4] = ["XfrmInTmpl", "XfrmInNoPols", "XfrmInPol", "XfrmFwd"];

/// A packet of a network's that was lost where IPsec can have taken it.
pub(crate) struct Taken<'o> {
    pub(crate) seen: &'o Observation,
    pub(crate) trace: &'o Trace,
    /// The policy that is for it; none where only the counters speak.
    pub(crate) policy: Option<&'o IpsecPolicy>,
    /// The kernel's counters that rose meanwhile.
    pub(crate) counters: Vec<&'o str>,
}

impl<'o> EdgeReading<'o> {
    /// Whether the kernel has policies that take packets at all.
    pub(crate) fn has_ipsec(&self) -> bool {
        self.tables.is_some_and(|(_, tables)| {
            policies(tables).any(|policy| policy.encrypts || policy.blocks)
        })
    }

    /// A followed packet that no rule of the firewall dropped, and that a policy is for, or that
    /// IPsec counted as an error.
    pub(crate) fn taken_by_ipsec(&self) -> Option<Taken<'o>> {
        // Packets that are followed at once share the rules' counters.
        if self.traces.iter().any(|(_, trace)| !trace.dropped_by.is_empty()) {
            return None;
        }
        let taken = self.traces.iter().copied().filter_map(|(seen, trace)| {
            let (direction, names) = match trace.stage {
                Stage::LostInside | Stage::RejectedByHost => (IpsecDirection::Out, OUT.as_slice()),
                Stage::ReplyLost => (IpsecDirection::Forward, IN.as_slice()),
                _ => return None,
            };
            if self.is_given_up(trace) {
                return None;
            }
            let own = IpAddr::V4(*trace.entered?.ip());
            let hub = IpAddr::V4(*trace.destination.ip());
            let (source, destination) = match direction {
                IpsecDirection::Out => (own, hub),
                _ => (hub, own),
            };
            let policy = self
                .tables
                .and_then(|(_, tables)| decides(tables, direction, source, destination))
                .filter(|policy| policy.encrypts || policy.blocks);
            let is_one = |name: &&str| names.iter().any(|prefix| name.starts_with(prefix));
            let counters: Vec<&str> =
                trace.ipsec_errors.keys().map(String::as_str).filter(is_one).collect();
            let found = policy.is_some() || !counters.is_empty();
            found.then_some(Taken { seen, trace, policy, counters })
        });
        // One whose policy is known says more than a counter, which others raise too.
        taken.min_by_key(|taken| taken.policy.is_none())
    }
}

fn policies(tables: &Tables) -> impl Iterator<Item = &IpsecPolicy> {
    tables.ipsec.iter().flatten()
}

/// The policy that the kernel asks for such a packet: of those that are for it, the one of the
/// smallest number.
fn decides(
    tables: &Tables,
    direction: IpsecDirection,
    source: IpAddr,
    destination: IpAddr,
) -> Option<&IpsecPolicy> {
    policies(tables)
        .filter(|policy| {
            policy.direction == direction
                && policy.source.contains(&source)
                && policy.destination.contains(&destination)
        })
        .min_by_key(|policy| policy.priority)
}
