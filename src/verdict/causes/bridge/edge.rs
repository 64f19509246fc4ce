//! What the rules about container networks have in common.

use std::net::IpAddr;

use crate::catalogue::Text;
use crate::causes::shared::{as_one, limited_by_use, observations};
use crate::evidence::{EdgeReading, Evidence, UsedBy};
use crate::rule::{Finding, Proof};
use crate::{Confidence, Effect};

/// Asks a rule of each container network, and makes one finding of what it says of them.
///
/// A proof from one network is not refuted by another. A network that the runtime does not use (the
/// engine's default network, or every network where the runtime uses the host's) can only warn, and
/// its refutations do not count.
pub(in crate::causes) fn at_each_edge<'o>(
    evidence: &Evidence<'o>,
    examine: impl Fn(&EdgeReading<'o>) -> Vec<Finding>,
) -> Vec<Finding> {
    as_one(evidence.edges().iter().map(|edge| {
        let used_by = evidence.used_by(&edge.view.vantage);
        let counts =
            |finding: &Finding| used_by != UsedBy::NoPart || matches!(finding, Finding::Proved(_));
        limited_by_use(used_by, examine(edge)).into_iter().filter(counts).collect()
    }))
}

/// A sentence about one network.
pub(in crate::causes) fn about(edge: &EdgeReading<'_>, variant: &'static str) -> Text {
    let bridge = edge.network.bridge.clone();
    Text::new(variant)
        .with("network", edgeprobe_facts::clean::line(&edge.network.name, 64))
        .with("subnet", edge.network.subnet)
        .with("bridge", bridge)
        .with("default_bridge", is_default(&edge.network.name))
}

/// Whether the network is the engine's default one, which cannot be removed and created again.
pub(in crate::causes) fn is_default(network: &str) -> &'static str {
    if network == "bridge" { "yes" } else { "no" }
}

/// A proof that the network is cut off: it explains all that fails from there.
pub(in crate::causes) fn cut_off(edge: &EdgeReading<'_>, text: Text) -> Proof {
    Proof::confirmed(Effect::Blocks, text, observations(&edge.cut_off))
        .explaining(edge.failures())
        .with_detail("network", edgeprobe_facts::clean::line(&edge.network.name, 64))
}

/// The same proof, no more than likely where it rests on tables that were not read whole.
pub(in crate::causes) fn as_the_tables_allow(edge: &EdgeReading<'_>, proof: Proof) -> Proof {
    match edge.tables {
        Some((_, tables)) if !tables.complete => proof.with_confidence(Confidence::Likely),
        _ => proof,
    }
}

/// The refutation that connections from the network open.
pub(in crate::causes) fn opens(edge: &EdgeReading<'_>) -> Vec<Finding> {
    crate::rule::refuted(about(edge, "opens"), observations(&edge.opened))
}

/// The hub's addresses as the host knows them.
pub(in crate::causes) fn hub_addresses(evidence: &Evidence<'_>) -> Vec<IpAddr> {
    evidence.host().hub_addresses()
}

/// Where a network's packets are to go on Edge Agent's way: to its proxy, to the hub, or to both.
pub(in crate::causes) fn next_hops(evidence: &Evidence<'_>) -> Vec<IpAddr> {
    let proxies =
        if evidence.goes_direct() { Vec::new() } else { evidence.addresses_of_the_proxy() };
    if !proxies.is_empty() && evidence.needs_no_direct_way() {
        return proxies;
    }
    hub_addresses(evidence).into_iter().chain(proxies).collect()
}
