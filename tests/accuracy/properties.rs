//! What holds of every verdict: no fault, each fault, each pair of faults, many sets of three.

use std::collections::BTreeMap;

use edgeprobe::bundle::Anonymiser;
use edgeprobe::plan::{Phase, Vantages};
use edgeprobe::report::{self, Report, SCHEMA, Tool};
use edgeprobe::verdict::{Cause, Confidence, Language, Status, Verdict};
use edgeprobe_facts::{Observation, Vantage};

use crate::examine::{Case, replays, shown};
use crate::sample::{Examined, PAIRS, SINGLES, TRIPLES, all, singles, triples};
use crate::setting::Setting;
use crate::simulate::Run;

#[test]
fn a_device_without_a_fault_is_healthy() {
    let cases: Vec<Case> = Setting::all().iter().map(|it| Case::new(*it, &[])).collect();
    let wrong = all(&cases, |case| {
        let verdict = case.verdict();
        let well = (verdict.status == Status::Healthy || case.is_left_open(verdict.status))
            && verdict.causes.is_empty()
            && verdict.unexplained.is_empty()
            && case.world().truth() == Status::Healthy;
        (!well).then(|| format!("{}: {case}", shown(&verdict)))
    });
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn each_fault_alone_is_named() {
    hold(&SINGLES);
}

#[test]
fn each_pair_of_faults_is_told_apart() {
    hold(&PAIRS);
}

#[test]
fn sets_of_three_faults_are_told_apart() {
    hold(&TRIPLES);
}

/// Without the host's own connections a fault of this device looks much like one beyond it.
#[test]
fn asked_from_the_networks_alone_no_cause_is_wrong_and_certain() {
    let well = Setting::all().iter().map(|it| Case::new(*it, &[]));
    let cases: Vec<Case> = well.chain(singles(40)).chain(triples(300)).collect();
    let vantages = Vantages { host: false, ..Vantages::default() };
    let wrong = all(&cases, |case| {
        let world = case.world();
        let run = world.check_from(vantages.clone());
        // Where no network was joined nothing was asked at all.
        let joined =
            |it: &Observation| it.vantage != Vantage::Host && it.facts.endpoint().is_some();
        if !run.observations.iter().any(joined) {
            return None;
        }
        let verdict = run.verdict();
        let sure = |it: &&Cause| it.confidence == Confidence::Confirmed;
        let invented = verdict.causes.iter().filter(sure).any(|it| !case.may_be_named(it.id));
        let worse = verdict.status > world.truth() && verdict.status != Status::Inconclusive;
        (invented || worse).then(|| format!("{case}: {}", shown(&verdict)))
    });
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn a_run_that_is_read_back_is_judged_as_before() {
    let cases: Vec<Case> = singles(3).into_iter().chain(triples(300)).collect();
    let right = all(&cases, |case| {
        let run = case.world().check();
        replays(&run, &run.verdict())
    });
    assert!(right.into_iter().all(|right| right));
}

#[test]
fn an_anonymised_run_is_judged_as_before() {
    let cases: Vec<Case> = singles(2).into_iter().chain(triples(150)).collect();
    let wrong = all(&cases, |case| {
        let run = case.world().check();
        let (before, after) = (run.verdict(), anonymised(&run).verdict());
        let ids = |verdict: &Verdict| -> Vec<_> {
            verdict.causes.iter().map(|cause| (cause.id, cause.effect, cause.confidence)).collect()
        };
        let same = before.status == after.status
            && before.confidence == after.confidence
            && ids(&before) == ids(&after)
            && before.unexplained.len() == after.unexplained.len();
        (!same).then(|| format!("{case}:\n{}\n{}", shown(&before), shown(&after)))
    });
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// The run as `bundle --anonymise` writes it.
fn anonymised(run: &Run) -> Run {
    let report = Report {
        schema: SCHEMA.to_owned(),
        tool: Tool::this(),
        run: report::Run {
            id: String::new(),
            started_at: String::new(),
            duration_ms: 0.0,
            phase: Phase::Installed,
            privileges: Vec::new(),
        },
        target: run.target.clone(),
        verdict: run.verdict(),
        vpn: None,
        observations: run.observations.clone(),
    };
    let mut anonymiser = Anonymiser::new(Some(&report), [], &[], &[], &[]);
    let report = anonymiser.report(&report, Language::English).expect("it is a report still");
    Run { target: report.target, observations: report.observations }
}

/// Holds every case to every property, and tells breaches together that are alike.
fn hold(examined: &[Examined]) {
    let mut breaches: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for Examined { case, breaches: found, .. } in examined {
        for breach in found {
            let key = format!("{}: {:?}: {}", breach.property, case.faults, breach.detail);
            breaches.entry(key).or_insert_with(|| (0, case.setting.to_string())).0 += 1;
        }
    }
    let lines: Vec<String> = breaches
        .iter()
        .map(|(what, (count, setting))| format!("{count} times {what}\n    such as {setting}"))
        .collect();
    assert!(
        lines.is_empty(),
        "{} kinds of breach in {} cases:\n{}",
        lines.len(),
        examined.len(),
        lines.join("\n")
    );
}
