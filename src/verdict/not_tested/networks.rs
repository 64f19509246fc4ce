//! What is not known of the container networks: what was not asked from there, what could not be
//! followed, what could not be read.

use std::net::IpAddr;

use edgeprobe_facts::engine::{EngineFacts, edge_networks};
use edgeprobe_facts::ruleset::Unread;
use edgeprobe_facts::trace::Stage;
use edgeprobe_facts::vantage::Means;
use edgeprobe_facts::{Facts, Observation, Outcome, Probe, Token, clean};

use super::Missing;
use crate::evidence::{Connection, EDGE_AGENT, EdgeReading, Evidence, View};
use crate::translation;
use edgeprobe_language::{Text, Word};

/// The container networks that no question was asked from. One that the runtime does not use is
/// not missed.
pub(super) fn networks(evidence: &Evidence<'_>) -> Vec<Missing> {
    let edges = evidence.edges();
    let left_out = edges.is_empty() && no_network(evidence) == "why.networks_left_out";
    let without_ipv4 = if left_out { Vec::new() } else { without_ipv4(evidence) };
    if edges.is_empty() && without_ipv4.is_empty() {
        let host = evidence.host();
        let failure = host.of(Probe::Engine).find_map(translation::failure);
        let why = Text::new(no_network(evidence));
        let why = failure.into_iter().fold(why, |why, failure| why.with("detail", failure));
        let missing = Missing::new(Text::new("not_tested.bridge"), why);
        return vec![missing.shown_by(host.of(Probe::Engine))];
    }
    edges
        .iter()
        .filter(|edge| !evidence.is_unused(&edge.view.vantage))
        .filter(|edge| edge.module().is_none_or(|module| evidence.has_its_own_options(module)))
        .filter_map(|edge| {
            let why = if !edge.is_joined() {
                not_joined(edge)
            } else if was_tried(&evidence.host()) && !edge.was_tried() {
                Text::new("why.unanswered")
            } else {
                return None;
            };
            let name = clean::line(&edge.network.name, 64);
            let what = match edge.module() {
                Some(module) => Text::new("not_tested.module").with("module", module),
                None => Text::new("not_tested.network").with("network", name),
            };
            Some(Missing::new(what, why).shown_by(edge.view.of(Probe::Vantage)))
        })
        .chain(without_ipv4)
        .chain(own_options(evidence))
        .collect()
}

/// Edge Agent's own place, where its create options make it another than that of the container which
/// stood for it.
fn own_options(evidence: &Evidence<'_>) -> Vec<Missing> {
    let stands_for_it = |seen: &&Observation| match &seen.facts {
        Facts::Vantage(facts) => matches!(facts.means, Some(Means::OwnContainer { .. })),
        _ => false,
    };
    let agent = evidence.agent();
    let seen = agent.of(Probe::Vantage).filter(stands_for_it);
    let seen: Vec<&Observation> =
        seen.filter(|_| evidence.has_its_own_options(EDGE_AGENT)).collect();
    let what = Text::new("not_tested.module").with("module", EDGE_AGENT);
    let missing = Missing::new(what, Text::new("why.own_place"));
    if seen.is_empty() { Vec::new() } else { vec![missing.shown_by(seen)] }
}

/// The runtime's network, or the default one in its place, where it has no IPv4: nothing is asked
/// from there.
fn without_ipv4(evidence: &Evidence<'_>) -> Vec<Missing> {
    let Some((seen, engine)) = evidence.engine() else { return Vec::new() };
    let networks = edge_networks(&engine.networks, evidence.target.network.as_deref());
    let own = networks.into_iter().next().filter(|network| {
        let has =
            |ipv4: bool| network.subnets.iter().any(|range| range.subnet.addr().is_ipv4() == ipv4);
        network.bridge.is_some() && has(false) && !has(true)
    });
    own.into_iter()
        .map(|network| {
            let name = clean::line(&network.name, 64);
            let what = Text::new("not_tested.network").with("network", name);
            Missing::new(what, Text::new("why.no_ipv4")).shown_by([seen])
        })
        .collect()
}

