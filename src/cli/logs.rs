//! `edgeprobe logs`

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use edgeprobe_facts::clean;
use edgeprobe_probes::bounded;
use jiff::Timestamp;

mod collect;
pub(super) mod during_check;
mod follow;

use super::language::Languages;
use super::output::{Destination, Form, note, refuse_to_overwrite};
use super::problem::Problem;
use crate::language::{Language, Text};
use crate::logs::{LARGEST_FILE, LogReport, Moment, Signatures, judge, parse_moment};
use crate::report::{human, words};
use crate::sources::{How, Input, RUNTIME_UNITS, runtime_containers};
use crate::verdict::Status;
use collect::Collected;

/// Options of `logs`.
#[derive(Debug, Args)]
#[command(after_help = "\
Without a file, container or unit it reads what is on this device: the
containers edgeAgent and edgeHub, running or not, and the journals of the
runtime's daemons and of the engine.

Examples:
  sudo edgeprobe logs
  sudo edgeprobe logs --since 2h --follow
  edgeprobe logs --container edgeAgent
  edgeprobe logs support_bundle_2026_11_24.zip
  docker logs edgeHub 2>&1 | edgeprobe logs -
  edgeprobe logs --signatures own.toml edgeAgent.log.gz --format json

Exit codes: 0 a connection is open, or every fault is over; 1 degraded;
2 blocked; 3 the logs do not decide, or edgeprobe itself failed.")]
pub(super) struct Options {
    /// Log files, plain or packed (gzip, zip, UTF-16), or `-` for standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// A container's log, running or not
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    container: Vec<String>,

    /// A systemd unit's journal
    #[arg(long, value_name = "UNIT", value_parser = NonEmptyStringValueParser::new())]
    journal: Vec<String>,

    /// Only lines since then: a duration before now (2h), or a time (2026-11-24T09:14:00Z)
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    since: Option<String>,

    /// Keep reading, and print new findings
    #[arg(long, short)]
    follow: bool,

    /// A file of additional signatures
    #[arg(long, value_name = "TOML")]
    signatures: Option<PathBuf>,

    /// The form of the result; JSON with --follow has one document a line for each change
    #[arg(long, value_enum, default_value_t = Form::Human, value_name = "FORM")]
    format: Form,

    /// A file for the result; it is written whole or not at all
    #[arg(long, value_name = "FILE", conflicts_with = "follow")]
    output: Option<PathBuf>,

    /// Print only when the verdict is not healthy
    #[arg(long, short)]
    quiet: bool,
}

pub(super) fn run(options: &Options, languages: Languages) -> Result<u8, Problem> {
    let language = match options.format {
        Form::Human => languages.for_people(),
        Form::Json => languages.for_programs(),
    };
    let signatures = signatures(options.signatures.as_deref())?;
    let now = now();
    let since = options.since.as_deref().map(|text| since(text, now)).transpose()?;
    let read = options.files.iter().chain(&options.signatures).map(PathBuf::as_path);
    refuse_to_overwrite(options.output.as_deref(), read)?;
    let destination = Destination::prepare(options.output.as_deref())?;
    let (inputs, chosen) = inputs(options);
    let how = How { since, follow: options.follow, ..How::default() };
    if options.follow {
        return follow::run(&signatures, &inputs, chosen, &how, options.format, language);
    }
    let mut logs = Vec::new();
    for input in &inputs {
        let mut collected = Collected::new(&signatures, since, now, language);
        match input.read(&how, &mut |piece| collected.take(piece)) {
            Ok(()) => logs.extend(collected.end().into_iter().filter(|log| {
                // Of what was looked for unasked, that which says nothing is not there.
                chosen || log.source.lines > 0
            })),
            Err(error) if chosen => return Err(Problem::from(error)),
            Err(error) => note(&Problem::from(error).to_string()),
        }
    }
    if logs.is_empty() && !chosen {
        return Err(nothing_here());
    }
    let report = judge(logs, language);
    let silent = options.quiet && report.verdict.status == Status::Healthy;
    if !silent || destination.is_file() {
        destination.write(&rendered(&report, options.format, language)?)?;
    }
    if destination.is_file() && report.verdict.status != Status::Healthy {
        let status = words::status(report.verdict.status, language);
        let text = Text::new("status_and_summary").with("status", status);
        note(&words::say(&text.with("summary", &report.verdict.summary), language));
    }
    Ok(report.verdict.status.exit_code())
}

