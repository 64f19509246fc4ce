//! `edgeprobe probe`

use clap::Args;
use edgeprobe_probes::{Observation, Probe};

use super::check::{Format, Telling};
use super::language::Languages;
use super::logs::aside::Logs;
use super::output::Destination;
use super::problem::Problem;
use super::progress::Progress;
use super::session::perform;
use super::setup::{ProbeName, Setup, TargetOptions};
use crate::language::Language;
use crate::report::{human, json, words};

/// Options of `probe`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  edgeprobe probe dns --hub contoso.azure-devices.net
  edgeprobe probe tls --hub contoso.azure-devices.net --protocol amqp,mqtt
  edgeprobe probe ports --hub contoso.azure-devices.net --ports 443
  edgeprobe probe registry --registry contoso.azurecr.io/module:1.0

Exit codes: 0 all answers are good, 2 at least one is not, 3 nothing was asked.")]
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
    let language = languages.of(options.telling.format);
    let probe = Probe::from(options.probe);
    let mut setup = Setup::new(&options.target, [probe], None)?;
    if probe == Probe::Logs {
        setup.logs = Logs::Here { asked: true };
    }
    let destination = Destination::prepare(options.telling.output.as_deref())?;
    let report = {
        let mut progress = Progress::start(options.telling.quiet);
        perform(&setup, language, |event| progress.show(&event))?
    };
    let wanted: Vec<&Observation> =
        report.observations.iter().filter(|observation| observation.probe() == probe).collect();
    let failed = wanted.iter().any(|observation| observation.failed());
    let code = match (wanted.is_empty(), failed) {
        (true, _) => super::FAILED,
        (false, true) => 2,
        (false, false) => 0,
    };
    if code != 0 || !options.telling.quiet {
        let text = match options.telling.format {
            Format::Human => told(&report.observations, language),
            Format::Json => json::document(&report).map_err(|error| unwritable(&error))?,
            Format::Ndjson => json::lines(&report).map_err(|error| unwritable(&error))?,
        };
        destination.write(&text)?;
    }
    Ok(code)
}

/// Each observation in a line, those that only led to the probe included.
fn told(observations: &[Observation], language: Language) -> String {
    if observations.is_empty() {
        return words::word("probe.nothing", language) + "\n";
    }
    observations.iter().map(|observation| human::full(observation, language) + "\n").collect()
}

fn unwritable(error: &std::io::Error) -> Problem {
    Problem::new(format!("cannot write the report as JSON: {error}"))
}
