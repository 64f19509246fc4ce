//! `bridge-no-route`: no route from the bridge/NAT network to the hub, no VPN involved.

use std::net::IpAddr;

use edgeprobe_facts::route::decision::{Flow, decide};
use edgeprobe_facts::route::edge::{EdgeRouteFacts, Lookup};
use edgeprobe_facts::route::signature::{Direction, Mechanism};
use edgeprobe_facts::trace::{Stage, Trace};
use edgeprobe_facts::{Facts, Observation, Role};

use crate::attributes::{
    KeptOut, Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy,
};
use crate::catalogue::Text;
use crate::causes::bridge::edge::{
    about, as_the_tables_allow, at_each_edge, cut_off, next_hops, opens,
};
use crate::causes::shared::{failures, observations, peers, those};
use crate::evidence::{Connection, EDGE_AGENT, EdgeReading, Evidence, View, ends_here};
use crate::rule::{Finding, Proof, Rule, refuted};
use crate::translation;
use crate::words::priority_ahead_of;
use crate::{Confidence, Effect};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Hub,
    with_a_proxy: WithAProxy::OnTheHostsRoutes,
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
    let host = evidence.host();
    at_each_edge(evidence, |edge| {
        if !edge.opened.is_empty() {
            return opens(edge);
        }
        let kept_inside = || is_kept_inside(evidence, edge);
        let inside = || lacks_its_own_route(edge, &next);
        let other_family = lacks_the_hosts_family(edge, &host, &evidence.target.hub);
        match other_family.or_else(kept_inside).or_else(inside) {
            Some(proof) => proof.alone(),
            None => examine_edge(edge, &next),
        }
    })
}

fn examine_edge(edge: &EdgeReading<'_>, next: &[IpAddr]) -> Vec<Finding> {
    // The kernel is not asked about IPv6, which the network does not have.
    let asked = |(_, way): &(&Observation, &EdgeRouteFacts)| {
        (&way.forward, &way.host) != (&Lookup::NotAsked, &Lookup::NotAsked)
    };
    for (observation, way) in edge.ways_to(next).filter(asked) {
        if way.host.way().is_none() {
            // The host has no way either, and that fault comes first.
            return Vec::new();
        }
        let mechanisms = edge.mechanisms(way.destination);
        let leads = |direction| {
            let leads = |it: &&Mechanism| it.vpn.is_none() && it.direction == direction;
            mechanisms.iter().find(leads)
        };
        let mechanism = leads(Direction::Forward);
        let text =
            |variant, by| written_by(about(edge, variant), by).with("address", way.destination);
        let refused = |text: Text, token, detail: &str| {
            cut_off(edge, text.with("failure", translation::refusal(token, detail)))
                .supported_by([observation])
                .supported_by(edge.kernels_word())
                .alone()
        };
        if let Lookup::Refused { token, detail } = &way.forward {
            let variant = if mechanism.is_some() { "refused_by" } else { "refused" };
            return refused(text(variant, mechanism), *token, detail);
        }
        let answers = leads(Direction::Return);
        if let (Lookup::Refused { token, detail }, Some(_)) = (&way.back, answers) {
            return refused(text("answers_refused", answers), *token, detail);
        }
        // A way that is not the host's own, and on which the packets are lost.
        let elsewhere = way.forward.interface() != way.host.interface();
        if let (true, Some(_), Some(next)) = (elsewhere, mechanism, edge.silent_neighbour(way)) {
            let text = text("gateway", mechanism)
                .with("interface", &next.interface)
                .with("gateway", next.address);
            let followed = edge.traces.iter().map(|(seen, _)| *seen);
            let proof = cut_off(edge, text)
                .supported_by([observation])
                .supported_by(followed)
                .supported_by(edge.kernels_word());
            return as_the_tables_allow(edge, proof).alone();
        }
        let is_lost = |trace: &Trace| match trace.stage {
            _ if IpAddr::V4(*trace.destination.ip()) != way.destination => false,
            Stage::NoReply | Stage::LostInside => true,
            Stage::RejectedByHost => edge.is_given_up(trace),
            _ => false,
        };
        let lost = edge.traces.iter().copied().find(|(_, trace)| is_lost(trace));
        if let (true, Some(_), Some((trace, _))) = (elsewhere, mechanism, lost) {
            let text = text("elsewhere", mechanism);
            let proof = cut_off(edge, text).supported_by([observation, trace]);
            return as_the_tables_allow(edge, proof).alone();
        }
    }
    let found: Vec<_> = edge
        .ways_to(next)
        .filter(|(_, way)| way.forward.way().is_some())
        .map(|(observation, _)| observation)
        .collect();
    if found.is_empty() { Vec::new() } else { refuted(about(edge, "found"), found) }
}

