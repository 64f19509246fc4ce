//! What a run says nothing of, and why.

use std::net::IpAddr;

use edgeprobe_probes::engine::{EngineFacts, edge_networks};
use edgeprobe_probes::registry::CredentialUse;
use edgeprobe_probes::ruleset::Unread;
use edgeprobe_probes::runtime::{Part, SourceState};
use edgeprobe_probes::trace::Stage;
use edgeprobe_probes::vantage::Means;
use edgeprobe_probes::{Facts, Observation, Outcome, Probe, Role, Token, clean};

use super::NotTested;
use super::catalogue::message;
use super::cut_short;
use super::evidence::{Connection, EdgeReading, Evidence, View};
use super::reach::{Agent, Hub};
use super::rule::ids;
use super::told;
use super::words::listed;
use crate::language::{Language, Text, Word};

/// How many silences are named of those that were cut short.
const MOST_SUBJECTS: usize = 4;

/// Something that was not examined, and the observations that show why.
struct Missing {
    what: Text,
    why: Text,
    evidence: Vec<String>,
}

impl Missing {
    fn new(what: Text, why: Text) -> Self {
        Self { what, why, evidence: Vec::new() }
    }

    fn shown_by<'o>(self, observations: impl IntoIterator<Item = &'o Observation>) -> Self {
        Self { evidence: ids(observations), ..self }
    }
}

/// What this run says nothing of, in the order of the way to the hub. `aside` was given too little
/// time; `unsure` says that a cause is no more than likely, so that what would decide is missed.
pub(super) fn not_tested(
    evidence: &Evidence<'_>,
    aside: &[Observation],
    (agent, hub): (&Agent, Hub),
    unsure: bool,
    language: Language,
) -> Vec<NotTested> {
    let mut missing: Vec<Missing> = Vec::new();
    let plain = |what, why| Missing::new(Text::new(what), Text::new(why));
    match agent {
        Agent::Unknown if evidence.target.hub.is_empty() => {
            missing.push(plain("not_tested.hub", "why.no_hub"));
        }
        Agent::Unknown => missing.push(plain("not_tested.hub", "why.left_out")),
        Agent::Nameless => {
            let view = evidence.agent();
            // Where another vantage knows an address, connections to it were made from here too.
            if view.hub().is_empty() {
                let names = view.answers(Role::Hub).map(|answer| answer.observation);
                missing.push(plain("not_tested.connections", "why.nameless").shown_by(names));
            }
        }
        _ => {}
    }
    missing.extend(cut_short(evidence, aside));
    missing.extend(networks(evidence));
    missing.extend(by_ipv6(evidence));
    if evidence.is_without_the_host() {
        missing.push(plain("not_tested.host", "why.host_left_out"));
    }
    missing.extend(beyond_what_is_read(evidence));
    missing.extend(rules(evidence));
    if is_told_by_nobody(evidence) {
        missing.push(plain("not_tested.proxy", "why.proxy_unseen"));
    }
    if unsure {
        missing.extend(traces(evidence));
    }
    if hub == Hub::Unknown {
        let taken: Vec<&Observation> =
            evidence.ports().map(|(port, _)| port).filter(|port| port.failed()).collect();
        let why = if taken.is_empty() { "why.left_out" } else { "why.unseen_holders" };
        missing.push(plain("not_tested.ports", why).shown_by(taken));
    }
    let wanted = with_token(evidence, Token::ClientCertificateWanted);
    if !wanted.is_empty() {
        let websocket = plain("not_tested.websocket", "why.client_certificate");
        missing.push(websocket.shown_by(wanted));
    }
    missing.extend(containers_trust(evidence));
    let denied = with_token(evidence, Token::EnginePermissionDenied);
    if !denied.is_empty() {
        missing.push(plain("not_tested.engine", "why.engine_permission").shown_by(denied));
    }
    missing.extend(configuration(evidence));
    missing.extend(images(evidence));
    missing.extend(registries(evidence));
    missing.extend(logs(evidence));
    let told = |missing: Missing| NotTested {
        what: message(&missing.what, language),
        why: message(&missing.why, language),
        evidence: missing.evidence,
    };
    missing.into_iter().map(told).collect()
}

