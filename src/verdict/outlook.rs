//! What the runtime will do on this device, with its own timeouts.
//!
//! Edge Agent gives each attempt 30 s (Microsoft.Azure.Devices.Edge.Agent.IoTHub,
//! ModuleClientProvider). Since preview 015 of December 2017 it repeats for ever; only earlier
//! previews exit after both attempts, which is the minute that the documentation still speaks of.

use edgeprobe_facts::endpoint::Transport;
use edgeprobe_facts::runtime::Part;
use edgeprobe_facts::{Observation, Role};

use super::attributes::KeptOut;
use super::catalogue::message;
use super::evidence::{Connection, Evidence, Manner};
use super::needs::{Needs, Service};
use super::reach::{self, Agent, Hub};
use super::rule::ids;
use super::words::listed;
use super::{Cause, Effect, Outlook, OutlookEvidence};
use edgeprobe_language::{Language, Text};

/// The outlook for both parts of the runtime.
pub(super) fn outlook(
    evidence: &Evidence<'_>,
    needs: &Needs<'_>,
    (agent, hub): (&Agent, Hub),
    causes: &[Cause],
    language: Language,
) -> Outlook {
    let (edge_agent, seen) = kept_out(evidence, needs, agent, causes).unwrap_or_else(|| {
        let text = by_proxy(evidence, agent)
            .or_else(|| by_no_port_of_its_own(evidence, agent))
            .unwrap_or_else(|| edge_agent(evidence, agent));
        (text, ids(attempts(evidence, agent)))
    });
    Outlook {
        edge_agent: message(&edge_agent, language),
        edge_hub: message(&edge_hub(evidence, hub, causes), language),
        evidence: OutlookEvidence { edge_agent: seen, edge_hub: ids(ports(evidence, hub)) },
    }
}

/// What shows how Edge Agent fares: the transports that decide, from where it runs.
fn attempts<'o>(evidence: &Evidence<'o>, agent: &Agent) -> Vec<&'o Observation> {
    let view = evidence.agent();
    let tried = |transport: Transport, works: bool| {
        let connections = view.on(transport).into_iter();
        connections.filter(move |it| it.works() == works).map(|it| it.observation)
    };
    match agent {
        Agent::FirstChoice(used) => tried(*used, true).collect(),
        Agent::Fallback { first, used, .. } => {
            tried(*first, false).chain(tried(*used, true)).collect()
        }
        Agent::Unreachable { .. } => {
            view.transports().iter().flat_map(|transport| tried(*transport, false)).collect()
        }
        Agent::Nameless => view.answers(Role::Hub).map(|answer| answer.observation).collect(),
        Agent::Unknown => Vec::new(),
    }
}

/// What shows how Edge Hub fares: its ports, and of those that it cannot have only these.
fn ports<'o>(evidence: &Evidence<'o>, hub: Hub) -> Vec<&'o Observation> {
    match hub {
        Hub::CanStart | Hub::Running => evidence.ports().map(|(port, _)| port).collect(),
        Hub::CannotStart | Hub::Unknown => evidence.missed_ports().map(|(port, _)| port).collect(),
    }
}

/// What becomes of Edge Agent where the host reaches the hub and a cause still stands in its way:
/// the engine runs no container, the device has no identity, an image cannot be had, or the kernel's
/// own word cuts the container network off. With it, the evidence of those causes.
fn kept_out(
    evidence: &Evidence<'_>,
    needs: &Needs<'_>,
    agent: &Agent,
    causes: &[Cause],
) -> Option<(Text, Vec<String>)> {
    let reaches = matches!(agent, Agent::FirstChoice(_) | Agent::Fallback { .. });
    let stands = |kept_out: KeptOut, cause: &Cause| {
        cause.effect == Effect::Blocks
            && cause.id.rule().keeps_out.contains(&kept_out)
            && (kept_out != KeptOut::NoIdentity || keeps_a_daemon(causes))
    };
    let by_a_cause = KeptOut::ALL.into_iter().find_map(|kept_out| {
        let standing = causes.iter().filter(|cause| stands(kept_out, cause));
        let seen = standing.map(|cause| cause.evidence.clone());
        let seen = seen.reduce(|seen, more| [seen, more].concat())?;
        let counts = (reaches || kept_out.comes_before_the_hub()) && kept_out.is_seen(evidence);
        let text = Text::new(kept_out.key()).with("hub", &evidence.target.hub);
        counts.then_some((text, seen))
    });
    by_a_cause.or_else(|| unserved(evidence, needs).filter(|_| reaches))
}

/// Whether a proxy keeps a daemon from giving identities.
fn keeps_a_daemon(causes: &[Cause]) -> bool {
    causes.iter().any(|it| keeps(it, Part::IdentityService) || keeps(it, Part::Daemon))
}

/// Whether a proxy that this part goes by keeps it from all that it needs.
fn keeps(cause: &Cause, part: Part) -> bool {
    let parts = cause.details.get("parts").and_then(serde_json::Value::as_array);
    cause.effect == Effect::Blocks
        && parts.is_some_and(|parts| parts.contains(&serde_json::json!(part)))
}

