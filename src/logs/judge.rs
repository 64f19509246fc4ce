//! What the findings of all logs mean together.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::finding::{Finding, Scanned, Source, State};
use super::words::say;
use crate::language::{Language, Text};
use crate::verdict::{CauseId, Confidence, Effect, Platform, Remedy, Status, entry, words_of};

/// The name and version of this shape. A breaking change raises the number.
pub const SCHEMA: &str = "edgeprobe.logs/1";

/// So many outages that ended by themselves are no accident any more.
const INTERMITTENT: u64 = 3;

/// What logs show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "edgeprobe.logs/1", extend("$id" = "urn:edgeprobe:logs:1"))]
pub struct LogReport {
    /// `edgeprobe.logs/1`.
    pub schema: String,
    /// The logs that were read.
    pub sources: Vec<Source>,
    /// In the order of the logs, and of their lines.
    pub findings: Vec<Finding>,
    pub verdict: LogVerdict,
}

/// What the findings mean. Its status has the exit codes of every verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LogVerdict {
    pub status: Status,
    pub confidence: Confidence,
    /// One sentence for a person.
    pub summary: String,
    /// The causes that the findings leave, the most likely first.
    pub causes: Vec<LogCause>,
    /// What decides between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Remedy>,
}

/// A cause that findings point to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LogCause {
    pub id: CauseId,
    /// Confirmed where a text decides.
    pub confidence: Confidence,
    pub effect: Effect,
    pub summary: String,
    /// The findings that point to it, by their place in `findings`, from 0.
    pub findings: Vec<usize>,
    /// What to do, the first thing first.
    pub remedy: Vec<Remedy>,
}

/// Says what logs show together, in the language of their findings.
pub fn judge(scanned: Vec<Scanned>, language: Language) -> LogReport {
    let connected = scanned.iter().any(|log| log.connected);
    let mut sources = Vec::new();
    let mut findings = Vec::new();
    for log in scanned {
        sources.push(log.source);
        findings.extend(log.findings);
    }
    let verdict = verdict(&findings, &sources, connected, language);
    LogReport { schema: SCHEMA.to_owned(), sources, findings, verdict }
}

fn verdict(
    findings: &[Finding],
    sources: &[Source],
    connected: bool,
    language: Language,
) -> LogVerdict {
    let open: Vec<usize> = indices(findings, |finding| finding.state == State::Open);
    let causes = causes(findings, &open, language);
    let worst = open.iter().filter_map(|index| findings.get(*index)).map(|f| f.effect).min();
    let unsteady = findings.iter().find(|finding| {
        finding.state == State::Recovered
            && finding.effect == Effect::Blocks
            && finding.episodes >= INTERMITTENT
    });
    let status = match (worst, unsteady) {
        (Some(Effect::Blocks), _) => Status::Blocked,
        (Some(Effect::Degrades), _) | (_, Some(_)) => Status::Degraded,
        // Health must have been seen: a connection stands, or a line tells that it works again.
        _ if connected || findings.iter().any(ended_by_a_line) => Status::Healthy,
        _ => Status::Inconclusive,
    };
    let decided =
        !causes.is_empty() && causes.iter().all(|cause| cause.confidence == Confidence::Confirmed);
    let confidence = if decided { Confidence::Confirmed } else { Confidence::Likely };
    let telling = open.iter().filter_map(|index| findings.get(*index));
    let telling = telling.min_by_key(|finding| (finding.effect, finding.candidates.len()));
    let summary = match telling {
        Some(finding) => finding.summary.clone(),
        None => say(&overall(findings, sources, status, unsteady), language),
    };
    LogVerdict { status, confidence, summary, next: next(&causes, status, language), causes }
}

/// Whether a line shows that a finding is over, and not silence alone.
fn ended_by_a_line(finding: &Finding) -> bool {
    finding.recovered_line.is_some_and(|line| line > finding.last_line)
}

/// The smallest set of causes that accounts for every open finding, as far as texts decide; where
/// none decides, every candidate.
fn causes(findings: &[Finding], open: &[usize], language: Language) -> Vec<LogCause> {
    let mut left: Vec<usize> = open.to_vec();
    let mut causes = Vec::new();
    // A text with one candidate decides, and accounts for all that this candidate may account for.
    while let Some(id) = decisive(findings, &left) {
        let shown = indices_of(findings, &left, id);
        left.retain(|index| !shown.contains(index));
        causes.push(cause(findings, id, shown, Confidence::Confirmed, language));
    }
    // The findings with the fewest candidates represent the rest.
    while let Some(first) = least(findings, &left) {
        let Some(finding) = findings.get(first) else { break };
        let mut accounted = vec![first];
        for id in &finding.candidates {
            let shown = indices_of(findings, &left, *id);
            accounted.extend(&shown);
            if !causes.iter().any(|known: &LogCause| known.id == *id) {
                causes.push(cause(findings, *id, shown, Confidence::Likely, language));
            }
        }
        left.retain(|index| !accounted.contains(index));
    }
    let confirmed_last = |cause: &LogCause| cause.confidence != Confidence::Confirmed;
    causes.sort_by_key(|cause| (confirmed_last(cause), cause.effect));
    causes
}

