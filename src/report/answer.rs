//! What a report answers in a word and a sentence: the verdict, or under `vpn` the answer of `vpn`.

use super::Report;
use super::human::evidence;
use super::human::vpn;
use crate::language::Language;
use crate::verdict::{Cause, Confidence, Status};

/// The answer that a report's exit code follows.
pub(super) struct Answer<'r> {
    pub(super) status: Status,
    pub(super) confidence: Confidence,
    /// One sentence.
    pub(super) summary: String,
    /// The causes that the answer rests on, the root cause first.
    pub(super) causes: Vec<&'r Cause>,
}

impl<'r> Answer<'r> {
    pub(super) fn from_report(report: &'r Report, language: Language) -> Self {
        let verdict = &report.verdict;
        if report.vpn.is_none() {
            return Self {
                status: verdict.status,
                confidence: verdict.confidence,
                summary: verdict.summary.clone(),
                causes: verdict.causes.iter().collect(),
            };
        }
        let answer = vpn::answer(report, language);
        let causes: Vec<&Cause> =
            verdict.causes.iter().filter(|cause| cause.id.is_about_a_vpn()).collect();
        Self {
            status: answer.status,
            confidence: causes.first().map_or(Confidence::Confirmed, |cause| cause.confidence),
            summary: answer.sentence,
            causes,
        }
    }
}

/// The observations that prove a cause, a sentence each, those that say most first.
pub(super) fn evidence_of(cause: &Cause, report: &Report, language: Language) -> Vec<String> {
    let observations = cause
        .evidence
        .iter()
        .filter_map(|id| report.observations.iter().find(|observation| observation.id == *id));
    let telling = evidence::the_telling(observations);
    telling.into_iter().map(|observation| evidence::sentence(observation, language)).collect()
}
