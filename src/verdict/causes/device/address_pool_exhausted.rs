//! `address-pool-exhausted`: the engine can create no network.

use crate::Effect;
use crate::attributes::{
    KeptOut, Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy,
};
use crate::catalogue::Text;
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
    let Some(planned) = evidence.planned_network() else { return Vec::new() };
    if let Some(prediction) = planned.prediction {
        let because = if planned.is_configured { "configured" } else { "free" };
        return refuted(Text::new(because).with("subnet", prediction.subnet), planned.seen);
    }
    let text = Text::new("none").with("network", planned.name);
    Proof::confirmed(Effect::Blocks, text, planned.seen).alone()
}
