//! An observation in a sentence.

use edgeprobe_facts::runtime::SourceState;
use edgeprobe_facts::trace::{Stage, Trace};
use edgeprobe_facts::vantage::Means;
use edgeprobe_facts::{Facts, Observation, Outcome, Role, Vantage};

use crate::language::{Language, Text, Word};
use crate::report::words::{say, word};
use crate::verdict;

/// At most this many observations are shown for a cause; the report has them all.
const MOST: usize = 6;

/// The observations that say most: failures before successes, each failure once.
///
/// A log's finding has its own sentence.
pub(in crate::report) fn the_telling<'o>(
    observations: impl Iterator<Item = &'o Observation>,
) -> Vec<&'o Observation> {
    let observations = observations.filter(|seen| !matches!(seen.facts, Facts::Logs(_)));
    let (mut telling, passed): (Vec<&Observation>, Vec<&Observation>) =
        observations.partition(|observation| observation.failed());
    telling.extend(passed);
    telling.truncate(MOST);
    telling
}

/// What was asked from where, and what came back.
pub(in crate::report) fn sentence(observation: &Observation, language: Language) -> String {
    let told = without_place(observation, language);
    match &observation.vantage {
        Vantage::Host => told,
        Vantage::Bridge(name) | Vantage::Module(name) => {
            say(&Text::new("from").with("network", name).with("sentence", told), language)
        }
    }
}

/// What was asked and what came back, without the place.
pub(super) fn without_place(observation: &Observation, language: Language) -> String {
    let failure = verdict::failure(observation);
    let (key, outcome) = match (&observation.facts, failure) {
        (Facts::Trace(trace), Some(_)) => ("packet_to", say(&stage(trace), language)),
        // A resolver's failure names the resolver and the name already.
        (Facts::Dns(_), Some(failure)) => return failure.said(language),
        (facts, failure) => {
            let way = matches!(facts, Facts::Route(_) | Facts::EdgeRoute(_));
            let outcome = failure.map(|failure| failure.said(language));
            let outcome = outcome.unwrap_or_else(|| said_well(observation, language));
            (if way { "way_to" } else { "subject_and_outcome" }, outcome)
        }
    };
    let subject = verdict::subject(observation);
    // Some failures begin with what failed.
    if outcome.starts_with(&format!("{}: ", subject.said(language))) {
        return outcome;
    }
    say(&Text::new(key).with("subject", subject).with("outcome", outcome), language)
}

fn said_well(observation: &Observation, language: Language) -> String {
    match (observation.outcome, &observation.facts) {
        // The absence of a name is an answer too.
        (Outcome::Skipped, facts) if !matches!(facts, Facts::Runtime(_)) => {
            word("not_asked", language)
        }
        (_, Facts::Dns(facts)) => {
            let addresses: Vec<String> = facts.ips().map(|ip| ip.to_string()).collect();
            addresses.join(", ")
        }
        _ => say(&success(observation), language),
    }
}

/// What a good answer consisted of.
fn success(observation: &Observation) -> Text {
    match &observation.facts {
        Facts::Route(facts) => match (&facts.interface, facts.gateway) {
            (Some(interface), Some(gateway)) => {
                Text::new("by_through").with("interface", interface).with("gateway", gateway)
            }
            (Some(interface), None) => Text::new("by").with("interface", interface),
            _ => Text::new("a_route"),
        },
        Facts::Tls(facts) | Facts::Websocket(facts) => {
            let parents = facts.role == Role::Parent;
            Text::new(match (&facts.amqp, &facts.mqtt) {
                (Some(_), _) if parents => "parent_answers_amqp",
                (None, Some(_)) if parents => "parent_answers_mqtt",
                (Some(_), _) => "amqp_answers",
                (None, Some(_)) => "mqtt_answers",
                (None, None) => "answered",
            })
        }
        Facts::Https(facts) => match &facts.http {
            Some(http) => Text::new("answered_http").with("status", http.status),
            None => Text::new("answered"),
        },
        Facts::Dns(_) => Text::new("answered"),
        Facts::Ports(facts) if facts.has_edge_hub() => Text::new("held_by_edge_hub"),
        Facts::Ports(_) => Text::new("free"),
        Facts::Clock(facts) => match facts.offset_s {
            Some(offset) => {
                Text::new("clocks_differ").with("seconds", Word::figure(offset.abs(), 1))
            }
            None => Text::new("not_compared"),
        },
        Facts::EdgeRoute(facts) => match facts.forward.interface() {
            Some(interface) => Text::new("forwarded_by").with("interface", interface),
            None => Text::new("not_asked"),
        },
        Facts::RouteTables(tables) => Text::new("tables")
            .with("links", tables.links.len())
            .with("routes", tables.routes.len())
            .with("rules", tables.rules.len()),
        Facts::Hostname(facts) => Text::new("hostname").with("name", &facts.name),
        Facts::Trace(trace) => stage(trace),
        Facts::Vantage(facts) => match &facts.means {
            Some(Means::Container { name }) => Text::new("in_place_of").with("container", name),
            Some(Means::BorrowedAddress { address, .. }) => {
                Text::new("borrowed").with("address", address)
            }
            Some(Means::OwnContainer { name }) => Text::new("in_own").with("container", name),
            None => Text::new("not_joined"),
        },
        Facts::Engine(facts) => match &facts.version {
            Some(version) => Text::new("engine").with("version", version),
            None => Text::new("engine_unknown"),
        }
        .with("containers", facts.containers.len()),
        Facts::Runtime(facts) => {
            let unread = facts.sources.iter().find(|source| source.state != SourceState::Read);
            match (facts.generation, unread) {
                (None, None) => Text::new("runtime_not_found"),
                (_, Some(source)) if source.state == SourceState::Unreadable => {
                    Text::new("runtime_unreadable").with("name", &source.name)
                }
                (_, Some(source)) => Text::new("runtime_broken")
                    .with("name", &source.name)
                    .with("detail", verdict::flaw(source)),
                (Some(_), None) => Text::new("runtime_found"),
            }
        }
        Facts::Registry(facts) => match (&facts.image, facts.last_answer()) {
            (Some(_), _) => Text::new("registry_serves"),
            (None, Some(answer)) => Text::new("registry_greets").with("status", answer.status),
            (None, None) => Text::new("answered"),
        },
        Facts::Logs(facts) => {
            Text::new("log_read").with("lines", facts.lines).with("findings", facts.findings.len())
        }
    }
}

/// How far a followed packet got.
fn stage(trace: &Trace) -> Text {
    let left = trace.left.first().map_or("?", |departure| departure.interface.as_str());
    Text::new(match trace.stage {
        Stage::NotEntered => "packet.not_entered",
        Stage::LostInside => "packet.lost_inside",
        Stage::RejectedByHost => "packet.rejected",
        Stage::AnsweredByHost => "packet.answered_here",
        Stage::LeftUntranslated => "packet.untranslated",
        Stage::NoReply => "packet.no_reply",
        Stage::ReplyLost => "packet.reply_lost",
        Stage::Delivered => "packet.delivered",
    })
    .with("interface", left)
}