/// The engine keeps the network from the world outside, by rules or for want of a route.
fn is_kept_inside(evidence: &Evidence<'_>, edge: &EdgeReading<'_>) -> Option<Proof> {
    let (engine, _) = evidence.engine().filter(|_| edge.is_internal && edge.is_cut_off())?;
    Some(cut_off(edge, about(edge, "internal")).supported_by([engine]))
}

/// The container itself has no route there: its own routes were changed.
fn lacks_its_own_route(edge: &EdgeReading<'_>, next: &[IpAddr]) -> Option<Proof> {
    let (seen, tables) = edge.view.all().find_map(|seen| match &seen.facts {
        Facts::Vantage(facts) => Some((seen, facts.tables.as_deref()?)),
        _ => None,
    })?;
    let leads = |address: &IpAddr| {
        let decided = decide(tables, &Flow::own(*address));
        decided.is_some_and(|decision| !decision.rejects())
    };
    let tried = edge.cut_off.iter().map(|connection| connection.facts.peer);
    let mut asked = tried.filter(|peer| peer.is_ipv4() && next.contains(peer));
    let address = asked.find(|address| !leads(address))?;
    let module = edge.module().unwrap_or(EDGE_AGENT);
    let text = about(edge, "inside").with("module", module).with("address", address);
    Some(cut_off(edge, text).supported_by([seen]))
}

/// The sentence with the rule or else the route that sends the packets there.
fn written_by(text: Text, mechanism: Option<&Mechanism>) -> Text {
    let Some(mechanism) = mechanism else { return text };
    let rule = mechanism.rule.as_ref();
    let shown = rule.map(ToString::to_string);
    let shown = shown.or_else(|| mechanism.routes.first().map(ToString::to_string));
    let text = text.with("rule", shown.unwrap_or_default());
    let text = text.with_any("rule_priority", rule.map(|rule| rule.priority));
    let ahead = rule.and_then(priority_ahead_of);
    text.with_any("priority", ahead)
}

/// The host reaches the hub by IPv6 alone, and the network has IPv4 alone, for which the host has no
/// working way.
fn lacks_the_hosts_family(edge: &EdgeReading<'_>, host: &View<'_>, hub: &str) -> Option<Proof> {
    let own: Vec<Connection<'_>> = host.connections(Role::Hub).collect();
    let opened = those(&own, Connection::connected);
    let theirs: Vec<Connection<'_>> = edge.view.connections(Role::Hub).collect();
    // A VPN that stops IPv4 has its own cause.
    let by_a_vpn = edge.ways.iter().any(|(_, way)| {
        edge.mechanisms(way.destination).iter().any(|mechanism| mechanism.vpn.is_some())
    });
    if !edge.lacks_the_hosts_family || by_a_vpn {
        return None;
    }
    let ways = edge.ways.iter().filter(|(_, way)| way.destination.is_ipv4());
    let refused: Vec<&Observation> = ways
        .filter(|(_, way)| matches!(way.host, Lookup::Refused { .. }))
        .map(|(seen, _)| *seen)
        .collect();
    let ended = host.ways_out().into_iter().filter(|(_, way)| way.destination.is_ipv4());
    let ended: Vec<&Observation> = ended.filter(ends_here).map(|(seen, _)| seen).collect();
    // Otherwise something beyond this host may be what stops IPv4.
    let is_certain = !refused.is_empty() || !ended.is_empty();
    if !is_certain && theirs.is_empty() {
        return None;
    }
    let text = about(edge, "ipv4_alone").with("address", peers(&opened)).with("hub", hub);
    let confidence = if is_certain { Confidence::Confirmed } else { Confidence::Likely };
    let proof = Proof::confirmed(Effect::Blocks, text, observations(&theirs))
        .supported_by(observations(&opened))
        .supported_by(refused)
        .supported_by(ended.iter().copied())
        .explaining(edge.failures())
        .explaining(ended.iter().copied().filter(|way| way.failed()))
        .explaining(failures(&those(&own, |it| it.facts.peer.is_ipv4())))
        .with_confidence(confidence)
        .with_detail("network", edgeprobe_facts::clean::line(&edge.network.name, 64));
    Some(proof)
}
