//! `edgeprobe check`

use std::path::PathBuf;

use clap::Args;

use super::format::Format;
use super::language::Languages;
use super::logs::during_check::Logs;
use super::once;
use super::options::{ProbeChoice, TargetOptions};
use super::output::{Destination, note, print, refuse_to_overwrite};
use super::privileges;
use super::problem::Problem;
use super::progress::Progress;
use super::session::perform;
use super::setup::{Setup, timeout};
use crate::language::{Language, Text};
use crate::plan::Phase;
use crate::report::{Report, json, words};
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

Exit codes: 0 healthy, 1 degraded, 2 blocked, 3 inconclusive, or
edgeprobe itself failed.")]
pub(super) struct Options {
    #[command(flatten)]
    pub(super) target: TargetOptions,

    #[command(flatten)]
    probes: ProbeChoice,

    /// Judge the device as before the runtime's installation, even if a runtime is found
    #[arg(long)]
    pre: bool,

    /// Say which privileges a check can use, whether this process holds them, and what a run loses
    /// without; nothing is asked
    #[arg(long)]
    explain_privileges: bool,

    #[command(flatten)]
    logs: LogOptions,

    #[command(flatten)]
    pub(super) telling: Telling,

    /// Allow one run at a time: exit at once while another run holds FILE. FILE also records when
    /// the last run began and how it ended
    #[arg(long, value_name = "FILE")]
    pub(super) lock: Option<PathBuf>,
}

impl Options {
    /// The files that are named in the options, each with its option.
    pub(super) fn files(&self) -> Vec<(&'static str, PathBuf)> {
        let logs = self.logs.logs.iter().filter(|text| !text.is_empty());
        let logs = logs.filter_map(|text| match text.parse::<Input>() {
            Ok(Input::File(path)) => Some(path),
            _ => None,
        });
        let mut files: Vec<(&'static str, PathBuf)> = logs.map(|path| ("--logs", path)).collect();
        files.extend(self.target.ca_file.clone().map(|path| ("--ca-file", path)));
        files.extend(self.telling.output.clone().map(|path| ("--output", path)));
        files
    }
}

/// Options for the logs that are used as evidence.
#[derive(Debug, Args)]
struct LogOptions {
    /// Logs to use as evidence: a file, `-`, container:NAME or journal:UNIT; repeatable. Without
    /// SOURCE, the runtime's logs of the last day [default where the runtime is installed]
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

/// Options for the form of the report and where it goes.
#[derive(Debug, Args)]
pub(super) struct Telling {
    /// The form of the report
    #[arg(long, value_enum, default_value_t = Format::Human, value_name = "FORM")]
    pub(super) format: Format,

    /// A file for the report; it is written whole or not at all
    #[arg(long, value_name = "FILE", value_parser = output_file)]
    pub(super) output: Option<PathBuf>,

    /// Print only when the verdict is not healthy
    #[arg(long, short)]
    pub(super) quiet: bool,

    /// Also print every observation, and why each other cause is ruled out
    #[arg(long, short)]
    pub(super) verbose: bool,
}

/// The file of `--output`. The name of a form is an error: the user meant --format.
fn output_file(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match Format::named(text) {
        Some(_) if !path.exists() => Err(format!(
            "{text} is a form, not a file; hint: `--format {text}` chooses the form, and \
             `--output ./{text}` writes a file of this name"
        )),
        _ => Ok(path),
    }
}

pub(super) fn run(options: &Options, languages: Languages) -> Result<u8, Problem> {
    if options.explain_privileges {
        return privileges::explain(languages.for_people());
    }
    match &options.lock {
        None => examine(options, languages),
        Some(path) => {
            refuse_to_overwrite(Some(path), options.files().iter().map(|(_, file)| file.as_path()))
                .map_err(|_| once::is_also_used(path))?;
            once::alone(path, timeout(&options.target.timeout)?, || examine(options, languages))
        }
    }
}

fn examine(options: &Options, languages: Languages) -> Result<u8, Problem> {
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
    observe_and_tell(&setup, &options.telling, languages.for_format(options.telling.format))
}

/// Runs the check, prints the report and returns the verdict's exit code.
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
    if telling.verbose {
        privileges::note_missing_walls(language);
    }
    Ok(report.verdict.status.exit_code())
}

/// Writes a report as its options ask. `streamed` says that its observations were written before.
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
    let format = telling.format;
    let text = if streamed {
        json::verdict_line(report).map_err(|error| format.unwritable(&error))?
    } else {
        format.text(report, telling.verbose, language)?
    };
    destination.write(&text)?;
    // Cron mails what is printed: a fault must not be hidden in the file.
    if destination.is_file() && !healthy {
        let status = words::status(report.verdict.status, language);
        let text = Text::new("status_and_summary").with("status", status);
        note(&words::say(&text.with("summary", &report.verdict.summary), language));
    }
    Ok(())
}
