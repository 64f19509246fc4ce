//! `port-in-use`: a port that Edge Hub maps is held by another process or container.

use edgeprobe_probes::Token;
use edgeprobe_probes::ports::{Holder, PortFacts};
use serde_json::json;

use crate::verdict::Effect;
use crate::verdict::catalogue::Text;
use crate::verdict::cause::CauseId;
use crate::verdict::evidence::Evidence;
use crate::verdict::rule::{Finding, Proof, Rule, refuted};

pub(super) const RULE: Rule = Rule { id: CauseId::PortInUse, examine };

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let held: Vec<Finding> = evidence
        .ports()
        .filter(|(port, _)| port.token() == Some(Token::AddressInUse))
        .filter(|(_, facts)| !evidence.may_be_edge_hubs(facts))
        .map(|(observation, facts)| {
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
    if probed.is_empty() || probed.iter().any(|observation| observation.failed()) {
        return Vec::new();
    }
    let by_edge_hub = evidence.ports().any(|(_, facts)| facts.held_by_edge_hub);
    refuted(Text::new(if by_edge_hub { "edge_hub" } else { "free" }), probed)
}

fn sentence(facts: &PortFacts, holder: Option<&Holder>) -> Text {
    let words = |key| Text::new(key).with("port", facts.port);
    let Some(holder) = holder else { return words("unknown") };
    let add = |text: Text, name, value: &Option<String>| match value {
        Some(value) => text.with(name, value),
        None => text,
    };
    let text = match (&holder.container, &holder.process, holder.pid) {
        (Some(container), ..) => words("container").with("container", container),
        (None, Some(process), Some(pid)) => {
            words("process").with("process", process).with("pid", pid)
        }
        _ if holder.user.is_some() => words("user"),
        _ => words("unknown"),
    };
    let text = add(text, "unit", &holder.unit);
    let text = add(text, "user", &holder.user);
    add(text, "process", &holder.process)
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