/// What this run's own time was too short for.
fn cut_short(evidence: &Evidence<'_>, aside: &[Observation]) -> Option<Missing> {
    let all = evidence.all().iter().chain(aside);
    let missed: Vec<&Observation> = all.filter(|seen| cut_short::is_missed(seen)).collect();
    let mut subjects: Vec<Word> = Vec::new();
    for subject in missed.iter().map(|seen| told::subject(seen)) {
        if !subjects.contains(&subject) {
            subjects.push(subject);
        }
    }
    subjects.truncate(MOST_SUBJECTS);
    let what = Text::new("cut_short.not_tested").with("subjects", listed(subjects));
    let why = Text::new("cut_short.why");
    (!missed.is_empty()).then(|| Missing::new(what, why).shown_by(missed))
}

/// The files of the runtime and of what it stands on that say nothing, at most three of them.
fn configuration(evidence: &Evidence<'_>) -> Vec<Missing> {
    let runtime = evidence.all().iter().find_map(|observation| match &observation.facts {
        Facts::Runtime(facts) => Some((observation, facts)),
        _ => None,
    });
    let sources = runtime
        .into_iter()
        .flat_map(|(seen, facts)| facts.sources.iter().map(move |source| (seen, source)));
    sources
        .filter_map(|(seen, source)| {
            let why = match source.state {
                SourceState::Read => return None,
                SourceState::Unreadable => Text::new("why.unreadable_configuration"),
                SourceState::Broken => {
                    Text::new("why.broken_configuration").with("detail", told::flaw(source))
                }
            };
            let name = clean::line(&source.name, 160);
            let what = Text::new("not_tested.configuration").with("name", name);
            Some(Missing::new(what, why).shown_by([seen]))
        })
        .take(3)
        .collect()
}

/// Whether Edge Agent depends on a proxy that only this run is known to be told of.
fn is_told_by_nobody(evidence: &Evidence<'_>) -> bool {
    let settings = evidence.target.proxy_settings(evidence.all());
    let hub = &evidence.target.hub;
    let seen = settings
        .iter()
        .any(|setting| setting.part == Part::EdgeAgent && setting.proxy_to(hub, 443).is_some());
    let closed = !evidence.agent().hub().iter().any(Connection::works);
    evidence.is_carried() && closed && !seen
}

/// The images whose registry wants credentials that it was not given.
fn images(evidence: &Evidence<'_>) -> Vec<Missing> {
    evidence
        .registries()
        .iter()
        .filter(|reading| reading.wants_credentials())
        .map(|reading| {
            let why = match reading.facts.credentials {
                CredentialUse::Absent => "why.registry_absent",
                CredentialUse::Helper => "why.registry_helper",
                CredentialUse::Withheld => "why.registry_withheld",
                CredentialUse::NotAsked | CredentialUse::Unneeded | CredentialUse::Sent => {
                    "why.registry_anonymous"
                }
            };
            let registry = &reading.facts.registry;
            let what = Text::new("not_tested.image").with("image", reading.facts.whole());
            let why = Text::new(why).with("registry", registry);
            Missing::new(what.with("registry", registry), why).shown_by([reading.observation])
        })
        .collect()
}

/// The registries that were asked in vain by a proxy, which may serve the engine all the same.
fn registries(evidence: &Evidence<'_>) -> Vec<Missing> {
    let readings = evidence.registries();
    let asked_in_vain = readings.iter().filter(|reading| evidence.failed_otherwise(reading));
    let mut missing: Vec<Missing> = Vec::new();
    let mut known: Vec<&str> = Vec::new();
    for reading in asked_in_vain {
        let registry = reading.facts.registry.as_str();
        let Some(proxy) = reading.facts.failing_proxy().filter(|_| !known.contains(&registry))
        else {
            continue;
        };
        known.push(registry);
        let what = Text::new("not_tested.registry").with("registry", registry);
        let why = match proxy.part {
            Part::Engine => "why.registry_proxy_secret",
            _ => "why.registry_proxy",
        };
        let why = Text::new(why).with("proxy", proxy.url.to_string());
        missing.push(Missing::new(what, why).shown_by([reading.observation]));
    }
    missing
}

/// The logs that somebody asked for and that were not read.
fn logs(evidence: &Evidence<'_>) -> Vec<Missing> {
    let unread = evidence.unread_logs().into_iter().map(|(observation, facts)| {
        let what = Text::new("not_tested.log").with("name", clean::line(&facts.source, 160));
        let reason = observation.failure.as_ref().map(|failure| failure.detail.as_str());
        let why = match observation.token() {
            Some(Token::TimedOut) => Text::new("why.log_unfinished"),
            _ => Text::new("why.log_unreadable")
                .with("detail", format!("`{}`", clean::line(reason.unwrap_or("?"), 200))),
        };
        Missing::new(what, why).shown_by([observation])
    });
    unread.take(3).collect()
}

