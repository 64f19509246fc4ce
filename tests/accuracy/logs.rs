//! What Edge Agent's own log adds on any device, however it is broken: nothing by what is over, no
//! cause by what lasts, and never a better status.

use std::sync::LazyLock;

use edgeprobe::verdict::{CauseId, Confidence, Effect, LoggedState, Status, Verdict};
use edgeprobe_facts::logs::{Attempts, Course, LogFacts, LogFinding, Party};
use edgeprobe_facts::{Facts, Observation, Outcome, Vantage};

use crate::examine::{Case, shown};
use crate::exceptions::sees_all;
use crate::sample::{all, singles, triples};
use crate::setting::{Device, Setting};
use crate::simulate::Run;

/// Attempts to connect that get no answer, up to two minutes before the run.
fn in_vain() -> LogFinding {
    let time = |text: &str| Some(text.to_owned());
    LogFinding {
        signature: "attempts".to_owned(),
        summary: "attempts to connect that get no answer.".to_owned(),
        text: "the text of the line".to_owned(),
        candidates: ["egress-blocked", "vpn-override", "forward-blocked"].map(Into::into).to_vec(),
        attempts: Some(Attempts { party: Party::EdgeAgent, course: Course::Silent }),
        lasts: true,
        count: 37,
        episodes: 1,
        first_at: time("2026-11-24T09:14:05Z"),
        since_at: time("2026-11-24T09:14:05Z"),
        last_at: time("2026-11-24T11:58:00Z"),
        age_s: Some(120.0),
        ..LogFinding::default()
    }
}

/// The same, until a connection opened.
fn over() -> LogFinding {
    let recovered_at = Some("2026-11-24T11:59:00Z".to_owned());
    LogFinding { lasts: false, recovered_at, ..in_vain() }
}

/// The run, and Edge Agent's log beside it.
fn with_log(run: &Run, finding: LogFinding) -> Run {
    let source = "container edgeAgent";
    let facts = LogFacts {
        source: source.to_owned(),
        container: Some("edgeAgent".to_owned()),
        lines: 1000,
        read_at: "2026-11-24T12:00:00Z".to_owned(),
        findings: vec![finding],
        ..LogFacts::default()
    };
    let log = Observation {
        id: format!("host/logs/{source}"),
        vantage: Vantage::Host,
        target: source.to_owned(),
        outcome: Outcome::Pass,
        failure: None,
        facts: Facts::Logs(Box::new(facts)),
        ..run.observations[0].clone()
    };
    let mut with = run.clone();
    with.observations.push(log);
    with
}

/// A device that has an Edge Agent, and its verdicts.
struct Logged {
    case: Case,
    without: Verdict,
    over: Verdict,
    in_vain: Verdict,
}

/// Devices with no fault, one and three.
static ALL: LazyLock<Vec<Logged>> = LazyLock::new(|| {
    let sound = Setting::all().iter().step_by(7).map(|it| Case::new(*it, &[]));
    let cases = sound.chain(singles(4)).chain(triples(400));
    let has_agent = |it: &Case| matches!(it.setting.device, Device::Agent | Device::Runtime);
    let cases: Vec<Case> = cases.filter(has_agent).collect();
    all(&cases, |case| {
        let run = case.world().check();
        Logged {
            case: case.clone(),
            without: run.verdict(),
            over: with_log(&run, over()).verdict(),
            in_vain: with_log(&run, in_vain()).verdict(),
        }
    })
});

fn causes(verdict: &Verdict) -> Vec<(CauseId, Effect, Confidence)> {
    verdict.causes.iter().map(|cause| (cause.id, cause.effect, cause.confidence)).collect()
}

/// Holds the verdicts of all cases, without the log and with it, to a property.
fn hold(with: fn(&Logged) -> &Verdict, holds: fn(&Case, &Verdict, &Verdict) -> bool) {
    let mut wrong = Vec::new();
    for logged in ALL.iter() {
        let Logged { case, without, .. } = logged;
        let with = with(logged);
        if !holds(case, without, with) {
            let logged: Vec<_> = with.logged.iter().map(|it| it.state).collect();
            let line = format!("{case}:\n  {}\n  {}", shown(without), shown(with));
            wrong.push(format!("{line}, logged {logged:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), ALL.len(), wrong.join("\n"));
}

#[test]
fn a_log_of_what_is_over_changes_nothing() {
    hold(
        |logged| &logged.over,
        |_, without, with| {
            (without.status, without.confidence) == (with.status, with.confidence)
                && causes(without) == causes(with)
                && without.unexplained == with.unexplained
                && with.logged.iter().all(|it| it.state == LoggedState::Past)
        },
    );
}

#[test]
fn a_log_of_what_lasts_names_no_cause_and_makes_no_verdict_better() {
    hold(
        |logged| &logged.in_vain,
        |_, without, with| {
            let ids =
                |verdict: &Verdict| causes(verdict).into_iter().map(|it| it.0).collect::<Vec<_>>();
            // A log of the modules' own decides more than a host that is well.
            let is_better = with.status < without.status && without.status != Status::Inconclusive;
            !is_better
                && with.status <= without.status.max(Status::Degraded)
                && ids(with) == ids(without)
                && with.unexplained == without.unexplained
        },
    );
}

#[test]
fn attempts_in_vain_are_said_to_come_and_go_only_where_the_way_is_open() {
    hold(
        |logged| &logged.in_vain,
        |case, _, with| {
            let world = case.world();
            let open = world.protocols.iter().any(|transport| world.works(*transport));
            let comes_and_goes = with.logged.iter().any(|it| it.state == LoggedState::Intermittent);
            !comes_and_goes || open || !sees_all(&case.setting)
        },
    );
}

#[test]
fn on_a_sound_device_attempts_in_vain_come_and_go_or_are_left_open() {
    hold(
        |logged| &logged.in_vain,
        |case, _, with| {
            let told =
                if sees_all(&case.setting) { LoggedState::Intermittent } else { LoggedState::Open };
            !case.faults.is_empty()
                || (with.status == Status::Degraded
                    && with.confidence == Confidence::Likely
                    && with.logged.iter().map(|it| it.state).eq([told]))
        },
    );
}
