//! The verdict in a sentence.

use edgeprobe_facts::{Observation, Role};
use edgeprobe_language::{Language, Text};

use super::catalogue::message;
use super::evidence::{Connection, Evidence};
use super::reach::{self, Agent, Hub};
use super::status::lacks_a_hub;
use super::{Cause, Effect, Status, cut_short, modules_unasked, own_lack};

/// The verdict in a sentence: the first cause's own, unless it only warns.
pub(super) fn summary(
    evidence: &Evidence<'_>,
    not_judged: &[Observation],
    status: Status,
    (agent, hub): (&Agent, Hub),
    causes: &[Cause],
    language: Language,
) -> String {
    let graver = causes.iter().find(|cause| cause.effect != Effect::Warns);
    if let Some(cause) = graver.filter(|_| status != Status::Inconclusive) {
        return cause.summary.clone();
    }
    let provisioning = provisioning_that_answers(evidence);
    let key = match (status, agent) {
        (Status::Healthy, Agent::Unknown) if evidence.target.hub.is_empty() => {
            "summary.ports_alone"
        }
        (Status::Healthy, Agent::Unknown) => "summary.ports_only",
        (Status::Healthy, _) if hub == Hub::Unknown => "summary.agent_only",
        (Status::Healthy, _) => "summary.healthy",
        (Status::Degraded, _) if turned_away(evidence).is_some() => "summary.turned_away_partly",
        (Status::Degraded, _) => "summary.degraded",
        (Status::Blocked, _) if reach::ran_out_of_time(evidence) => "summary.cut_short",
        (Status::Blocked, Agent::Nameless) => "summary.nameless",
        (Status::Blocked, Agent::Unreachable { .. }) if turned_away(evidence).is_some() => {
            "summary.turned_away"
        }
        (Status::Blocked, _) => "summary.blocked",
        (Status::Inconclusive, _) if not_judged.iter().any(own_lack::is_lacking) => {
            "summary.own_lack"
        }
        (Status::Inconclusive, _) if lacks_a_hub(evidence) && provisioning.is_some() => {
            "summary.unassigned"
        }
        (Status::Inconclusive, _) if lacks_a_hub(evidence) => "summary.no_hub",
        (Status::Inconclusive, _) if evidence.all().iter().any(cut_short::is_missed) => {
            "summary.cut_short"
        }
        (Status::Inconclusive, agent) => {
            modules_unasked::summary(evidence, agent).unwrap_or("summary.inconclusive")
        }
    };
    let transport = match agent {
        Agent::FirstChoice(transport) | Agent::Fallback { used: transport, .. } => {
            transport.to_string()
        }
        _ => String::new(),
    };
    let text = Text::new(key).with("hub", &evidence.target.hub).with("transport", transport);
    let text = text.with_any("service", provisioning);
    let text = match turned_away(evidence) {
        Some((port, status)) => text.with("port", port).with("status", status),
        None => text,
    };
    message(&text, language)
}

/// The port of one of Edge Agent's transports on which IoT Hub itself refuses it, and the HTTP
/// status of the refusal. A parent is not an IoT Hub.
fn turned_away(evidence: &Evidence<'_>) -> Option<(u16, u16)> {
    if evidence.target.parent.is_some() {
        return None;
    }
    let view = evidence.agent();
    let mut tried = view.transports().iter().flat_map(|transport| view.on(*transport));
    tried.find_map(|connection| Some((connection.facts.port, connection.turned_away()?)))
}

/// The provisioning service, where it answers this device.
fn provisioning_that_answers(evidence: &Evidence<'_>) -> Option<String> {
    let host = evidence.host();
    let mut asked = host.connections(Role::Provisioning);
    asked.find(Connection::established).map(|service| service.facts.server.clone())
}
