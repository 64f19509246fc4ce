//! Recorded runs and the verdicts that they must go on giving.
//!
//! Each file of tests/golden is a report as `check --format json` or `demo --format json` wrote it,
//! on the embedded hub or in the lab. `scripts/renew golden` judges them anew and writes them; read the
//! difference before you commit it.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that panics has found something"
)]

use std::fs;
use std::path::PathBuf;

use edgeprobe::bundle::Anonymiser;
use edgeprobe::report::human::{Detail, text, vpn};
use edgeprobe::report::{Report, json};
use edgeprobe::verdict::{Confidence, Language, judge};
use french::assert_french;

#[path = "verdict/french.rs"]
mod french;
mod renew;

/// Each recording has the verdict that its observations get today, and the form that `check` writes.
#[test]
fn recorded_verdicts_are_up_to_date() {
    let mut files = Vec::new();
    for file in recordings() {
        let text = fs::read_to_string(&file).unwrap();
        let mut report: Report = serde_json::from_str(&text).expect("a report");
        let before = told(&report);
        report.verdict = judge(&report.target, &report.observations, Language::English);
        let after = told(&report);
        if before != after {
            println!("{}: was {before}, is {after}", file.display());
        }
        files.push((file, json::document(&report).unwrap()));
    }
    assert!(files.len() > 30, "the recordings are gone");
    renew::assert_up_to_date("golden", &files);
}

/// The status and the causes.
fn told(report: &Report) -> String {
    let ids = report.verdict.causes.iter().map(|cause| cause.id.word()).collect::<Vec<_>>();
    format!("{} {}", report.verdict.status, ids.join(", "))
}

/// A recording is named after the fault that it was made with; that fault's cause comes first.
#[test]
fn the_first_cause_is_the_one_that_the_recording_is_named_after() {
    for file in recordings() {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let Some(fault) = name.strip_prefix("demo-") else { continue };
        let report: Report = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let first = report.verdict.causes.first().map_or("healthy", |cause| cause.id.word());
        assert_eq!(first, fault, "{}", file.display());
    }
}

/// A cause says what would confirm it exactly where it is not confirmed.
#[test]
fn likely_causes_say_what_would_confirm_them() {
    for file in recordings() {
        let report: Report = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        for language in Language::ALL {
            for cause in judge(&report.target, &report.observations, language).causes {
                let likely = cause.confidence == Confidence::Likely;
                assert_eq!(
                    cause.would_confirm.is_some(),
                    likely,
                    "{} {}",
                    file.display(),
                    cause.id
                );
            }
        }
    }
}

/// What is told of a recording in French holds no English, and fits a terminal.
#[test]
fn recorded_runs_are_told_in_french() {
    for file in recordings() {
        let mut report: Report = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        report.verdict = judge(&report.target, &report.observations, Language::French);
        for told in
            [text(&report, Detail::Normal, Language::French), vpn::text(&report, Language::French)]
        {
            let told = anstream::adapter::strip_str(&told).to_string();
            // A command keeps its words and its length, and stands further in than all else.
            let lines = told.lines().filter(|line| !line.starts_with("                 "));
            for line in lines.clone() {
                assert!(line.chars().count() <= 80, "{}:\n{line}", file.display());
            }
            assert_french(&lines.collect::<Vec<_>>().join("\n"));
        }
    }
}

/// What `bundle --anonymise` makes of a recording has the same verdict, and nobody's names.
#[test]
fn anonymised_runs_are_judged_as_before() {
    for file in recordings() {
        let report: Report = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let mut anonymiser = Anonymiser::new(Some(&report), [], &[], &[], &[]);
        let other = anonymiser.report(&report, Language::English).expect("it is a report still");
        let name = file.display();
        let (before, after) = (&report.verdict, &other.verdict);
        assert_eq!(
            (before.status, before.confidence),
            (after.status, after.confidence),
            "{name}: {}\n{}",
            before.summary,
            after.summary
        );
        let causes = |report: &Report| -> Vec<_> {
            let causes = report.verdict.causes.iter();
            causes
                .map(|cause| (cause.id, cause.effect, cause.confidence, cause.evidence.len()))
                .collect()
        };
        assert_eq!(causes(&report), causes(&other), "{name}");
        let ruled_out = |report: &Report| -> Vec<_> {
            report.verdict.ruled_out.iter().map(|ruled| (ruled.id, ruled.evidence.len())).collect()
        };
        assert_eq!(ruled_out(&report), ruled_out(&other), "{name}");
        assert_eq!(before.unexplained.len(), after.unexplained.len(), "{name}");
        assert_eq!(before.not_tested.len(), after.not_tested.len(), "{name}");
        let text = json::document(&other).unwrap();
        let hub = report.target.hub.split('.').next().unwrap();
        assert!(!text.contains(&format!("{hub}.azure-devices")), "{name}");
        // The hub's address in the lab.
        assert!(!text.contains("20.49.110.2"), "{name}");
    }
}

fn recordings() -> Vec<PathBuf> {
    let entries = fs::read_dir("tests/golden").unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files
}