/// The container networks with IPv4 and IPv6 in which only a borrowed IPv4 address was asked from,
/// where the hub has IPv6 too.
pub(super) fn by_ipv6(evidence: &Evidence<'_>) -> Vec<Missing> {
    let has_ipv6 = evidence.host().hub_addresses().iter().any(IpAddr::is_ipv6);
    let borrowed = |edge: &&EdgeReading<'_>| {
        edge.view.all().any(|observation| match &observation.facts {
            Facts::Vantage(facts) => matches!(facts.means, Some(Means::BorrowedAddress { .. })),
            _ => false,
        })
    };
    let edges = evidence.edges();
    let edges = edges.iter().filter(|_| has_ipv6).filter(borrowed);
    edges
        .filter(|edge| evidence.gives_ipv6(edge.network) && !evidence.is_unused(&edge.view.vantage))
        .map(|edge| {
            let name = clean::line(&edge.network.name, 64);
            let what = Text::new("not_tested.ipv6").with("network", name);
            Missing::new(what, Text::new("why.ipv4_borrowed"))
                .shown_by(edge.view.of(Probe::Vantage))
        })
        .collect()
}

fn was_tried(host: &View<'_>) -> bool {
    !host.hub().is_empty()
}

/// The container networks whose packets are lost, and could not be followed from where they are
/// sent.
pub(super) fn traces(evidence: &Evidence<'_>) -> Vec<Missing> {
    let in_own_container = |edge: &&EdgeReading<'_>| {
        edge.view.all().any(|observation| match &observation.facts {
            Facts::Vantage(facts) => matches!(facts.means, Some(Means::OwnContainer { .. })),
            _ => false,
        })
    };
    let lost_by_ipv6 = |edge: &&EdgeReading<'_>| {
        let lost = |c: &Connection<'_>| c.facts.peer.is_ipv6() && !c.connected();
        evidence.gives_ipv6(edge.network) && edge.view.hub().iter().any(lost)
    };
    let by_ipv6 = evidence.edges();
    let by_ipv6 = by_ipv6
        .iter()
        .filter(lost_by_ipv6)
        .filter(|edge| !in_own_container(edge) && !evidence.is_unused(&edge.view.vantage))
        .map(|edge| {
            let name = clean::line(&edge.network.name, 64);
            let what = Text::new("not_tested.trace").with("network", name);
            let missing = Missing::new(what, Text::new("why.ipv6_not_followed"));
            missing.shown_by(edge.view.of(Probe::Vantage))
        })
        .collect::<Vec<_>>();
    evidence
        .edges()
        .iter()
        .filter(in_own_container)
        .filter(|edge| edge.is_cut_off() && !evidence.is_unused(&edge.view.vantage))
        .map(|edge| {
            let name = clean::line(&edge.network.name, 64);
            let what = Text::new("not_tested.trace").with("network", name);
            let missing = Missing::new(what, Text::new("why.not_followed"));
            missing.shown_by(edge.view.of(Probe::Vantage))
        })
        .chain(by_ipv6)
        .collect()
}

/// The tables that were read in part, and the engine's networks that were not.
pub(super) fn beyond_what_is_read(evidence: &Evidence<'_>) -> Vec<Missing> {
    let is_part = |seen: &Observation| seen.outcome != Outcome::Skipped;
    let tables = evidence.tables().filter(|(seen, tables)| is_part(seen) && !tables.complete);
    let tables = tables.map(|(seen, _)| {
        Missing::new(Text::new("not_tested.tables"), Text::new("why.tables_incomplete"))
            .shown_by([seen])
    });
    let networks = evidence.all().iter().find_map(|observation| match &observation.facts {
        Facts::Engine(facts) if facts.networks_left_out > 0 => {
            let what =
                Text::new("not_tested.more_networks").with("number", facts.networks_left_out);
            Some(Missing::new(what, Text::new("why.more_networks")).shown_by([observation]))
        }
        _ => None,
    });
    let containers = evidence.all().iter().find_map(|observation| match &observation.facts {
        Facts::Engine(facts) if facts.containers_left_out > 0 => {
            let number = facts.containers_left_out;
            let what = Text::new("not_tested.more_containers").with("number", number);
            Some(Missing::new(what, Text::new("why.more_containers")).shown_by([observation]))
        }
        _ => None,
    });
    tables.into_iter().chain(networks).chain(containers).collect()
}

