//! `port-in-use`: a port that Edge Hub maps is held by another process or container.

use edgeprobe_facts::ports::{Holder, PortFacts};
use serde_json::json;

use super::{PortState, states};
use crate::Effect;
use crate::attributes::{Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy};
use crate::catalogue::Text;
use crate::evidence::Evidence;
use crate::rule::{Finding, Proof, Rule, refuted};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Port,
    with_a_proxy: WithAProxy::TheSame,
    applies_to_a_child: true,
    keeps_out: &[],
    same_in_a_log: SameInALog::Port,
    peer_in_a_log: PeerInALog::Any,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_about_a_vpn: false,
    ended_by: Party::Device,
    examine,
};

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let held: Vec<Finding> = states(evidence)
        .filter(|(.., state)| *state == PortState::Held)
        .map(|(observation, facts, _)| {
            let holder = facts.holders.first();
            let proof = Proof::confirmed(Effect::Blocks, sentence(facts, holder), [observation]);
            Finding::Proved(
                proof
                    .with_detail("port", facts.port)
                    .with_detail("address", address(facts, holder))
                    .with_detail("owner", owner(holder)),
            )
        })
        .collect();
    if !held.is_empty() {
        return held;
    }
    let probed: Vec<_> = evidence.ports().map(|(observation, _)| observation).collect();
    if probed.is_empty() || evidence.missed_ports().next().is_some() {
        return Vec::new();
    }
    let by_edge_hub = evidence.ports().any(|(_, facts)| facts.has_edge_hub());
    refuted(Text::new(if by_edge_hub { "edge_hub" } else { "free" }), probed)
}

fn sentence(facts: &PortFacts, holder: Option<&Holder>) -> Text {
    let words = |key| Text::new(key).with("port", facts.port);
    let Some(holder) = holder else {
        return words(if facts.tables_unread { "unread" } else { "unknown" });
    };
    let text = match (&holder.container, &holder.process, holder.pid) {
        (Some(container), ..) => words("container").with("container", container),
        (None, Some(process), Some(pid)) => words("process")
            .with("process", process)
            .with("pid", pid)
            .with("supervised", supervised(process, holder.unit.as_deref())),
        _ if holder.user.is_some() => words("user"),
        _ => words("unknown"),
    };
    text.with_any("unit", holder.unit.as_ref())
        .with_any("user", holder.user.as_ref())
        .with_any("process", holder.process.as_ref())
}

/// The programs that hold a published port for an engine's container.
const FORWARDERS: [&str; 5] = ["docker-proxy", "dockerd", "rootlessport", "rootlesskit", "conmon"];

/// What would start a process again: a service of the system, an engine, or nothing (`no`). A
/// session's scope ends with its session, and the system's manager does not know the units of a
/// user's own manager.
fn supervised(process: &str, unit: Option<&str>) -> &'static str {
    if FORWARDERS.contains(&process) {
        return "engine";
    }
    match unit {
        Some(unit) if unit.ends_with(".service") && !unit.contains("user@") => "service",
        _ => "no",
    }
}

/// The address that the holder is bound to; all addresses where only the engine names the holder.
fn address(facts: &PortFacts, holder: Option<&Holder>) -> String {
    let bound = holder.and_then(|holder| holder.address);
    let tried = facts.binds.first().map(|bind| bind.address);
    bound.or(tried).map(|address| address.to_string()).unwrap_or_default()
}

fn owner(holder: Option<&Holder>) -> serde_json::Value {
    let mut owner = json!(holder.cloned().unwrap_or_default());
    if let Some(fields) = owner.as_object_mut() {
        fields.remove("address");
    }
    owner
}

#[cfg(test)]
mod tests {
    use super::supervised;

    #[test]
    fn an_engines_own_unit_is_never_offered_in_place_of_the_container() {
        for process in ["docker-proxy", "dockerd"] {
            assert_eq!(supervised(process, Some("docker.service")), "engine");
        }
        assert_eq!(supervised("conmon", Some("libpod-conmon-0af1.scope")), "engine");
    }

    #[test]
    fn a_service_of_the_systems_is_stopped_as_such() {
        assert_eq!(supervised("nginx", Some("nginx.service")), "service");
    }

    #[test]
    fn what_the_systems_manager_cannot_stop_is_not_left_to_it() {
        for unit in [None, Some("session-3.scope"), Some("init.scope")] {
            assert_eq!(supervised("python3", unit), "no", "{unit:?}");
        }
        for unit in ["user@1000.service", "user@1000.service/app.slice/web.service"] {
            assert_eq!(supervised("python3", Some(unit)), "no", "{unit}");
        }
    }
}
