//! What the rules about container networks have in common.

use std::net::IpAddr;

use super::shared::{as_one, observations, only_warning};
use crate::verdict::Effect;
use crate::verdict::catalogue::Text;
use crate::verdict::evidence::{EdgeReading, Evidence};
use crate::verdict::rule::{Finding, Proof};

/// Asks a rule of each container network, and makes one finding of what it says of them.
///
/// One that any network shows is not refuted by another. What only a network shows that the runtime
/// does not use, the engine's default one beside its own, keeps nothing of the runtime from working,
/// and what it refutes says nothing of the runtime's own.
pub(super) fn at_each_edge<'o>(
    evidence: &Evidence<'o>,
    examine: impl Fn(&EdgeReading<'o>) -> Vec<Finding>,
) -> Vec<Finding> {
    as_one(evidence.edges().iter().map(|edge| {
        let findings = examine(edge);
        if evidence.is_spare(&edge.view.vantage) { spare(findings) } else { findings }
    }))
}

/// The findings of a network that the runtime does not use.
fn spare(findings: Vec<Finding>) -> Vec<Finding> {
    let proved = |finding: &Finding| matches!(finding, Finding::Proved(_));
    only_warning(findings).into_iter().filter(proved).collect()
}

/// A sentence about one network.
pub(super) fn about(edge: &EdgeReading<'_>, variant: &'static str) -> Text {
    let bridge = edge.network.bridge.clone();
    Text::new(variant)
        .with("network", edgeprobe_probes::clean::line(&edge.network.name, 64))
        .with("subnet", edge.network.subnet)
        .with("bridge", bridge)
}

/// A proof that the network is cut off: it explains all that fails from there.
pub(super) fn cut_off(edge: &EdgeReading<'_>, text: Text) -> Proof {
    Proof::confirmed(Effect::Blocks, text, observations(&edge.cut_off))
        .explaining(edge.failures())
        .with_detail("network", edgeprobe_probes::clean::line(&edge.network.name, 64))
}

/// The refutation that connections from the network open.
pub(super) fn opens(edge: &EdgeReading<'_>) -> Vec<Finding> {
    crate::verdict::rule::refuted(about(edge, "opens"), observations(&edge.opened))
}

/// The hub's addresses as the host knows them.
pub(super) fn hub_addresses(evidence: &Evidence<'_>) -> Vec<IpAddr> {
    evidence.host().hub_addresses()
}

/// Where a network's packets are to go on Edge Agent's way: to its proxy, to the hub, or to both.
pub(super) fn next_hops(evidence: &Evidence<'_>) -> Vec<IpAddr> {
    let proxies =
        if evidence.goes_direct() { Vec::new() } else { evidence.addresses_of_the_proxy() };
    if !proxies.is_empty() && evidence.needs_no_direct_way() {
        return proxies;
    }
    hub_addresses(evidence).into_iter().chain(proxies).collect()
}
