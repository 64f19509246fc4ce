//! An observation in a sentence.

use edgeprobe_probes::trace::{Stage, Trace};
use edgeprobe_probes::vantage::Means;
use edgeprobe_probes::{Facts, Observation, Outcome, Vantage};

/// At most this many observations are shown for a cause; the report has them all.
const MOST: usize = 6;

/// The observations that say most: failures before successes, each failure once.
pub(super) fn the_telling<'o>(
    observations: impl Iterator<Item = &'o Observation>,
) -> Vec<&'o Observation> {
    let (mut telling, passed): (Vec<&Observation>, Vec<&Observation>) =
        observations.partition(|observation| observation.failed());
    telling.extend(passed);
    telling.truncate(MOST);
    telling
}

/// What was asked from where, and what came back.
pub(super) fn sentence(observation: &Observation) -> String {
    let place = match &observation.vantage {
        Vantage::Host => String::new(),
        Vantage::Bridge(name) => format!("from {name}: "),
    };
    match (&observation.facts, &observation.failure) {
        (Facts::Trace(trace), Some(_)) => {
            format!("{place}a packet to {}: {}", observation.target, stage(trace))
        }
        (Facts::Route(_) | Facts::EdgeRoute(_), _) => {
            format!("{place}the way to {}: {}", observation.target, outcome(observation))
        }
        // A resolver's failure names the resolver and the name already.
        (Facts::Dns(_), Some(failure)) => format!("{place}{}", failure.detail),
        _ => format!("{place}{}: {}", observation.target, outcome(observation)),
    }
}

fn outcome(observation: &Observation) -> String {
    match (observation.outcome, &observation.failure) {
        (_, Some(failure)) => failure.detail.clone(),
        (Outcome::Skipped, None) => "not asked".to_owned(),
        (_, None) => success(observation),
    }
}

/// What a good answer consisted of.
fn success(observation: &Observation) -> String {
    match &observation.facts {
        Facts::Dns(facts) => {
            let addresses: Vec<String> = facts.ips().map(|ip| ip.to_string()).collect();
            addresses.join(", ")
        }
        Facts::Route(facts) => match (&facts.interface, facts.gateway) {
            (Some(interface), Some(gateway)) => format!("by {interface} through {gateway}"),
            (Some(interface), None) => format!("by {interface}"),
            _ => "there is a route".to_owned(),
        },
        Facts::Tls(facts) | Facts::Websocket(facts) => match (&facts.amqp, &facts.mqtt) {
            (Some(_), _) => "IoT Hub answers in AMQP".to_owned(),
            (None, Some(_)) => "IoT Hub answers in MQTT".to_owned(),
            (None, None) => "answered".to_owned(),
        },
        Facts::Https(facts) => match &facts.http {
            Some(http) => format!("answered with HTTP status {}", http.status),
            None => "answered".to_owned(),
        },
        Facts::Ports(facts) if facts.held_by_edge_hub => "held by Edge Hub".to_owned(),
        Facts::Ports(_) => "free".to_owned(),
        Facts::Clock(facts) => match facts.offset_s {
            Some(offset) => format!("the clocks differ by {:.1} s", offset.abs()),
            None => "not compared".to_owned(),
        },
        Facts::EdgeRoute(facts) => match facts.forward.interface() {
            Some(interface) => format!("forwarded by {interface}"),
            None => "not asked".to_owned(),
        },
        Facts::RouteTables(tables) => format!(
            "{} links, {} routes, {} rules",
            tables.links.len(),
            tables.routes.len(),
            tables.rules.len()
        ),
        Facts::Trace(trace) => stage(trace),
        Facts::Vantage(facts) => match &facts.means {
            Some(Means::Container { name }) => format!("in the place of container {name}"),
            Some(Means::BorrowedAddress { address, .. }) => format!("borrowed {address}"),
            None => "not joined".to_owned(),
        },
        Facts::Engine(facts) => {
            let version = facts.version.as_deref().unwrap_or("of unknown version");
            format!("engine {version}, {} containers running", facts.containers.len())
        }
        Facts::Runtime(facts) => match facts.generation {
            Some(_) => "the runtime's configuration was found".to_owned(),
            None => "no configuration of the runtime was found".to_owned(),
        },
    }
}

/// How far a followed packet got.
fn stage(trace: &Trace) -> String {
    let left = trace.left.first();
    let by = left.map_or("?", |departure| departure.interface.as_str());
    match trace.stage {
        Stage::NotEntered => "it never reached the bridge".to_owned(),
        Stage::LostInside => "it reached the bridge and left by no interface".to_owned(),
        Stage::RejectedByHost => "it reached the bridge, and this host refused it".to_owned(),
        Stage::AnsweredByHost => "something on this host answered in the hub's place".to_owned(),
        Stage::LeftUntranslated => {
            format!("it left by {by} with its private address, and nothing came back")
        }
        Stage::NoReply => format!("it left by {by}, translated, and nothing came back"),
        Stage::ReplyLost => "an answer came back to this host and never reached the bridge".into(),
        Stage::Delivered => "the answer reached the bridge".to_owned(),
    }
}