fn with_token<'o>(evidence: &Evidence<'o>, token: Token) -> Vec<&'o Observation> {
    evidence.all().iter().filter(|observation| observation.token() == Some(token)).collect()
}

/// What stands under the certificate of the hub or the parent, where that is a root which containers
/// need not have: their stores are in their images, out of sight.
fn containers_trust(evidence: &Evidence<'_>) -> Option<Missing> {
    let connections = evidence.agent().hub();
    let (what, why, certified) = if evidence.target.parent.is_some() {
        let unverified = connections.iter().find(|c| c.leaf().is_some() && !c.is_accepted());
        ("not_tested.parent", "why.parents_authority", unverified?)
    } else {
        let private = connections.iter().find(|c| c.is_foreign() && c.is_accepted());
        ("not_tested.trust", "why.stores_of_images", private?)
    };
    let issuer = certified.leaf().map(|leaf| leaf.issuer.as_str()).unwrap_or_default();
    let missing = Missing::new(Text::new(what).with("issuer", issuer), Text::new(why));
    Some(missing.shown_by([certified.observation]))
}

/// The container networks that no question was asked from. One that the runtime does not use is
/// not missed.
fn networks(evidence: &Evidence<'_>) -> Vec<Missing> {
    let edges = evidence.edges();
    let left_out = edges.is_empty() && no_network(evidence) == "why.networks_left_out";
    let without_ipv4 = if left_out { Vec::new() } else { without_ipv4(evidence) };
    if edges.is_empty() && without_ipv4.is_empty() {
        let why = Text::new(no_network(evidence));
        let host = evidence.host();
        let missing = Missing::new(Text::new("not_tested.bridge"), why);
        return vec![missing.shown_by(host.of(Probe::Engine))];
    }
    edges
        .iter()
        .filter(|edge| !evidence.is_spare(&edge.view.vantage))
        .filter_map(|edge| {
            let why = if !edge.is_joined() {
                not_joined(edge)
            } else if was_tried(&evidence.host()) && !edge.was_tried() {
                Text::new("why.unanswered")
            } else {
                return None;
            };
            let name = clean::line(&edge.network.name, 64);
            let missing = Missing::new(Text::new("not_tested.network").with("network", name), why);
            Some(missing.shown_by(edge.view.of(Probe::Vantage)))
        })
        .chain(without_ipv4)
        .collect()
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

/// The container networks that have IPv6 beside IPv4, where the hub has it too and an address was
/// borrowed: that is an IPv4 address alone.
fn by_ipv6(evidence: &Evidence<'_>) -> Vec<Missing> {
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
        .filter(|edge| evidence.gives_ipv6(edge.network) && !evidence.is_spare(&edge.view.vantage))
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
fn traces(evidence: &Evidence<'_>) -> Vec<Missing> {
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
        .filter(|edge| !in_own_container(edge) && !evidence.is_spare(&edge.view.vantage))
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
        .filter(|edge| edge.is_cut_off() && !evidence.is_spare(&edge.view.vantage))
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
fn beyond_what_is_read(evidence: &Evidence<'_>) -> Vec<Missing> {
    let tables = evidence.tables().filter(|(_, tables)| !tables.complete);
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
    tables.into_iter().chain(networks).collect()
}

/// The networks whose packets are lost where a rule may have had them, and no rule could be read.
fn rules(evidence: &Evidence<'_>) -> Vec<Missing> {
    let unread = |edge: &EdgeReading<'_>| {
        let mut filtered = edge.traces.iter().filter(|(_, trace)| {
            matches!(trace.stage, Stage::LostInside | Stage::RejectedByHost | Stage::ReplyLost)
                && !edge.is_given_up(trace)
        });
        let named = edge.traces.iter().any(|(_, trace)| !trace.dropped_by.is_empty());
        let (seen, why) = filtered.find_map(|(seen, trace)| Some((*seen, trace.rules_unread?)))?;
        if named || evidence.is_spare(&edge.view.vantage) {
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
        (Outcome::Skipped, _) => "why.no_engine",
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

/// Why the network was not joined, and what is known of it all the same.
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
    let Word::Told { english, text } = told::failure(vantage)? else { return None };
    let sentence = clean::line(&english, 240).replace(" hint: ", "; ");
    let mut letters = sentence.trim_end_matches('.').chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    Some(Word::Told { english: first.chain(letters).collect(), text })
}
