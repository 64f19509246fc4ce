//! `engine-unavailable`: an engine is installed but does not answer.

use edgeprobe_facts::Observation;
use edgeprobe_facts::engine::EngineFacts;

use super::engine::{EngineState, Refusal};
use crate::Effect;
use crate::attributes::{
    KeptOut, Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy,
};
use crate::catalogue::{Text, Word};
use crate::evidence::Evidence;
use crate::rule::{Finding, Proof, Rule, refuted};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Device,
    with_a_proxy: WithAProxy::TheSame,
    applies_to_a_child: true,
    keeps_out: &[KeptOut::NoContainer],
    same_in_a_log: SameInALog::Cause,
    peer_in_a_log: PeerInALog::Any,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_about_a_vpn: false,
    ended_by: Party::Device,
    examine,
};

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    match EngineState::from_evidence(evidence) {
        EngineState::Silent(seen, facts) => silent(evidence, seen, facts).alone(),
        EngineState::RefusesVersions(Refusal { seen, facts, .. })
        | EngineState::Answers(seen, facts) => answers(seen, facts),
        EngineState::NotSeen => Vec::new(),
    }
}

fn silent(evidence: &Evidence<'_>, seen: &Observation, facts: &EngineFacts) -> Proof {
    let text = Text::new("silent").with("endpoint", &facts.endpoint);
    let ports = evidence
        .ports()
        .filter(|(_, facts)| evidence.may_be_edge_hubs(facts))
        .map(|(port, _)| port)
        .filter(|port| port.failed());
    Proof::confirmed(Effect::Blocks, text, [seen]).explaining(ports)
}

fn answers(seen: &Observation, facts: &EngineFacts) -> Vec<Finding> {
    let unknown = || Text::new("version.unknown").into();
    let version = facts.version.as_ref().map_or_else(unknown, Word::from);
    refuted(Text::new("answers").with("version", version), [seen])
}
