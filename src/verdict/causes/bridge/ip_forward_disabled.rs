//! `ip-forward-disabled`: the kernel forwards nothing from the bridge, or nothing to it.

use std::net::IpAddr;

use super::passage::{NotForwarded, Passage};
use crate::attributes::{
    KeptOut, Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy,
};
use crate::causes::bridge::edge::{about, at_each_edge, cut_off, next_hops, opens};
use crate::evidence::{EdgeReading, Evidence};
use crate::rule::{Finding, Rule, refuted};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Device,
    with_a_proxy: WithAProxy::TheSame,
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
    let bridge = edge.network.bridge.as_str();
    let (variant, interface) = match Passage::from_edge(edge, next) {
        Passage::Opens => return opens(edge),
        Passage::NotForwarded(NotForwarded::Anywhere) => ("everywhere", bridge),
        Passage::NotForwarded(NotForwarded::FromTheBridge) => ("bridge", bridge),
        Passage::NotForwarded(NotForwarded::FromTheUplink(uplink)) => ("uplink", uplink),
        _ if tables.ip_forward == Some(true) => return refuted(about(edge, "on"), [observation]),
        _ => return Vec::new(),
    };
    let text = about(edge, variant).with("interface", interface);
    let followed = edge.traces.iter().map(|(seen, _)| *seen).filter(|_| variant == "uplink");
    cut_off(edge, text).supported_by(edge.kernels_word()).supported_by(followed).alone()
}
