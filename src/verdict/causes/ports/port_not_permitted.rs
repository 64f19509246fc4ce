//! `port-not-permitted`: the port cannot be bound: privilege, reserved or excluded range.

use edgeprobe_facts::Observation;
use edgeprobe_facts::ports::PortFacts;

use super::{PortState, states};
use crate::attributes::{Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy};
use crate::catalogue::Text;
use crate::evidence::Evidence;
use crate::rule::{Finding, Proof, Rule, refuted};
use crate::{Confidence, Effect};

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
    let refused = states(evidence).filter_map(|(port, facts, state)| {
        let text = |variant| Text::new(variant).with("port", facts.port);
        match state {
            PortState::NotPermitted => Some(proof(text("refused"), port, facts)),
            PortState::NoSuchAddress(missing) => {
                let text = text("no_such_address").with("address", missing);
                Some(proof(text, port, facts).with_detail("address", missing.to_string()))
            }
            PortState::NotPermittedToTheEngine => {
                let engine = evidence.engine().map(|(engine, _)| engine);
                let proof = proof(text("rootless"), port, facts).supported_by(engine);
                Some(proof.with_confidence(Confidence::Likely))
            }
            PortState::EdgeHubs | PortState::Held | PortState::Failed | PortState::Free => None,
        }
    });
    let refused: Vec<Finding> = refused.map(Finding::Proved).collect();
    if !refused.is_empty() {
        return refused;
    }
    let bound: Vec<_> = evidence
        .ports()
        .filter(|(port, facts)| facts.may_bind && !port.failed())
        .map(|(observation, _)| observation)
        .collect();
    if bound.is_empty() { Vec::new() } else { refuted(Text::new("bound"), bound) }
}

fn proof(text: Text, port: &Observation, facts: &PortFacts) -> Proof {
    Proof::confirmed(Effect::Blocks, text, [port]).with_detail("port", facts.port)
}
