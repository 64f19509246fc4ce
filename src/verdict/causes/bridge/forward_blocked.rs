//! `forward-blocked`: the host's firewall drops or rejects what the bridge forwards.

use edgeprobe_probes::Observation;
use edgeprobe_probes::route::edge::{EdgeRouteFacts, Lookup};
use edgeprobe_probes::trace::{Stage, Trace};

use crate::verdict::Confidence;
use crate::verdict::attributes::{BesideAProxy, SameInALog, SeenByTheEngine, Subject};
use crate::verdict::catalogue::Text;
use crate::verdict::causes::bridge::edge::{
    about, at_each_edge, cut_off, filters_reverse_paths, next_hops, opens,
};
use crate::verdict::causes::bridge::firewall::written_by;
use crate::verdict::evidence::{EdgeReading, Evidence, Manner};
use crate::verdict::rule::{Finding, Rule};

pub(in crate::verdict::causes) const RULE: Rule = Rule {
    subject: Subject::Hub,
    beside_a_proxy: BesideAProxy::OnTheDirectWay,
    can_be_a_childs: true,
    keeps_out: &[],
    same_in_a_log: SameInALog::Cause,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_a_vpns: false,
    examine,
};

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let next = next_hops(evidence);
    at_each_edge(evidence, |edge| examine_edge(edge, &next))
}

fn examine_edge(edge: &EdgeReading<'_>, next: &[std::net::IpAddr]) -> Vec<Finding> {
    if !edge.opened.is_empty() {
        return opens(edge);
    }
    // Where the kernel itself has no way, or forwards nothing, no filter is needed to lose a packet.
    let has_a_way = edge
        .ways_to(next)
        // The kernel is not asked about IPv6, which the network does not have.
        .filter(|(_, way)| way.forward != Lookup::NotAsked)
        .all(|(_, way)| way.forward.way().is_some() && way.back.way().is_some());
    if !edge.is_cut_off() || !has_a_way || !forwards(edge) {
        return Vec::new();
    }
    if edge.taken_by_ipsec().is_some() {
        return Vec::new();
    }
    if let Some((seen, trace)) = taken(edge) {
        let variant = match trace.stage {
            Stage::RejectedByHost => "rejected",
            _ if trace.unwatched > 0 && trace.dropped_by.is_empty() => "unwatched",
            _ => "dropped",
        };
        let text = about(edge, variant).with("address", trace.destination.ip());
        let proof = cut_off(edge, by_rule(text, variant, trace))
            .supported_by([seen])
            .with_detail("rule", rule_text(trace));
        // Without a rule's name it may have left by another link, or IPsec may have it.
        let unsure = variant == "unwatched" || trace.dropped_by.is_empty() && edge.has_ipsec();
        return if unsure { proof.with_confidence(Confidence::Likely) } else { proof }.alone();
    }
    if let Some((seen, trace)) = edge.vanished(&[Stage::ReplyLost])
        && !filters_reverse_paths(edge, trace)
        && came_in_where_it_is_forwarded(edge, trace)
    {
        return cut_off(edge, about(edge, "replies")).supported_by([seen]).alone();
    }
    let is_silent = |(_, way): (_, &EdgeRouteFacts)| way.gateway_answers == Some(false);
    if !edge.traces.is_empty() || edge.ways_to(next).any(is_silent) {
        return Vec::new();
    }
    // Without a trace, an answer that says no at once can only be this host's: its own connections
    // are not refused. Silence leaves a missing translation possible as well.
    let refused = edge.cut_off.iter().all(|c| c.manner() == Some(Manner::Refused));
    cut_off(edge, about(edge, if refused { "refused" } else { "silent" }))
        .with_confidence(Confidence::Likely)
        .alone()
}

/// A packet that was lost on this host where a filter can have taken it, one whose rule is known
/// first: packets that are followed at once share the rules' counters.
fn taken<'o>(edge: &EdgeReading<'o>) -> Option<(&'o Observation, &'o Trace)> {
    let named = |trace: &Trace| !trace.dropped_by.is_empty();
    let stopped = |trace: &Trace| match trace.stage {
        Stage::LostInside | Stage::RejectedByHost => !edge.is_given_up(trace),
        // A filter may take it on its port of the bridge, and so may what is before it.
        Stage::NotEntered => named(trace),
        _ => false,
    };
    let mut lost: Vec<_> = edge.traces.iter().filter(|(_, trace)| stopped(trace)).collect();
    lost.sort_by_key(|(_, trace)| !named(trace));
    lost.first().map(|(seen, trace)| (*seen, *trace))
}

/// Whether the kernel forwards what comes in by the interface that the reply came in by.
fn came_in_where_it_is_forwarded(edge: &EdgeReading<'_>, trace: &Trace) -> bool {
    let (Some((_, tables)), Some(reply)) = (edge.tables, &trace.reply) else { return true };
    tables.link(&reply.interface).and_then(|link| link.forwarding) != Some(false)
}

/// Whether the kernel forwards from the bridge.
fn forwards(edge: &EdgeReading<'_>) -> bool {
    edge.tables.is_none_or(|(_, tables)| {
        let bridge = tables.link(&edge.network.bridge).and_then(|link| link.forwarding);
        tables.ip_forward != Some(false) && bridge != Some(false)
    })
}

/// The sentence that names the rule, where one is known to have dropped.
fn by_rule(text: Text, variant: &'static str, trace: &Trace) -> Text {
    let named = match variant {
        "rejected" => "rejected_by",
        _ => "dropped_by",
    };
    match trace.dropped_by.first() {
        Some(rule) => written_by(text.with_key(named).with("rule", &rule.text), rule),
        None => text,
    }
}

fn rule_text(trace: &Trace) -> Option<String> {
    trace.dropped_by.first().map(|rule| rule.text.clone())
}
