//! Logs as they come from devices, with what must be found in each.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use edgeprobe::logs::{Finding, LogReport};
use serde::Deserialize;

use crate::{built_in, scanned};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    log: Vec<Case>,
}

/// One log.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// Where the log, or its like, was seen.
    #[serde(rename = "seen")]
    _seen: String,
    pub(crate) text: String,
    /// The verdict's word.
    pub(crate) status: String,
    /// The causes that a text decides; none where several are left.
    #[serde(default)]
    pub(crate) decided: Vec<String>,
    /// The first of the causes that are left.
    #[serde(default)]
    pub(crate) likeliest: Option<String>,
    #[serde(default)]
    pub(crate) finds: Vec<Expected>,
}

/// A finding, as far as it matters.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    pub(crate) signature: String,
    #[serde(default)]
    pub(crate) state: Option<String>,
    #[serde(default)]
    pub(crate) count: Option<u64>,
    #[serde(default)]
    pub(crate) lines: Option<(u64, u64)>,
    #[serde(default)]
    pub(crate) details: BTreeMap<String, serde_json::Value>,
}

/// Every log of the corpus.
pub(crate) fn cases() -> Vec<Case> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/logs/corpus");
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut cases = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let file: File =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        cases.extend(file.log);
    }
    cases
}

/// Holds a report against what is expected; the problems in words.
pub(crate) fn differences(case: &Case, report: &LogReport) -> Vec<String> {
    let mut problems = Vec::new();
    let mut left: Vec<&Finding> = report.findings.iter().collect();
    for expected in &case.finds {
        let Some(place) = left.iter().position(|finding| is(finding, expected)) else {
            problems.push(format!("missing: {expected:?}"));
            continue;
        };
        left.remove(place);
    }
    problems.extend(left.iter().map(|finding| format!("too much: {finding:#?}")));
    let status = report.verdict.status.to_string();
    if status != case.status {
        problems.push(format!("status {status}, not {}", case.status));
    }
    let decided: BTreeSet<&str> = report
        .verdict
        .causes
        .iter()
        .filter(|cause| cause.confidence == edgeprobe::verdict::Confidence::Confirmed)
        .map(|cause| cause.id.word())
        .collect();
    let wanted: BTreeSet<&str> = case.decided.iter().map(String::as_str).collect();
    if decided != wanted {
        problems.push(format!("decided {decided:?}, not {wanted:?}"));
    }
    if let Some(likeliest) = &case.likeliest {
        let first = report.verdict.causes.iter().find(|cause| !wanted.contains(cause.id.word()));
        let first = first.map(|cause| cause.id.word());
        if first != Some(likeliest) {
            problems.push(format!("likeliest {first:?}, not {likeliest}"));
        }
    }
    problems
}

fn is(finding: &Finding, expected: &Expected) -> bool {
    let state = serde_json::to_value(finding.state).unwrap();
    finding.signature == expected.signature
        && expected.state.as_ref().is_none_or(|wanted| state == *wanted)
        && expected.count.is_none_or(|count| finding.count == count)
        && expected.lines.is_none_or(|lines| (finding.first_line, finding.last_line) == lines)
        && expected.details.iter().all(|(name, value)| finding.details.get(name) == Some(value))
}

#[test]
fn what_must_be_found_is_found_and_nothing_else() {
    let signatures = built_in();
    let mut failed = 0;
    for case in cases() {
        let report = scanned(signatures, case.text.as_bytes(), 64 * 1024);
        let problems = differences(&case, &report);
        if !problems.is_empty() {
            failed += 1;
            println!("{}:\n{}\n", case.name, problems.join("\n"));
        }
    }
    assert_eq!(failed, 0, "logs are read wrongly; see above");
}

#[test]
fn every_signature_has_a_log() {
    let shown: BTreeSet<String> =
        cases().into_iter().flat_map(|case| case.finds).map(|found| found.signature).collect();
    let shown: BTreeSet<String> = shown.into_iter().chain(crate::reports::signatures()).collect();
    let missing: Vec<String> = built_in()
        .all()
        .iter()
        .filter(|signature| !signature.says.is_empty() && !signature.needs_peer)
        .map(|signature| signature.id.clone())
        .filter(|id| !shown.contains(id))
        .collect();
    assert!(missing.is_empty(), "no log of the corpus shows {missing:?}");
}

/// Lines that come close to a signature's text, or stand in every healthy log.
const QUIET_LINES: &str = include_str!("quiet_lines.txt");

#[test]
fn look_alikes_show_nothing() {
    for line in QUIET_LINES.lines() {
        let report = scanned(built_in(), line.as_bytes(), 4096);
        assert!(report.findings.is_empty(), "{line}\n{:#?}", report.findings);
    }
    assert!(scanned(built_in(), QUIET_LINES.as_bytes(), 4096).findings.is_empty());
}

#[test]
fn as_many_logs_show_nothing_as_show_something() {
    let (quiet, telling): (Vec<Case>, Vec<Case>) =
        cases().into_iter().partition(|case| case.finds.is_empty());
    let quiet = quiet.len() + QUIET_LINES.lines().count();
    assert!(quiet >= telling.len(), "{quiet} quiet, {} telling", telling.len());
}

#[test]
fn names_are_not_used_twice() {
    let names: Vec<String> = cases().into_iter().map(|case| case.name).collect();
    let distinct: BTreeSet<&String> = names.iter().collect();
    assert_eq!(distinct.len(), names.len());
}
