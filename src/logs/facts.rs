//! From what logs show to the facts of observations, which a verdict takes as evidence.
//!
//! A [`Finding`] is a result of `edgeprobe logs` and a [`LogFinding`] is part of a report: two published
//! forms. A finding has line numbers, the page that documents it and causes of the catalogue. An
//! observation has no types of the verdict, and it has what a verdict without a clock and without
//! signatures needs: the age of the finding and whose attempts it is about.

use edgeprobe_facts::clean;
use edgeprobe_facts::logs::{Attempts, LogFacts, LogFinding};

use super::finding::{Finding, Scanned, State};
use super::set::Signatures;
use super::signature::Signature;
use super::time::{Moment, parse, rfc3339};

/// Findings of one log that are kept, those that last before those that are over.
const FINDINGS: usize = 32;

/// Characters that are kept of a line.
const TEXT: usize = 160;

/// What is seen this soon after the moment that is read from may have begun before; milliseconds.
/// The runtime's own pauses are five minutes at most.
const AT_THE_BEGIN: i64 = 5 * 60_000;

/// The facts of logs that were read together at a time, `read_at`, from a moment on.
pub fn facts(
    mut logs: Vec<Scanned>,
    signatures: &Signatures,
    since: Option<Moment>,
    read_at: Moment,
) -> Vec<LogFacts> {
    end_across(&mut logs, signatures);
    logs.into_iter().map(|log| log_facts(log, signatures, since, read_at)).collect()
}

/// Ends what another log shows to be over.
///
/// The daemons and the engine seldom write that something works again: it shows in what Edge Agent
/// writes, and the signatures' `until` says by which lines. What Edge Agent or Edge Hub writes itself
/// is ended by its own log alone, since each has separate connections.
fn end_across(logs: &mut [Scanned], signatures: &Signatures) {
    let seen: Vec<(String, Moment)> = logs
        .iter()
        .flat_map(|log| &log.successes)
        .filter_map(|(id, at)| Some((id.clone(), (*at)?)))
        .collect();
    for log in logs.iter_mut().filter(|log| !is_a_modules(log, signatures)) {
        for finding in log.findings.iter_mut().filter(|finding| finding.state == State::Open) {
            let Some(signature) = signature_of(finding, signatures) else { continue };
            let last = finding.last_at.as_deref().and_then(parse);
            let place = finding.place;
            let ends = |(id, at): &&(String, Moment)| {
                signature.until_at(place).contains(id) && last.is_some_and(|last| *at > last)
            };
            if let Some((_, at)) = seen.iter().filter(ends).min_by_key(|(_, at)| *at) {
                finding.state = State::Recovered;
                finding.recovered_at = Some(rfc3339(*at));
            }
        }
    }
}

/// Whether Edge Agent or Edge Hub itself wrote a log.
fn is_a_modules(log: &Scanned, signatures: &Signatures) -> bool {
    let connects = |id: &String| {
        let all = signatures.all();
        all.iter().any(|signature| signature.id == *id && signature.party.is_some())
    };
    log.source.container.is_some()
        || log.successes.keys().any(connects)
        || log.findings.iter().any(|finding| attempts(finding, signatures).is_some())
}

fn log_facts(
    log: Scanned,
    signatures: &Signatures,
    since: Option<Moment>,
    read_at: Moment,
) -> LogFacts {
    let mut findings = log.findings;
    findings.sort_by_key(|finding| finding.state != State::Open);
    findings.truncate(FINDINGS);
    findings.sort_by_key(|finding| finding.first_line);
    LogFacts {
        source: log.source.name,
        container: log.source.container,
        unit: None,
        lines: log.source.lines,
        bytes: log.source.bytes,
        first_at: log.source.first_at,
        last_at: log.source.last_at,
        read_at: rfc3339(read_at),
        findings: findings
            .into_iter()
            .map(|finding| log_finding(finding, signatures, since, read_at))
            .collect(),
        notes: log.source.notes,
    }
}

fn log_finding(
    finding: Finding,
    signatures: &Signatures,
    since: Option<Moment>,
    read_at: Moment,
) -> LogFinding {
    let moment = |at: &Option<String>| at.as_deref().and_then(parse);
    let age = moment(&finding.last_at).map(|last| read_at - last);
    let first = moment(&finding.first_at);
    let from_the_begin = finding.episodes <= 1
        && first.zip(since).is_some_and(|(at, since)| at - since < AT_THE_BEGIN);
    LogFinding {
        attempts: attempts(&finding, signatures),
        text: the_telling(&finding.text, signature_of(&finding, signatures)),
        signature: finding.signature,
        summary: finding.summary,
        candidates: finding.candidates.iter().map(ToString::to_string).collect(),
        variant: finding.variant,
        effect: finding.effect,
        lasts: finding.state == State::Open,
        count: finding.count,
        episodes: finding.episodes,
        since_at: finding.since_at.or_else(|| finding.first_at.clone()),
        first_at: finding.first_at,
        last_at: finding.last_at,
        recovered_at: finding.recovered_at,
        from_the_begin,
        age_s: age.map(seconds),
        details: finding.details,
    }
}

/// The part of a long line that tells: from where the signature's text stands in it, or its end, since
/// what comes before leads to it.
fn the_telling(text: &str, signature: Option<&Signature>) -> String {
    let letters = text.chars().count();
    let Some(surplus) = letters.checked_sub(TEXT).filter(|surplus| *surplus > 0) else {
        return clean::line(text, TEXT);
    };
    let texts = signature.into_iter().flat_map(|signature| &signature.text);
    let place = texts.filter_map(|own| text.find(longest_piece(own))).min();
    let before = place.and_then(|place| text.get(..place)).map(|before| before.chars().count());
    let begin = before.unwrap_or(surplus).min(surplus);
    let rest: String = text.chars().skip(begin).collect();
    let dots = if begin > 0 { "\u{2026}" } else { "" };
    format!("{dots}{}", clean::line(&rest, TEXT))
}

/// The longest fixed piece of a text with placeholders.
fn longest_piece(text: &str) -> &str {
    let pieces = text.split('{').map(|piece| piece.split_once('}').map_or(piece, |(_, rest)| rest));
    pieces.max_by_key(|piece| piece.len()).unwrap_or(text)
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of centuries are exact")]
fn seconds(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1_000.0
}

fn signature_of<'s>(finding: &Finding, signatures: &'s Signatures) -> Option<&'s Signature> {
    signatures.all().iter().find(|signature| signature.id == finding.signature)
}

fn attempts(finding: &Finding, signatures: &Signatures) -> Option<Attempts> {
    let signature = signature_of(finding, signatures)?;
    Some(Attempts { party: signature.party?, course: signature.outcome? })
}
