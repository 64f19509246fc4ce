//! What the device's own logs add to a verdict.
//!
//! A log is a witness of another kind: it was there before the run and from where the runtime lives,
//! and it does not know why. So what it shows is held against what the probes saw. Where both say the
//! same, a cause has two proofs; what only the log can tell decides a cause, no more than likely; and
//! what the log shows up to now while every probe succeeds is an intermittent fault, or one that no
//! probe meets. What is over, by the log itself or by its age, is history and changes nothing.

mod agree;
mod decide;
mod sort;
mod tell;

pub use tell::words_of;
pub(super) use tell::{decided, would_confirm};

use tell::FROM_A_LOG;

use super::attributes::{SameInALog, Subject};
use super::causes::CauseId;
use super::evidence::{Evidence, LogReading};
use super::reach::Agent;
use super::rule::Proof;
use super::{Effect, Logged, LoggedState, RuledOut, Status, nested};
use edgeprobe_language::Language;

/// The most faults without a cause that a verdict lists; the report's observations have all.
const MOST: usize = 4;

/// The chosen causes with the logs' findings, and the faults that no cause explains.
pub(super) struct Weighed<'o> {
    pub(super) causes: Vec<Supported<'o>>,
    unexplained: Vec<UnexplainedFault<'o>>,
}

/// A cause, and the findings of logs that say the same.
pub(super) struct Supported<'o> {
    pub(super) id: CauseId,
    pub(super) proof: Proof,
    agreeing: Vec<LogReading<'o>>,
}

/// A fault that a log shows and no cause accounts for.
struct UnexplainedFault<'o> {
    reading: LogReading<'o>,
    standing: Standing,
}

/// How a log's fault compares with what the probes saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    /// It lasts, and what it is about works now.
    Intermittent,
    /// It lasts, the host's way is open, and from where Edge Agent runs nothing was tried.
    HostAlone,
    /// It lasts, and this run did not test what it is about.
    Untested,
    /// It lasts for one device or module behind Edge Hub, and the way is open.
    OneClient,
    /// It lasts, and the probes saw it as well, by another cause or by none.
    SeenToo,
    /// It is over, or so old that it says nothing of now.
    Past,
}

/// Weighs the chosen causes against what the logs show.
pub(super) fn weigh<'o>(
    evidence: &Evidence<'o>,
    chosen: Vec<(CauseId, Proof)>,
    ruled_out: &[RuledOut],
    agent: &Agent,
) -> Weighed<'o> {
    let mut causes: Vec<Supported<'o>> = chosen
        .into_iter()
        .map(|(id, proof)| Supported { id, proof, agreeing: Vec::new() })
        .collect();
    let readings = evidence.log_readings();
    let mut left: Vec<LogReading<'o>> = Vec::new();
    for reading in readings {
        match causes.iter_mut().find(|cause| agree::agrees(&reading, cause.id, &cause.proof)) {
            Some(cause) => agree::support(cause, reading),
            None => left.push(reading),
        }
    }
    let mut rest = Vec::new();
    for reading in left {
        let Some(id) = decide::decided(evidence, &reading, ruled_out, agent) else {
            rest.push(reading);
            continue;
        };
        let same =
            |cause: &&mut Supported<'_>| cause.id == id && decide::is_of(&cause.proof, &reading);
        if let Some(known) = causes.iter_mut().find(same) {
            let is_new = |one: &LogReading<'_>| one.observation.id != reading.observation.id;
            if known.agreeing.iter().all(is_new) {
                known.proof.evidence.push(reading.observation.id.clone());
                known.agreeing.push(reading);
            }
        } else if nested::applies(id, evidence.target) && !is_known(&causes, id) {
            let proof = decide::proof(evidence, id, &reading);
            causes.push(Supported { id, proof, agreeing: vec![reading] });
        } else {
            rest.push(reading);
        }
    }
    causes.sort_by_key(|cause| (cause.proof.effect, cause.id));
    let unexplained = sort::unexplained(evidence, rest, &causes, ruled_out, agent);
    Weighed { causes, unexplained }
}