/// What happens to Edge Agent where a service that it depends on is lost: its image is not on the
/// device, or the device gets no identity.
fn unserved(evidence: &Evidence<'_>, needs: &Needs<'_>) -> Option<(Text, Vec<String>)> {
    let lost = needs.lost_services().find(|need| need.effect == Effect::Blocks)?;
    let kept_out = match lost.service {
        Service::Registry => KeptOut::NoImage,
        Service::Hub | Service::Provisioning | Service::Port => KeptOut::Unprovisioned,
    };
    let text = Text::new(kept_out.key()).with("hub", &evidence.target.hub);
    Some((text, ids(lost.lost.iter().copied())))
}

/// What happens to Edge Agent where its proxy carries its connection. A proxy carries port 443
/// alone.
fn by_proxy(evidence: &Evidence<'_>, agent: &Agent) -> Option<Text> {
    let view = evidence.agent();
    let via = view.way().via().filter(|_| evidence.is_carried())?;
    let text =
        |key| Text::new(key).with("proxy", via.url.to_string()).with("hub", &evidence.target.hub);
    match agent {
        Agent::FirstChoice(transport) if transport.default_port() == 443 => {
            Some(text("agent.first_choice_proxy").with("transport", transport))
        }
        Agent::Fallback { first, manner, used } if used.default_port() == 443 => {
            let key = match manner {
                Manner::Silent => "agent.fallback_proxy_silent",
                Manner::Refused => "agent.fallback_proxy_refused",
            };
            let wanted = match used {
                Transport::MqttWs => "MqttWs",
                _ => "AmqpWs",
            };
            Some(text(key).with("first", first).with("transport", used).with("wanted", wanted))
        }
        _ => None,
    }
}

/// What becomes of Edge Agent where its proxy leads to the hub and it may use no transport that a
/// proxy can carry.
fn by_no_port_of_its_own(evidence: &Evidence<'_>, agent: &Agent) -> Option<Text> {
    let view = evidence.agent();
    let via = view.way().via().filter(|_| !evidence.goes_direct())?;
    let lost = matches!(agent, Agent::Unreachable { .. } | Agent::Nameless);
    let cannot_be_carried = view.transports().iter().all(|it| it.default_port() != 443);
    let leads_there = view.proxied_hub_connections().iter().any(Connection::works);
    if !lost || !cannot_be_carried || !leads_there {
        return None;
    }
    let first = view.transports().first()?;
    let wanted = match first {
        Transport::Mqtt => "MqttWs",
        _ => "AmqpWs",
    };
    let text = Text::new("agent.no_port_of_its_own").with("proxy", via.url.to_string());
    Some(text.with("hub", &evidence.target.hub).with("first", first).with("wanted", wanted))
}

fn edge_agent(evidence: &Evidence<'_>, agent: &Agent) -> Text {
    let hub = &evidence.target.hub;
    match agent {
        Agent::FirstChoice(transport) => {
            Text::new("agent.first_choice").with("transport", transport).with("hub", hub)
        }
        Agent::Fallback { first, manner, used } => Text::new(match manner {
            Manner::Silent => "agent.fallback_silent",
            Manner::Refused => "agent.fallback_refused",
        })
        .with("first", first)
        .with("transport", used)
        .with("hub", hub),
        Agent::Unreachable { .. } | Agent::Nameless if reach::ran_out_of_time(evidence) => {
            Text::new("agent.cut_short").with("hub", hub)
        }
        Agent::Unreachable { first: Manner::Silent, last: Manner::Silent } => {
            Text::new("agent.unreachable_silent")
        }
        Agent::Unreachable { first: Manner::Refused, last: Manner::Refused } => {
            Text::new("agent.unreachable_refused")
        }
        Agent::Unreachable { .. } => Text::new("agent.unreachable_mixed"),
        Agent::Nameless => Text::new("agent.nameless").with("hub", hub),
        Agent::Unknown => Text::new("agent.unknown"),
    }
}

fn edge_hub(evidence: &Evidence<'_>, hub: Hub, causes: &[Cause]) -> Text {
    let has_its_ports = matches!(hub, Hub::CanStart | Hub::Running);
    if has_its_ports && causes.iter().any(|cause| keeps(cause, Part::EdgeHub)) {
        return Text::new("hub.shut_in").with("hub", &evidence.target.hub);
    }
    let all = listed(evidence.ports().map(|(_, facts)| facts.port));
    let failed = listed(evidence.missed_ports().map(|(_, facts)| facts.port));
    match hub {
        Hub::CanStart if evidence.target.ports.is_empty() => Text::new("hub.maps_nothing"),
        Hub::CanStart => Text::new("hub.can_start").with("ports", all),
        Hub::Running => Text::new("hub.running").with("ports", all),
        Hub::CannotStart => Text::new("hub.cannot_start").with("ports", failed),
        Hub::Unknown => Text::new("hub.unknown"),
    }
}
