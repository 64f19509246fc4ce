//! `address-pool-exhausted`: the engine can create no network.

use crate::verdict::Effect;
use crate::verdict::catalogue::Text;
use crate::verdict::cause::CauseId;
use crate::verdict::evidence::Evidence;
use crate::verdict::rule::{Finding, Proof, Rule, refuted};

pub(super) const RULE: Rule = Rule { id: CauseId::AddressPoolExhausted, examine };

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let Some(planned) = evidence.planned_network() else { return Vec::new() };
    if let Some(prediction) = planned.prediction {
        let because = if planned.is_configured { "configured" } else { "free" };
        return refuted(Text::new(because).with("subnet", prediction.subnet), planned.seen);
    }
    let text = Text::new("none").with("network", planned.name);
    Proof::confirmed(Effect::Blocks, text, planned.seen).alone()
}
