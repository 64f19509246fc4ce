//! `edgeprobe probe`

use clap::Args;
use edgeprobe_facts::{Observation, Outcome, Probe};

use super::check::Telling;
use super::format::Format;
use super::language::Languages;
use super::logs::during_check::Logs;
use super::options::{ProbeName, TargetOptions, VantageChoice};
use super::output::{Destination, refuse_to_overwrite};
use super::problem::Problem;
use super::progress::Progress;
use super::session::perform;
use super::setup::{Probes, Setup};
use crate::language::Language;
use crate::plan::is_asked_anywhere;
use crate::report::{Report, human, words};
use crate::verdict::{Cause, Effect};

/// Options of `probe`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  edgeprobe probe dns --hub contoso.azure-devices.net
  edgeprobe probe tls --hub contoso.azure-devices.net --protocol amqp,mqtt
  edgeprobe probe ports --hub contoso.azure-devices.net --ports 443
  edgeprobe probe tls --vantage bridge      from the container networks alone
  edgeprobe probe trace                     a connection's way through this host
  edgeprobe probe registry --registry contoso.azurecr.io/module:1.0

The prerequisites of a probe are asked first: trace needs the engine's networks,
a joined network and a connection from it. Only their failures are shown.

Exit codes: 0 all answers are good, 2 at least one is not, 3 nothing could be
asked.")]
pub(super) struct Options {
    /// The probe
    #[arg(value_enum)]
    probe: ProbeName,

    #[command(flatten)]
    target: TargetOptions,

    #[command(flatten)]
    telling: Telling,
}

pub(super) fn run(options: &Options, languages: Languages) -> Result<u8, Problem> {
    let language = languages.for_format(options.telling.format);
    if !matches!(options.telling.format, Format::Human | Format::Json | Format::Ndjson) {
        return Err(Problem::new(
            "--format: `probe` gives no verdict, so this form does not apply",
        )
        .hint("use human, json or ndjson; `edgeprobe check --only` gives a verdict"));
    }
    let probe = options.probe.0;
    refuse_to_overwrite(options.telling.output.as_deref(), options.target.ca_file.as_deref())?;
    let mut setup = Setup::new(&options.target, Probes::alone(probe), None)?;
    setup.plan.follow_all = probe == Probe::Trace;
    if probe == Probe::Logs {
        setup.logs = Logs::Here { asked: true };
    }
    let destination = Destination::prepare(options.telling.output.as_deref())?;
    let report = {
        let mut progress = Progress::start(options.telling.quiet);
        perform(&setup, language, |event| progress.show(&event))?
    };
    let vantage = options.target.vantage;
    let is_wanted = |observation: &&Observation| {
        let from_a_network = observation.vantage.is_in_a_container();
        let elsewhere = vantage == VantageChoice::Bridge && is_asked_anywhere(probe);
        observation.probe() == probe && (from_a_network || !elsewhere)
    };
    let wanted: Vec<&Observation> = report.observations.iter().filter(is_wanted).collect();
    let bad = causes_of_what_passed(&report, &wanted);
    let failed = !bad.is_empty() || wanted.iter().any(|observation| observation.failed());
    let unanswered = wanted.iter().all(|observation| observation.outcome == Outcome::Skipped);
    let code = match (unanswered, failed) {
        (true, _) => super::FAILED,
        (false, true) => 2,
        (false, false) => 0,
    };
    if code != 0 || !options.telling.quiet {
        let text = match options.telling.format {
            Format::Human => {
                told(&report.observations, &wanted, &bad, options.telling.verbose, language)
            }
            format => format.text(&report, false, language)?,
        };
        destination.write(&text)?;
    }
    Ok(code)
}

/// The causes that nothing but good answers bring about: a name that was read, and that the runtime
/// refuses.
fn causes_of_what_passed<'r>(report: &'r Report, wanted: &[&Observation]) -> Vec<&'r Cause> {
    let passed = |id: &String| wanted.iter().any(|it| it.id == *id && it.outcome == Outcome::Pass);
    let rests = |cause: &&Cause| {
        let seen = !cause.evidence.is_empty() && cause.evidence.iter().all(passed);
        cause.effect != Effect::Warns && seen
    };
    report.verdict.causes.iter().filter(rests).collect()
}

/// Each wanted observation, what is wrong with a good one, and of what only led to it what went wrong,
/// or all.
fn told(
    all: &[Observation],
    wanted: &[&Observation],
    bad: &[&Cause],
    verbose: bool,
    language: Language,
) -> String {
    let is_wanted = |observation: &Observation| wanted.iter().any(|it| it.id == observation.id);
    let shown = all.iter().filter(|it| verbose || is_wanted(it) || it.outcome != Outcome::Pass);
    let mut told =
        shown.map(|observation| human::full(observation, language) + "\n").collect::<String>();
    if wanted.is_empty() {
        let key = if told.is_empty() { "probe.nothing" } else { "probe.nothing_after" };
        let nothing = words::word(key, language);
        return if told.is_empty() { nothing + "\n" } else { format!("{nothing}\n\n{told}") };
    }
    for cause in bad {
        told += &(human::cause_and_sentence(cause.id, &cause.summary, language) + "\n");
    }
    told
}
