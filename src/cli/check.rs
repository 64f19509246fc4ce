//! `edgeprobe check`

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::language::Languages;
use super::logs::aside::Logs;
use super::options::{ProbeChoice, TargetOptions};
use super::output::{Destination, note, print, refuse_to_overwrite};
use super::problem::Problem;
use super::progress::Progress;
use super::session::perform;
use super::setup::Setup;
use crate::language::{Language, Text};
use crate::plan::Phase;
use crate::report::{Report, human, json, words};
use crate::run::Event;
use crate::sources::Input;
use crate::verdict::Status;

/// Options of `check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  edgeprobe check                                 as the installed runtime is set up
  edgeprobe check --hub contoso.azure-devices.net
  edgeprobe check --hub contoso.azure-devices.net --pre
  edgeprobe check --hub contoso.azure-devices.net --quiet
  edgeprobe check --hub contoso.azure-devices.net --format json
  edgeprobe check --logs=edgeAgent.log            with a log as evidence

Exit codes: 0 healthy, 1 degraded, 2 blocked, 3 inconclusive or a failure of
edgeprobe itself.")]
pub(super) struct Options {
    #[command(flatten)]
    target: TargetOptions,

    #[command(flatten)]
    probes: ProbeChoice,

    /// Judge as before the runtime's installation, whatever is found here
    #[arg(long)]
    pre: bool,

    #[command(flatten)]
    logs: LogOptions,

    #[command(flatten)]
    telling: Telling,
}

/// Options that say which logs are taken as evidence.
#[derive(Debug, Args)]
struct LogOptions {
    /// Logs to take as evidence: a file, `-`, container:NAME or journal:UNIT; repeatable. Without
    /// SOURCE what the runtime has written here in the last day [default where the runtime is
    /// installed]
    #[arg(
        long,
        value_name = "SOURCE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = ""
    )]
    logs: Vec<String>,

    /// Read no logs
    #[arg(long, conflicts_with = "logs")]
    no_logs: bool,
}

impl LogOptions {
    /// The logs that were named, which can be opened; `None` where it is left to the device.
    fn read(&self) -> Result<Option<Logs>, Problem> {
        let mut named: Vec<Input> = Vec::new();
        for input in self.logs.iter().filter(|text| !text.is_empty()) {
            let Ok(input) = input.parse::<Input>();
            input.look()?;
            if !named.contains(&input) {
                named.push(input);
            }
        }
        Ok(match (named.is_empty(), self.logs.is_empty()) {
            _ if self.no_logs => Some(Logs::None),
            (false, _) => Some(Logs::Named(named)),
            (true, false) => Some(Logs::Here { asked: true }),
            (true, true) => None,
        })
    }
}

/// Options that say how a report is told.
#[derive(Debug, Args)]
pub(super) struct Telling {
    /// The form of the report
    #[arg(long, value_enum, default_value_t = Format::Human, value_name = "FORM")]
    pub(super) format: Format,

    /// A file for the report; it is written whole or not at all
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,

    /// Print only when the verdict is not healthy
    #[arg(long, short)]
    pub(super) quiet: bool,

    /// Also every observation, and why each other cause is ruled out
    #[arg(long, short)]
    pub(super) verbose: bool,
}

/// A form of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Human,
    /// One JSON document
    Json,
    /// A line of JSON for each observation as it comes, the verdict last
    Ndjson,
}

pub(super) fn run(options: &Options, languages: Languages) -> Result<u8, Problem> {
    let phase = options.pre.then_some(Phase::PreInstall);
    let logs = options.logs.read()?;
    let output = options.telling.output.as_deref();
    refuse_to_overwrite(output, options.target.ca_file.as_deref())?;
    if let Some(Logs::Named(inputs)) = &logs {
        let files = inputs.iter().filter_map(|input| match input {
            Input::File(path) => Some(path.as_path()),
            _ => None,
        });
        refuse_to_overwrite(output, files)?;
    }
    let setup = Setup::new(&options.target, &options.probes, phase)?;
    let logs = logs.unwrap_or_else(|| setup.usual_logs());
    let setup = Setup { logs, ..setup };
    observe_and_tell(&setup, &options.telling, languages.of(options.telling.format))
}

/// Runs and tells, and answers with the verdict's exit code.
pub(super) fn observe_and_tell(
    setup: &Setup,
    telling: &Telling,
    language: Language,
) -> Result<u8, Problem> {
    let destination = Destination::prepare(telling.output.as_deref())?;
    let streams = telling.format == Format::Ndjson && !telling.quiet && !destination.is_file();
    let report = {
        let mut progress = Progress::start(telling.quiet);
        perform(setup, language, |event| {
            progress.show(&event);
            if let (true, Event::Answered(observation)) = (streams, &event)
                && let Ok(line) = json::observation_line(observation)
            {
                // A reader that has gone is noticed at the last line.
                let _ = print(&line);
            }
        })?
    };
    tell(&report, telling, language, &destination, streams)?;
    Ok(report.verdict.status.exit_code())
}

/// Tells a report as its options ask. `streamed` says that its observations were told before.
pub(super) fn tell(
    report: &Report,
    telling: &Telling,
    language: Language,
    destination: &Destination,
    streamed: bool,
) -> Result<(), Problem> {
    let healthy = report.verdict.status == Status::Healthy;
    if telling.quiet && healthy && !destination.is_file() {
        return Ok(());
    }
    destination.write(&rendered(report, telling, language, streamed)?)?;
    // Cron mails what is printed: a fault must not be hidden in the file.
    if destination.is_file() && !healthy {
        let status = words::status(report.verdict.status, language);
        let text = Text::new("status_and_summary").with("status", status);
        note(&words::say(&text.with("summary", &report.verdict.summary), language));
    }
    Ok(())
}

fn rendered(
    report: &Report,
    telling: &Telling,
    language: Language,
    streamed: bool,
) -> Result<String, Problem> {
    let text = match telling.format {
        Format::Human => {
            let detail =
                if telling.verbose { human::Detail::Verbose } else { human::Detail::Normal };
            Ok(human::text(report, detail, language))
        }
        Format::Json => json::document(report),
        Format::Ndjson if streamed => json::verdict_line(report),
        Format::Ndjson => json::lines(report),
    };
    text.map_err(|error| Problem::new(format!("cannot write the report as JSON: {error}")))
}
