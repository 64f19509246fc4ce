//! `engine-refuses-runtime`: the engine refuses the version of its API that the runtime asks for.

use edgeprobe_facts::Observation;
use edgeprobe_facts::engine::{ApiVersions, AskedVersion, EngineFacts};

use super::engine::{EngineState, Refusal};
use crate::attributes::{
    KeptOut, Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy,
};
use crate::catalogue::Text;
use crate::evidence::Evidence;
use crate::rule::{Finding, Proof, Rule, refuted};
use crate::words::listed;
use crate::{Confidence, Effect};

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
        EngineState::RefusesVersions(refusal) => proof(&refusal).alone(),
        EngineState::Answers(seen, facts) => accepted(seen, facts),
        EngineState::NotSeen | EngineState::Silent(..) => Vec::new(),
    }
}

fn accepted(seen: &Observation, facts: &EngineFacts) -> Vec<Finding> {
    let Some(api) = &facts.api else { return Vec::new() };
    refuted(sentence("accepts", api, facts), [seen])
}

fn proof(refusal: &Refusal<'_>) -> Proof {
    let Refusal { seen, facts, api, runtime, asked, refused } = refusal;
    let is_too_old = refused.iter().all(|version| *version < api.oldest);
    let is_the_runtimes = runtime.is_some() && refused == asked;
    let variant = match (is_the_runtimes, is_too_old, refused == asked) {
        (true, true, _) => "too_old",
        (true, false, _) => "too_new",
        (false, true, true) => "every",
        (false, true, false) => "up_to_1_5",
        (false, false, _) => "from_1_6",
    };
    let effect = if is_the_runtimes { Effect::Blocks } else { Effect::Warns };
    // Without its version, the runtime may be one that the engine accepts. And the range alone is not
    // the engine's own refusal.
    let answers: Vec<&AskedVersion> =
        refused.iter().filter_map(|version| api.answer_to(*version)).collect();
    let is_certain = (is_the_runtimes || runtime.is_none()) && answers.len() == refused.len();
    let confidence = if is_certain { Confidence::Confirmed } else { Confidence::Likely };
    let text = sentence(variant, api, facts).with("asked", listed(refused));
    Proof::confirmed(effect, text, [*seen])
        .supported_by(*runtime)
        .with_confidence(confidence)
        .with_detail("asked", refused.iter().map(ToString::to_string).collect::<Vec<_>>())
        .with_detail("oldest", api.oldest.to_string())
        .with_detail("newest", api.newest.to_string())
        .with_detail("answer", answers.first().and_then(|answer| answer.refusal.clone()))
}

fn sentence(variant: &'static str, api: &ApiVersions, facts: &EngineFacts) -> Text {
    Text::new(variant)
        .with("oldest", api.oldest.to_string())
        .with("newest", api.newest.to_string())
        .with_any("version", facts.version.as_ref())
}
