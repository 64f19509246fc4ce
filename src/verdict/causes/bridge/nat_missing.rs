//! `nat-missing`: bridge addresses leave the host untranslated.

use edgeprobe_facts::Observation;
use edgeprobe_facts::trace::{Stage, Trace};

use super::passage::Passage;
use crate::attributes::{Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy};
use crate::catalogue::{Text, Word};
use crate::causes::bridge::edge::{about, at_each_edge, cut_off, next_hops, opens};
use crate::causes::bridge::firewall::written_by;
use crate::evidence::{EdgeReading, Evidence};
use crate::rule::{Finding, Proof, Rule, refuted};
use crate::words::listed;

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Hub,
    with_a_proxy: WithAProxy::TheSame,
    applies_to_a_child: true,
    keeps_out: &[],
    same_in_a_log: SameInALog::Cause,
    peer_in_a_log: PeerInALog::Any,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_about_a_vpn: false,
    ended_by: Party::Device,
    examine,
};

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let next = next_hops(evidence);
    at_each_edge(evidence, |edge| match Passage::from_edge(edge, &next) {
        Passage::Opens => opens(edge),
        Passage::NotTranslated(seen, trace) => untranslated(edge, seen, trace).alone(),
        Passage::TranslatedToAnother(seen, trace) => stale(edge, seen, trace).alone(),
        _ => translated(edge),
    })
}

/// The translation is to an address that the host had before.
fn stale(edge: &EdgeReading<'_>, seen: &Observation, trace: &Trace) -> Proof {
    let left = trace.left.first();
    let source = left.map(|left| left.source.ip().to_string());
    let interface = left.map(|left| left.interface.as_str());
    let of_the_uplink = edge.tables.into_iter().flat_map(|(_, tables)| &tables.addresses);
    let own = of_the_uplink
        .filter(|own| Some(own.interface.as_str()) == interface && own.network.addr().is_ipv4())
        .map(|own| own.network.addr().to_string());
    let own: Vec<String> = own.collect();
    let rule = trace.translated_by.as_ref();
    let variant = if rule.is_some() { "stale_by" } else { "stale" };
    let text = about(edge, variant)
        .with_any("interface", interface)
        .with_any("source", source.clone())
        .with("present", listed(own.clone()));
    let text = match rule {
        Some(rule) => written_by(text.with("rule", &rule.text), rule),
        None => text,
    };
    let by_tables = edge.tables.iter().map(|(tables, _)| *tables);
    cut_off(edge, text)
        .supported_by([seen])
        .supported_by(by_tables)
        .with_detail("source", source)
        .with_detail("address", own)
        .with_detail("rule", rule.map(|rule| rule.text.clone()))
}

fn untranslated(edge: &EdgeReading<'_>, seen: &Observation, trace: &Trace) -> Proof {
    let unknown = || Text::new("interface.unknown").into();
    let interface = trace.left.first().map_or_else(unknown, |left| Word::from(&left.interface));
    let text = about(edge, "untranslated").with("interface", interface);
    cut_off(edge, text).supported_by([seen])
}

/// The refutation that packets which left were translated.
fn translated(edge: &EdgeReading<'_>) -> Vec<Finding> {
    let left = edge.vanished(&[Stage::NoReply, Stage::ReplyLost]);
    let left = left.filter(|_| edge.vanished(&[Stage::LeftUntranslated]).is_none());
    left.map_or_else(Vec::new, |(seen, _)| refuted(about(edge, "translated"), [seen]))
}
