//! `port-not-permitted`: the port cannot be bound: privilege, reserved or excluded range.

use edgeprobe_probes::Token;

use crate::verdict::Effect;
use crate::verdict::catalogue::Text;
use crate::verdict::cause::CauseId;
use crate::verdict::evidence::Evidence;
use crate::verdict::rule::{Finding, Proof, Rule, refuted};

pub(super) const RULE: Rule = Rule { id: CauseId::PortNotPermitted, examine };

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let refused: Vec<Finding> = evidence
        .ports()
        .filter(|(port, _)| port.token() == Some(Token::BindNotPermitted))
        .map(|(observation, facts)| {
            let text = Text::new("refused").with("port", facts.port);
            Finding::Proved(
                Proof::confirmed(Effect::Blocks, text, [observation])
                    .with_detail("port", facts.port),
            )
        })
        .collect();
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
