//! What a rule says of its cause.

use std::collections::BTreeSet;

use edgeprobe_facts::Observation;

use super::attributes::{
    KeptOut, Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy,
};
use super::catalogue::Text;
use super::evidence::Evidence;
use super::{Confidence, Effect};

/// What a cause declares of itself, and how it is recognised.
pub(super) struct Rule {
    pub(super) subject: Subject,
    pub(super) with_a_proxy: WithAProxy,
    /// Whether a child of nested edge can have it. A child connects to its parent alone: it needs
    /// neither IoT Hub nor the internet.
    pub(super) applies_to_a_child: bool,
    /// What happens to Edge Agent while it blocks.
    pub(super) keeps_out: &'static [KeptOut],
    pub(super) same_in_a_log: SameInALog,
    pub(super) peer_in_a_log: PeerInALog,
    pub(super) seen_by_the_engine: SeenByTheEngine,
    /// Whether it is what `edgeprobe vpn` asks about.
    pub(super) is_about_a_vpn: bool,
    /// Who can repair it.
    pub(super) ended_by: Party,
    /// Reads the evidence. Several findings when the cause stands several times, e.g. on two ports.
    pub(super) examine: fn(&Evidence<'_>) -> Vec<Finding>,
}

/// What the evidence says of a cause.
pub(super) enum Finding {
    Proved(Proof),
    Refuted { because: Text, evidence: Vec<String> },
}

/// A cause that the evidence proves, or makes likely.
#[derive(Clone)]
pub(super) struct Proof {
    pub(super) confidence: Confidence,
    pub(super) effect: Effect,
    /// The finding's sentence, and the words that the remedies may use.
    pub(super) summary: Text,
    /// The observations that prove it, by id.
    pub(super) evidence: Vec<String>,
    /// The failures that the cause explains, by id.
    pub(super) explains: BTreeSet<String>,
    /// Whether it rests on silences that the run's own `--timeout` cut short.
    pub(super) cut_short: bool,
    pub(super) details: serde_json::Map<String, serde_json::Value>,
}

impl Proof {
    /// A confirmed proof by these observations; those of them that failed are what it explains.
    pub(super) fn confirmed<'o>(
        effect: Effect,
        summary: Text,
        evidence: impl IntoIterator<Item = &'o Observation>,
    ) -> Self {
        let evidence: Vec<&Observation> = evidence.into_iter().collect();
        Self {
            confidence: Confidence::Confirmed,
            effect,
            summary,
            explains: failed_ids(evidence.iter().copied()),
            evidence: ids(evidence),
            cut_short: false,
            details: serde_json::Map::new(),
        }
    }

    /// The same proof with these observations as further evidence. It does not explain their
    /// failures.
    pub(super) fn supported_by<'o>(
        mut self,
        observations: impl IntoIterator<Item = &'o Observation>,
    ) -> Self {
        let mut known: BTreeSet<String> = self.evidence.iter().cloned().collect();
        for id in observations.into_iter().map(|observation| &observation.id) {
            if known.insert(id.clone()) {
                self.evidence.push(id.clone());
            }
        }
        self
    }

    /// The same proof with this confidence.
    pub(super) fn with_confidence(self, confidence: Confidence) -> Self {
        Self { confidence, ..self }
    }

    /// The same proof, explaining these failures too.
    pub(super) fn explaining<'o>(
        mut self,
        failures: impl IntoIterator<Item = &'o Observation>,
    ) -> Self {
        self.explains.extend(failures.into_iter().map(|failure| failure.id.clone()));
        self
    }

    /// The same proof without the failures that it explains: the fault caused none in this run.
    pub(super) fn explaining_nothing(self) -> Self {
        Self { explains: BTreeSet::new(), ..self }
    }

    /// The same proof with one more detail for the report.
    pub(super) fn with_detail(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// The finding that consists of this proof alone.
    pub(super) fn alone(self) -> Vec<Finding> {
        vec![Finding::Proved(self)]
    }
}

/// The finding that these observations refute the cause.
pub(super) fn refuted<'o>(
    because: Text,
    evidence: impl IntoIterator<Item = &'o Observation>,
) -> Vec<Finding> {
    vec![Finding::Refuted { because, evidence: ids(evidence) }]
}

/// The ids of these observations, each once, in their order.
pub(super) fn ids<'o>(observations: impl IntoIterator<Item = &'o Observation>) -> Vec<String> {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    let ids = observations.into_iter().map(|observation| observation.id.as_str());
    ids.filter(|id| known.insert(id)).map(str::to_owned).collect()
}

fn failed_ids<'o>(observations: impl Iterator<Item = &'o Observation>) -> BTreeSet<String> {
    observations.filter(|observation| observation.failed()).map(|it| it.id.clone()).collect()
}
