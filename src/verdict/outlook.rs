//! What the runtime will do on this device, with its own timeouts.
//!
//! Edge Agent gives each attempt 30 s (Microsoft.Azure.Devices.Edge.Agent.IoTHub,
//! ModuleClientProvider). Since preview 015 of December 2017 it repeats for ever; only earlier
//! previews exit after both attempts, which is the minute that the documentation still speaks of.

use edgeprobe_probes::endpoint::Transport;

use super::catalogue::message;
use super::cause::CauseId;
use super::evidence::{Evidence, Manner};
use super::reach::{Agent, Hub};
use super::words::listed;
use super::{Cause, Effect, Outlook};
use crate::language::{Language, Text};

/// The outlook for both parts of the runtime.
pub(super) fn outlook(
    evidence: &Evidence<'_>,
    agent: &Agent,
    hub: Hub,
    causes: &[Cause],
    language: Language,
) -> Outlook {
    let edge_agent = kept_out(evidence, agent, causes)
        .or_else(|| by_proxy(evidence, agent))
        .unwrap_or_else(|| edge_agent(evidence, agent));
    Outlook {
        edge_agent: message(&edge_agent, language),
        edge_hub: message(&edge_hub(evidence, hub), language),
    }
}

/// What becomes of Edge Agent where the host reaches the hub and a cause still stands in its way:
/// the engine runs no container, the device has no identity, an image cannot be had, or the kernel's
/// own word cuts the container network off.
fn kept_out(evidence: &Evidence<'_>, agent: &Agent, causes: &[Cause]) -> Option<Text> {
    let blocking = |of: &[CauseId]| {
        causes.iter().any(|cause| cause.effect == Effect::Blocks && of.contains(&cause.id))
    };
    if blocking(&[CauseId::EngineUnavailable, CauseId::AddressPoolExhausted]) {
        return Some(Text::new("agent.no_container"));
    }
    if blocking(&[CauseId::ParentUnreachable]) && reaches(agent) {
        return Some(Text::new("agent.half_a_parent").with("hub", &evidence.target.hub));
    }
    if blocking(&[CauseId::ProvisioningUnreachable]) {
        return Some(Text::new("agent.unprovisioned"));
    }
    let cut_off = blocking(&[
        CauseId::IpForwardDisabled,
        CauseId::VpnOverride,
        CauseId::BridgeNoRoute,
        CauseId::SubnetOverlap,
    ]);
    if reaches(agent) && cut_off {
        return Some(Text::new("agent.cut_off").with("hub", &evidence.target.hub));
    }
    let no_image = blocking(&[
        CauseId::RegistryUnreachable,
        CauseId::RegistryAccessDenied,
        CauseId::ImageNotFound,
    ]);
    (reaches(agent) && no_image)
        .then(|| Text::new("agent.no_image").with("hub", &evidence.target.hub))
}

fn reaches(agent: &Agent) -> bool {
    matches!(agent, Agent::FirstChoice(_) | Agent::Fallback { .. })
}

/// What becomes of Edge Agent where its proxy carries it: a port of its own never goes that way.
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

fn edge_hub(evidence: &Evidence<'_>, hub: Hub) -> Text {
    let all = listed(evidence.ports().map(|(_, facts)| facts.port));
    let failed =
        listed(evidence.ports().filter(|(port, _)| port.failed()).map(|(_, facts)| facts.port));
    match hub {
        Hub::CanStart if evidence.target.ports.is_empty() => Text::new("hub.maps_nothing"),
        Hub::CanStart => Text::new("hub.can_start").with("ports", all),
        Hub::Running => Text::new("hub.running").with("ports", all),
        Hub::CannotStart => Text::new("hub.cannot_start").with("ports", failed),
        Hub::Unknown => Text::new("hub.unknown"),
    }
}
