//! A run from its setup to its report.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use edgeprobe_probes::Timeline;
use edgeprobe_probes::recorder::milliseconds;
use edgeprobe_probes::vantage::Containers;
use jiff::Timestamp;

use super::logs::during_check::Reading;
use super::problem::Problem;
use super::setup::Setup;
use crate::language::Language;
use crate::report::{Report, Run, SCHEMA, Tool};
use crate::run::{self, Event, Means};
use crate::verdict;

/// What is kept of the timeout for the verdict and for telling it.
const RESERVE: Duration = Duration::from_millis(300);

/// The runtime that everything waits by cannot be made: it needs a few open files.
pub(super) fn cannot_start(what: &str, error: &std::io::Error) -> Problem {
    Problem::new(format!("cannot {what}: {error}"))
        .hint("allow it more open files, for example by `ulimit -n 1024`")
}

/// The time of a run that starts now and is to end within this limit.
pub(super) fn timeline(limit: Duration) -> Timeline {
    Timeline::start(limit.saturating_sub(RESERVE))
}

/// Asks, judges in a language and reports.
pub(super) fn perform(
    setup: &Setup,
    language: Language,
    mut tell: impl FnMut(Event<'_>),
) -> Result<Report, Problem> {
    edgeprobe_probes::random::prepare()
        .map_err(|error| cannot_start("take random numbers", &error))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| cannot_start("start the probes", &error))?;
    let started = Timestamp::now();
    let timeline = setup.timeline;
    let given = setup.given.clone();
    let containers =
        if setup.containers { Containers::with(&setup.trust) } else { Containers::none() };
    let logs = Reading::start(&setup.logs, timeline)?;
    let means = Means {
        trust: setup.trust.clone(),
        containers,
        registry_access: setup.registry_access.clone(),
    };
    let observing = run::observe(&setup.plan, &means, timeline, given, &mut tell);
    let mut observations = runtime.block_on(observing);
    // A look-up that the C library still works on must not hold up the answer.
    runtime.shutdown_background();
    for read in logs.end()? {
        tell(Event::Asked);
        tell(Event::Answered(&read));
        observations.push(read);
    }
    run::put_in_order(&mut observations);
    let verdict = verdict::judge(&setup.plan.target, &observations, language);
    Ok(Report {
        schema: SCHEMA.to_owned(),
        tool: Tool::this(),
        run: Run {
            id: format!("{:016x}", RandomState::new().hash_one(started)),
            started_at: format!("{started:.3}"),
            duration_ms: milliseconds(Duration::from_secs_f64(timeline.elapsed_ms() / 1_000.0)),
            phase: setup.phase,
            privileges: edgeprobe_probes::privileges::held(),
        },
        target: setup.plan.target.clone(),
        verdict,
        vpn: None,
        observations,
    })
}
