//! What the container engine does for the runtime.

use edgeprobe_facts::engine::{
    ASKED_FROM_1_6, ASKED_UP_TO_1_5, ApiVersion, ApiVersions, EngineFacts,
};
use edgeprobe_facts::{Facts, Observation, Outcome, Probe, Token};

use crate::evidence::Evidence;

pub(super) enum EngineState<'o> {
    /// It is not installed, was not asked, or this user may not ask it.
    NotSeen,
    /// It is installed and does not answer.
    Silent(&'o Observation, &'o EngineFacts),
    /// It answers, and refuses versions of its API that the runtime asks for.
    RefusesVersions(Refusal<'o>),
    Answers(&'o Observation, &'o EngineFacts),
}

/// The versions that an engine refuses.
pub(super) struct Refusal<'o> {
    pub(super) seen: &'o Observation,
    pub(super) facts: &'o EngineFacts,
    pub(super) api: &'o ApiVersions,
    /// The configuration of the installed runtime; absent where none is installed.
    pub(super) runtime: Option<&'o Observation>,
    /// The versions of which the runtime asks for one, and those of them that are refused.
    pub(super) asked: Vec<ApiVersion>,
    pub(super) refused: Vec<ApiVersion>,
}

impl<'o> EngineState<'o> {
    pub(super) fn from_evidence(evidence: &Evidence<'o>) -> Self {
        let host = evidence.host();
        let Some(seen) = host.of(Probe::Engine).next() else { return Self::NotSeen };
        let Facts::Engine(facts) = &seen.facts else { return Self::NotSeen };
        match (seen.outcome, seen.token(), refusal(evidence, seen, facts)) {
            (_, Some(Token::EngineNotAnswering), _) => Self::Silent(seen, facts),
            (Outcome::Pass, _, Some(refusal)) => Self::RefusesVersions(refusal),
            (Outcome::Pass, _, None) => Self::Answers(seen, facts),
            (Outcome::Fail | Outcome::Skipped, ..) => Self::NotSeen,
        }
    }
}

fn refusal<'o>(
    evidence: &Evidence<'o>,
    seen: &'o Observation,
    facts: &'o EngineFacts,
) -> Option<Refusal<'o>> {
    let api = facts.api.as_ref()?;
    let installed = evidence.installed_runtime();
    let asked = match installed {
        Some((_, runtime)) => runtime.asks_the_engine_for(),
        None => vec![ASKED_UP_TO_1_5, ASKED_FROM_1_6],
    };
    let refused: Vec<ApiVersion> =
        asked.iter().copied().filter(|version| refuses(api, *version)).collect();
    let runtime = installed.map(|(seen, _)| seen);
    (!refused.is_empty()).then_some(Refusal { seen, facts, api, runtime, asked, refused })
}

/// Whether the engine refuses a version: by its answer, or else by the range that it names.
fn refuses(api: &ApiVersions, version: ApiVersion) -> bool {
    match api.answer_to(version) {
        Some(answer) => answer.refusal.is_some(),
        None => !api.includes(version),
    }
}