/// A log decides a cause once; that the probes prove one elsewhere does not hinder it. The device has
/// one clock.
fn is_known(causes: &[Supported<'_>], id: CauseId) -> bool {
    let is_one =
        |cause: &Supported<'_>| cause.is_by_a_log() || id.rule().same_in_a_log == SameInALog::Clock;
    causes.iter().any(|cause| cause.id == id && is_one(cause))
}

impl Weighed<'_> {
    /// The status, which a fault that lasts keeps from being good.
    pub(super) fn status(&self, status: Status) -> Status {
        let unsettled = self.unexplained.iter().any(|fault| {
            matches!(
                fault.standing,
                Standing::Intermittent | Standing::HostAlone | Standing::Untested
            ) && !fault.reading.finding.candidates.is_empty()
        });
        match status {
            Status::Healthy if unsettled => Status::Degraded,
            other => other,
        }
    }

    /// Whether Edge Agent's way is open now and its log shows none up to now.
    pub(super) fn is_intermittent(&self) -> bool {
        self.unexplained.iter().any(|fault| fault.standing == Standing::Intermittent)
    }

    /// The sentence that says why the verdict is not certain.
    pub(super) fn unsettled(&self, evidence: &Evidence<'_>, language: Language) -> Option<String> {
        let telling = self.unexplained.iter().find(|fault| {
            fault.standing <= Standing::Untested && !fault.reading.finding.candidates.is_empty()
        })?;
        Some(tell::unexplained(evidence, telling, language))
    }

    /// Faults that the logs show and that no cause accounts for.
    pub(super) fn unexplained(
        &self,
        evidence: &Evidence<'_>,
        ruled_out: &[RuledOut],
        language: Language,
    ) -> Vec<Logged> {
        let told = |fault: &UnexplainedFault<'_>| {
            let reading = &fault.reading;
            let mut out = reading.candidates();
            out.retain(|id| is_ruled_out(ruled_out, *id));
            let state = match fault.standing {
                Standing::Intermittent => LoggedState::Intermittent,
                Standing::Past => LoggedState::Past,
                _ => LoggedState::Open,
            };
            let summary = tell::unexplained(evidence, fault, language);
            let remedy = tell::remedy(evidence, fault, language);
            Logged { ruled_out_now: out, remedy, ..tell::base(reading, state, summary) }
        };
        self.unexplained.iter().take(MOST).map(told).collect()
    }
}

impl Supported<'_> {
    /// Whether no probe says anything of it.
    pub(super) fn is_by_a_log(&self) -> bool {
        self.proof.summary.key() == FROM_A_LOG
    }

    /// The sentence of the cause's page that it stands for, which chooses the remedies. Of what a log
    /// alone decides, the signature names it, or nobody knows.
    pub(super) fn variant(&self) -> &str {
        if !self.is_by_a_log() {
            return self.proof.summary.key();
        }
        self.agreeing.first().and_then(LogReading::variant).unwrap_or_default()
    }

    /// What the logs say of the cause, each log once.
    pub(super) fn logged(&self, language: Language) -> Vec<Logged> {
        let told = |reading: &LogReading<'_>| {
            let summary = tell::agreeing(reading, &self.proof, language);
            tell::base(reading, LoggedState::Agrees, summary)
        };
        // The first of what decided it is the cause's own sentence.
        self.agreeing.iter().skip(usize::from(self.is_by_a_log())).map(told).collect()
    }
}

fn is_ruled_out(ruled_out: &[RuledOut], id: CauseId) -> bool {
    ruled_out.iter().any(|other| other.id == id)
}

/// Whether a cause stands that may keep Edge Agent from the hub: Edge Hub's ports do not.
fn keep_edge_agent_out(causes: &[Supported<'_>]) -> bool {
    let blocks = |cause: &&Supported<'_>| cause.proof.effect == Effect::Blocks;
    causes.iter().filter(blocks).any(|cause| cause.id.rule().subject != Subject::Port)
}
