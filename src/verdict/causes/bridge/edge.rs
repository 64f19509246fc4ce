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
    let edges = evidence.edges();
    let found = edges.iter().map(|edge| {
        let used_by = evidence.used_by(&edge.view.vantage);
        let counts =
            |finding: &Finding| used_by != UsedBy::NoPart || matches!(finding, Finding::Proved(_));
        let findings = limited_by_use(used_by, examine(edge));
        (edge.module(), findings.into_iter().filter(counts).collect())
    });
    let found: Vec<(Option<&str>, Vec<Finding>)> = found.collect();
    // What a whole network has is not said of one of its containers.
    let is_proved =
        |findings: &[Finding]| findings.iter().any(|it| matches!(it, Finding::Proved(_)));
    let alone = !found.iter().any(|(module, findings)| module.is_none() && is_proved(findings));
    as_one(found.into_iter().map(|(module, findings)| match module.filter(|_| alone) {
        Some(module) => findings.into_iter().map(|finding| of_a_module(finding, module)).collect(),
        None => findings,
    }))
}

/// A finding that names the container whose place shows it.
fn of_a_module(finding: Finding, module: &str) -> Finding {
    match finding {
        Finding::Proved(proof) => Finding::Proved(proof.with_detail("module", module)),
        refuted @ Finding::Refuted { .. } => refuted,
    }
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

/// The same proof, at most likely where the tables were not read completely.
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

/// The addresses that Edge Agent's packets go to: its proxy's, the hub's, or both.
pub(in crate::causes) fn next_hops(evidence: &Evidence<'_>) -> Vec<IpAddr> {
    let proxies =
        if evidence.goes_direct() { Vec::new() } else { evidence.addresses_of_the_proxy() };
    if !proxies.is_empty() && evidence.needs_no_direct_way() {
        return proxies;
    }
    hub_addresses(evidence).into_iter().chain(proxies).collect()
}
