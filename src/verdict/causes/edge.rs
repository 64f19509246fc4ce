//! What the rules about container networks have in common.

use std::net::IpAddr;

use super::shared::{joined, observations};
use crate::verdict::Effect;
use crate::verdict::catalogue::Text;
use crate::verdict::evidence::{EdgeReading, Evidence};
use crate::verdict::rule::{Finding, Proof};

/// Asks a rule of each container network. A cause that takes several networks in the same way is
/// one cause, told of the first; one that any network shows is not refuted by another.
pub(super) fn at_each_edge<'o>(
    evidence: &Evidence<'o>,
    examine: impl Fn(&EdgeReading<'o>) -> Vec<Finding>,
) -> Vec<Finding> {
    let (proved, refuted): (Vec<Finding>, Vec<Finding>) = evidence
        .edges()
        .iter()
        .flat_map(examine)
        .partition(|finding| matches!(finding, Finding::Proved(_)));
    if proved.is_empty() {
        return refuted.into_iter().take(1).collect();
    }
    let mut causes: Vec<Proof> = Vec::new();
    for finding in proved {
        let Finding::Proved(proof) = finding else { continue };
        let known = causes.iter().position(|known| known.summary.key() == proof.summary.key());
        match known.map(|index| causes.remove(index)) {
            Some(known) => causes.push(joined(known, proof)),
            None => causes.push(proof),
        }
    }
    causes.into_iter().map(Finding::Proved).collect()
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
