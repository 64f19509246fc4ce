//! IPsec that takes a container network's traffic by the kernel's policies, without an interface.

use edgeprobe_facts::route::tables::IpsecDirection;
use edgeprobe_facts::route::vpn::Vpn;
use serde_json::json;

use super::network::of_the_network;
use crate::Confidence;
use crate::causes::bridge::edge::{about, cut_off};
use crate::evidence::EdgeReading;
use crate::rule::Proof;
use crate::words;

/// The proof that IPsec took a followed packet: it is lost on this host, no firewall rule dropped
/// it, and a policy matches it or the kernel's IPsec error counters rose.
pub(super) fn examine(edge: &EdgeReading<'_>) -> Option<Proof> {
    if !edge.is_cut_off() {
        return None;
    }
    let taken = edge.taken_by_ipsec()?;
    let text = |variant| about(edge, variant).with("vpn", words::vpn(Vpn::Ipsec));
    let text = match taken.policy {
        Some(policy) if policy.direction == IpsecDirection::Out => {
            text("ipsec").with("policy", policy.to_string())
        }
        Some(policy) => text("ipsec_return").with("policy", policy.to_string()),
        None => text("ipsec_errors").with("counters", words::listed(taken.counters.clone())),
    };
    // An unread rule may have dropped it, or an unwatched link may have carried it.
    let sure = taken.policy.is_some()
        && taken.trace.unwatched == 0
        && (!taken.counters.is_empty()
            || taken.trace.masqueraded.is_some() && taken.trace.rules_unread.is_none());
    let confidence = if sure { Confidence::Confirmed } else { Confidence::Likely };
    let tables = edge.tables.map(|(seen, _)| seen);
    let proof = cut_off(edge, text)
        .supported_by([taken.seen])
        .supported_by(tables)
        .with_confidence(confidence)
        .with_detail("mechanism", json!("ipsec-policy"))
        .with_detail("rule", taken.policy.map(ToString::to_string));
    Some(of_the_network(edge, proof))
}
