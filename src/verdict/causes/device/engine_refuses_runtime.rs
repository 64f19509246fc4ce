//! `engine-refuses-runtime`: the engine refuses the version of its API that the runtime asks for.

use edgeprobe_facts::engine::{ASKED_FROM_1_6, ASKED_UP_TO_1_5, ApiVersion, ApiVersions};
use edgeprobe_facts::{Facts, Outcome, Probe};

use crate::attributes::{
    BesideAProxy, KeptOut, Party, PeerInALog, SameInALog, SeenByTheEngine, Subject,
};
use crate::catalogue::Text;
use crate::evidence::Evidence;
use crate::rule::{Finding, Proof, Rule, refuted};
use crate::words::listed;
use crate::{Confidence, Effect};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Device,
    beside_a_proxy: BesideAProxy::TheSame,
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
    let engine = evidence.host().of(Probe::Engine).find(|seen| seen.outcome == Outcome::Pass);
    let Some(seen) = engine else { return Vec::new() };
    let Facts::Engine(facts) = &seen.facts else { return Vec::new() };
    let Some(api) = &facts.api else { return Vec::new() };
    let (runtime_seen, asked) = match evidence.installed_runtime() {
        Some((seen, runtime)) => (Some(seen), runtime.asks_the_engine_for()),
        None => (None, vec![ASKED_UP_TO_1_5, ASKED_FROM_1_6]),
    };
    let refused: Vec<ApiVersion> =
        asked.iter().copied().filter(|version| refuses(api, *version)).collect();
    let text = |variant| {
        Text::new(variant)
            .with("oldest", api.oldest.to_string())
            .with("newest", api.newest.to_string())
            .with_any("version", facts.version.as_ref())
    };
    let (Some(first), Some(last)) = (refused.first(), refused.last()) else {
        return if asked.is_empty() { Vec::new() } else { refuted(text("accepts"), [seen]) };
    };
    let is_the_runtimes = runtime_seen.is_some() && refused == asked;
    let variant = match (is_the_runtimes, *last < api.oldest, refused == asked) {
        (true, true, _) => "too_old",
        (true, false, _) => "too_new",
        (false, true, true) => "every",
        (false, true, false) => "up_to_1_5",
        (false, false, _) => "from_1_6",
    };
    let effect = if is_the_runtimes { Effect::Blocks } else { Effect::Warns };
    // Without its version, the runtime may be one that the engine accepts. And the range alone is not
    // the engine's own refusal.
    let is_certain = (is_the_runtimes || runtime_seen.is_none())
        && refused.iter().all(|version| api.answer_to(*version).is_some());
    let confidence = if is_certain { Confidence::Confirmed } else { Confidence::Likely };
    let text = text(variant).with("asked", listed(&refused));
    Proof::confirmed(effect, text, [seen])
        .supported_by(runtime_seen)
        .with_confidence(confidence)
        .with_detail("asked", refused.iter().map(ToString::to_string).collect::<Vec<_>>())
        .with_detail("oldest", api.oldest.to_string())
        .with_detail("newest", api.newest.to_string())
        .with_detail("answer", api.answer_to(*first).and_then(|it| it.refusal.clone()))
        .alone()
}

/// Whether the engine refuses a version: by its answer, or else by the range that it names.
fn refuses(api: &ApiVersions, version: ApiVersion) -> bool {
    match api.answer_to(version) {
        Some(answer) => answer.refusal.is_some(),
        None => !api.includes(version),
    }
}