/// The networks whose packets are lost where a rule may have had them, and no rule could be read.
pub(super) fn rules(evidence: &Evidence<'_>) -> Vec<Missing> {
    let unread = |edge: &EdgeReading<'_>| {
        let mut filtered = edge.traces.iter().filter(|(_, trace)| {
            matches!(trace.stage, Stage::LostInside | Stage::RejectedByHost | Stage::ReplyLost)
                && !edge.is_given_up(trace)
        });
        let named = edge.traces.iter().any(|(_, trace)| !trace.dropped_by.is_empty());
        let (seen, why) = filtered.find_map(|(seen, trace)| Some((*seen, trace.rules_unread?)))?;
        if named || evidence.is_unused(&edge.view.vantage) {
            return None;
        }
        let name = clean::line(&edge.network.name, 64);
        let what = Text::new("not_tested.rules").with("network", name);
        let why = match why {
            Unread::NoTool => "why.rules_no_tool",
            Unread::TooMany => "why.rules_too_many",
            Unread::TooSlow => "why.rules_too_slow",
            Unread::Failed => "why.rules_failed",
        };
        Some(Missing::new(what, Text::new(why)).shown_by([seen]))
    };
    evidence.edges().iter().filter_map(unread).collect()
}

/// Why nothing at all is known of a container network.
fn no_network(evidence: &Evidence<'_>) -> &'static str {
    if evidence.target.embedded {
        return "why.demonstration";
    }
    let host = evidence.host();
    let Some(engine) = host.of(Probe::Engine).next() else { return "why.networks_left_out" };
    let Facts::Engine(facts) = &engine.facts else { return "why.networks_left_out" };
    match (engine.outcome, engine.token()) {
        (Outcome::Skipped, Some(_)) => "why.engine_not_asked",
        (Outcome::Skipped, None) => "why.no_engine",
        (Outcome::Fail, Some(Token::EnginePermissionDenied)) => "why.engine_permission",
        (Outcome::Fail, _) => "why.engine_silent",
        (Outcome::Pass, _) if has_a_network(facts) => "why.networks_left_out",
        (Outcome::Pass, _) => "why.no_network",
    }
}

/// Whether the engine has a network of the runtime's that could have been asked about.
fn has_a_network(engine: &EngineFacts) -> bool {
    edge_networks(&engine.networks, None).into_iter().any(|network| {
        let ipv4 = network.subnets.iter().any(|range| range.subnet.addr().is_ipv4());
        ipv4 && network.bridge.is_some()
    })
}

/// Why the network was not joined, and what is known of it without that.
fn not_joined(edge: &EdgeReading<'_>) -> Text {
    let asked = edge.ways.iter().any(|(way, _)| way.outcome != Outcome::Skipped);
    let tried = edge.view.of(Probe::Vantage).find_map(reason);
    match (tried, asked) {
        (Some(reason), true) => Text::new("why.not_joined_kernel").with("reason", reason),
        (Some(reason), false) => Text::new("why.not_joined").with("reason", reason),
        (None, _) => Text::new("why.kernel_alone"),
    }
}

/// The failure as a sentence that other sentences may follow.
fn reason(vantage: &Observation) -> Option<Word> {
    let Word::Told { english, text } = translation::failure(vantage)? else { return None };
    let sentence = clean::line(&english, 240).replace(" hint: ", "; ");
    let mut letters = sentence.trim_end_matches('.').chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    Some(Word::Told { english: first.chain(letters).collect(), text })
}
