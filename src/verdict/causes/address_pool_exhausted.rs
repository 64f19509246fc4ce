//! `address-pool-exhausted`: the engine can create no network.

use edgeprobe_probes::engine::RUNTIME_NETWORK;

use crate::verdict::Effect;
use crate::verdict::catalogue::Text;
use crate::verdict::cause::CauseId;
use crate::verdict::evidence::Evidence;
use crate::verdict::rule::{Finding, Proof, Rule, refuted};

pub(super) const RULE: Rule = Rule { id: CauseId::AddressPoolExhausted, examine };

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let Some(planned) = evidence.planned_network() else { return Vec::new() };
    if let Some(prediction) = planned.prediction {
        return refuted(Text::new("free").with("subnet", prediction.subnet), planned.seen);
    }
    let text = Text::new("none").with("network", RUNTIME_NETWORK);
    Proof::confirmed(Effect::Blocks, text, planned.seen).alone()
}
