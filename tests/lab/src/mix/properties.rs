//! What holds of every verdict on several faults, whatever they are.

use crate::judge::{Report, ReportCause, Verdict};
use crate::scenario::{Scenario, Status};
use crate::scenarios::together::{AMOUNTS, COMPANIONS};

/// The effects of causes, the gravest first.
const EFFECTS: [&str; 3] = ["blocks", "degrades", "warns"];

/// Returns a line for each property that a report on a lab with `faults`, of which plain tools see
/// `seen`, does not have.
pub(super) fn broken(report: &Report, faults: &[Scenario], seen: &[Scenario]) -> Vec<String> {
    let verdict = Verdict::from(report);
    if let [fault] = faults {
        let mut wrong = verdict.differences(&fault.expected);
        wrong.extend(strangers(report, faults));
        return wrong;
    }
    let mut wrong = Vec::new();
    wrong.extend(better_than(&verdict, seen));
    wrong.extend(not_the_code(&verdict));
    wrong.extend(strangers(report, faults));
    if verdict.causes.is_empty() {
        wrong.push("no cause is named".to_owned());
    }
    wrong.extend(not_in_order(report));
    wrong
}

/// More faults never make a verdict better than one of them alone.
fn better_than(verdict: &Verdict, seen: &[Scenario]) -> Option<String> {
    let got = status(&verdict.status);
    let worst = seen.iter().max_by_key(|fault| fault.expected.status.exit_code())?;
    let wanted = worst.expected.status;
    (got.is_none_or(|got| got.exit_code() < wanted.exit_code()))
        .then(|| format!("{} alone is {}", worst.name, wanted.word()))
}

fn not_the_code(verdict: &Verdict) -> Option<String> {
    let wanted = status(&verdict.status)?.exit_code();
    (verdict.exit_code != Some(wanted)).then(|| format!("exit code is not {wanted}"))
}

/// A cause that nobody injected is a false one.
fn strangers(report: &Report, faults: &[Scenario]) -> Vec<String> {
    let injected = injected(faults);
    let of = |names: &[&str]| faults.iter().any(|fault| names.contains(&fault.name));
    let goes_along = |cause: &str| COMPANIONS.iter().any(|(with, to, _)| *to == cause && of(with));
    let known = |cause: &ReportCause| {
        injected.contains(&cause.id.as_str())
            || amounts(&injected).any(|it| it == cause.id)
            || (cause.effect == "warns" && goes_along(&cause.id))
    };
    let strangers = report.verdict.causes.iter().filter(|cause| !known(cause));
    strangers.map(|cause| format!("{} is named, and nobody injected it", cause.id)).collect()
}

/// What blocks comes before what degrades, and that before what warns; and the first cause is as
/// grave as the status.
fn not_in_order(report: &Report) -> Option<String> {
    let grave = |effect: &str| EFFECTS.iter().position(|known| *known == effect);
    let effects: Vec<_> = report.verdict.causes.iter().map(|cause| grave(&cause.effect)).collect();
    if !effects.is_sorted() {
        return Some("a lesser cause comes before a graver one".to_owned());
    }
    let wanted = match status(&report.verdict.status)? {
        Status::Blocked => 0,
        Status::Degraded => 1,
        Status::Healthy => 2,
        Status::Inconclusive => 3,
    };
    let first = effects.first().copied().flatten()?;
    (first != wanted).then(|| "the first cause is not as grave as the status".to_owned())
}

/// The causes that the faults are, each alone.
pub(super) fn injected(faults: &[Scenario]) -> Vec<&'static str> {
    let expected = faults.iter().map(|fault| fault.expected);
    expected.flat_map(|it| it.cause.into_iter().chain(it.also.iter().copied())).collect()
}

/// What these causes may amount to together.
fn amounts<'a>(causes: &'a [&'static str]) -> impl Iterator<Item = &'static str> + 'a {
    let all = |of: &[&str]| of.iter().all(|cause| causes.contains(cause));
    AMOUNTS.iter().filter(move |(of, ..)| all(of)).map(|(_, to, _)| *to)
}

/// Whether mending `fault` is what the first cause `cause` asks for.
pub(super) fn is_of(fault: &Scenario, cause: &str) -> bool {
    let own = fault.expected.cause;
    let amounts = |of: &[&str], to: &str| to == cause && own.is_some_and(|it| of.contains(&it));
    own == Some(cause) || AMOUNTS.iter().any(|(of, to, _)| amounts(of, to))
}

fn status(word: &str) -> Option<Status> {
    [Status::Healthy, Status::Degraded, Status::Blocked].into_iter().find(|it| it.word() == word)
}