/// The cause that a finding has as its only candidate, of the worst effect.
fn decisive(findings: &[Finding], left: &[usize]) -> Option<CauseId> {
    let alone = left.iter().filter_map(|index| findings.get(*index));
    let alone = alone.filter(|finding| finding.candidates.len() == 1);
    alone.min_by_key(|finding| finding.effect)?.candidates.first().copied()
}

fn least(findings: &[Finding], left: &[usize]) -> Option<usize> {
    let candidates = |index: &usize| findings.get(*index).map_or(0, |f| f.candidates.len());
    left.iter().copied().filter(|index| candidates(index) > 0).min_by_key(candidates)
}

fn indices_of(findings: &[Finding], left: &[usize], id: CauseId) -> Vec<usize> {
    let points = |index: &&usize| {
        findings.get(**index).is_some_and(|finding| finding.candidates.contains(&id))
    };
    left.iter().filter(points).copied().collect()
}

fn indices(findings: &[Finding], wanted: impl Fn(&Finding) -> bool) -> Vec<usize> {
    let chosen = findings.iter().enumerate().filter(|(_, finding)| wanted(finding));
    chosen.map(|(index, _)| index).collect()
}

fn cause(
    findings: &[Finding],
    id: CauseId,
    shown: Vec<usize>,
    confidence: Confidence,
    language: Language,
) -> LogCause {
    let of = || shown.iter().filter_map(|index| findings.get(*index));
    // What decides speaks; the rest is its consequence.
    let telling = of().min_by_key(|finding| finding.candidates.len());
    let page = entry(id, language);
    let summary = match (confidence, telling) {
        (Confidence::Confirmed, Some(finding)) => finding.summary.clone(),
        _ => say(&Text::new("cause").with("line", &page.line), language),
    };
    let effect = telling.map_or(Effect::Warns, |finding| finding.effect);
    let words = telling.map(|finding| words_of(&finding.details)).unwrap_or_default();
    let words = words.into_iter().map(|(name, word)| (name, word.into())).collect();
    // Where no finding says which of the page's it is, what is for certain findings alone is left out.
    let stands_for = |finding: &&Finding| finding.candidates.first() == Some(&id);
    let variant = telling.filter(stands_for).and_then(|finding| finding.variant.as_deref());
    let remedy = page.remedies_for(Platform::HERE, variant.unwrap_or_default(), &words, language);
    LogCause { id, confidence, effect, summary, findings: shown, remedy }
}

/// What the logs show where no finding lasts.
fn overall(
    findings: &[Finding],
    sources: &[Source],
    status: Status,
    unsteady: Option<&Finding>,
) -> Text {
    let lines: u64 = sources.iter().map(|source| source.lines).sum();
    match (status, unsteady) {
        (Status::Degraded, Some(finding)) => {
            let text = match &finding.recovered_at {
                Some(at) => Text::new("summary.came_back_at").with("time", at),
                None => Text::new("summary.came_back"),
            };
            text.with("count", finding.episodes)
        }
        (Status::Healthy, _) if !findings.is_empty() => Text::new("summary.over"),
        (Status::Healthy, _) => Text::new("summary.healthy"),
        _ if lines == 0 => Text::new("summary.no_line"),
        _ if findings.iter().any(|finding| finding.state == State::Recovered) => {
            Text::new("summary.silent_since")
        }
        _ => Text::new("summary.nothing"),
    }
}

/// What a person asks next.
fn next(causes: &[LogCause], status: Status, language: Language) -> Option<Remedy> {
    let undecided = causes.iter().any(|cause| cause.confidence == Confidence::Likely);
    let key = match status {
        Status::Blocked | Status::Degraded if undecided => "next.undecided",
        Status::Inconclusive => "next.inconclusive",
        _ => return None,
    };
    Some(Remedy {
        text: say(&Text::new(key), language),
        command: Some("sudo edgeprobe check --hub HUB".to_owned()),
    })
}