fn rendered(report: &LogReport, form: Form, language: Language) -> Result<String, Problem> {
    match form {
        Form::Human => Ok(human::logs::text(report, language)),
        Form::Json => serde_json::to_string_pretty(report)
            .map(|text| text + "\n")
            .map_err(|error| Problem::new(format!("cannot write the result as JSON: {error}"))),
    }
}

/// What is to be read, and whether the user chose it.
fn inputs(options: &Options) -> (Vec<Input>, bool) {
    let files = options.files.iter().map(|path| {
        if path == Path::new("-") { Input::Standard } else { Input::File(path.clone()) }
    });
    let mut chosen: Vec<Input> = Vec::new();
    let containers = options.container.iter().cloned().map(Input::Container);
    let units = options.journal.iter().cloned().map(Input::Journal);
    for input in files.chain(containers).chain(units) {
        if !chosen.contains(&input) {
            chosen.push(input);
        }
    }
    if !chosen.is_empty() {
        return (chosen, true);
    }
    let containers = runtime_containers().unwrap_or_else(|error| {
        note(&Problem::from(error).to_string());
        Vec::new()
    });
    let units = RUNTIME_UNITS.iter().map(|unit| Input::Journal((*unit).to_owned()));
    (containers.into_iter().map(Input::Container).chain(units).collect(), false)
}

fn nothing_here() -> Problem {
    Problem::new("found no log of the runtime: no container edgeAgent or edgeHub, no journal")
        .hint("give log files, `-` for standard input, --container NAME or --journal UNIT")
}

fn signatures(own: Option<&Path>) -> Result<Signatures, Problem> {
    let own = own.map(read_signatures).transpose()?;
    let own = own.as_ref().map(|(name, text)| (name.as_str(), text.as_str()));
    Signatures::load(own).map_err(|error| {
        Problem::new(error.to_string()).hint("docs/logs.md shows how a signature is written")
    })
}

fn read_signatures(path: &Path) -> Result<(String, String), Problem> {
    let name = clean::line(&path.display().to_string(), 200);
    let text = bounded::text(path, LARGEST_FILE).map_err(|error| {
        Problem::new(format!("cannot read {name}: {error}"))
            .hint("give --signatures a TOML file, as docs/logs.md shows")
    })?;
    Ok((name, text))
}

/// A duration before now, or a time.
pub(super) fn since(text: &str, now: Moment) -> Result<Moment, Problem> {
    let ago = humantime::parse_duration(text).ok().map(|ago| now - milliseconds(ago));
    ago.or_else(|| parse_moment(text)).ok_or_else(|| {
        Problem::new(format!(
            "--since: `{}` is neither a duration nor a time",
            clean::line(text, 40)
        ))
        .hint("for example --since 2h, --since 2026-11-24 or --since 2026-11-24T09:14:00Z")
    })
}

/// The present, in milliseconds since 1970.
pub(super) fn now() -> Moment {
    Timestamp::now().as_millisecond()
}

fn milliseconds(duration: Duration) -> Moment {
    Moment::try_from(duration.as_millis()).unwrap_or(Moment::MAX)
}

impl From<crate::sources::SourceError> for Problem {
    fn from(error: crate::sources::SourceError) -> Self {
        let problem = Self::new(error.to_string());
        match error.hint {
            Some(hint) => problem.hint(hint),
            None => problem,
        }
    }
}
