//! `ip-forward-disabled`: the kernel forwards nothing from the bridge, or nothing to it.

use std::net::IpAddr;

use edgeprobe_facts::route::edge::Lookup;
use edgeprobe_facts::route::tables::Tables;
use edgeprobe_facts::trace::Stage;

use crate::attributes::{
    BesideAProxy, KeptOut, Party, PeerInALog, SameInALog, SeenByTheEngine, Subject,
};
use crate::causes::bridge::edge::{about, at_each_edge, cut_off, next_hops, opens};
use crate::evidence::{EdgeReading, Evidence};
use crate::rule::{Finding, Rule, refuted};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Device,
    beside_a_proxy: BesideAProxy::TheSame,
    applies_to_a_child: true,
    keeps_out: &[KeptOut::CutOff],
    same_in_a_log: SameInALog::Cause,
    peer_in_a_log: PeerInALog::Any,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_about_a_vpn: false,
    ended_by: Party::Device,
    examine,
};

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let next = next_hops(evidence);
    at_each_edge(evidence, |edge| examine_edge(edge, &next))
}

fn examine_edge(edge: &EdgeReading<'_>, next: &[IpAddr]) -> Vec<Finding> {
    let Some((observation, tables)) = edge.tables else { return Vec::new() };
    if !edge.opened.is_empty() {
        return opens(edge);
    }
    let bridge = tables.link(&edge.network.bridge).and_then(|link| link.forwarding);
    let (variant, interface) = match (tables.ip_forward, bridge) {
        (Some(false), _) => ("everywhere", edge.network.bridge.as_str()),
        (_, Some(false)) => ("bridge", edge.network.bridge.as_str()),
        (known, _) => match (uplink(edge, tables, next), known) {
            (Some(uplink), _) => ("uplink", uplink),
            (None, Some(true)) => return refuted(about(edge, "on"), [observation]),
            (None, _) => return Vec::new(),
        },
    };
    let text = about(edge, variant).with("interface", interface);
    let followed = edge.traces.iter().map(|(seen, _)| *seen).filter(|_| variant == "uplink");
    cut_off(edge, text).supported_by(edge.kernels_word()).supported_by(followed).alone()
}

/// The interface that packets of the network leave by, where the kernel forwards none of the answers
/// that come in by it.
fn uplink<'o>(edge: &EdgeReading<'o>, tables: &Tables, next: &[IpAddr]) -> Option<&'o str> {
    // What is lost before it leaves, or comes back to the bridge, is not lost for this.
    let comes_back = edge.traces.is_empty() || edge.vanished(&[Stage::ReplyLost]).is_some();
    edge.ways_to(next)
        .filter(|(_, way)| comes_back && !matches!(way.reply, Lookup::Found(_)))
        .filter_map(|(_, way)| way.forward.interface())
        .find(|name| tables.link(name).and_then(|link| link.forwarding) == Some(false))
}
