//! `edgeprobe replay`

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use edgeprobe_facts::clean;
use edgeprobe_probes::bounded;
use serde_json::Value;

use super::check::{Telling, tell};
use super::format::Format;
use super::language::Languages;
use super::output::{Destination, refuse_to_overwrite};
use super::problem::Problem;
use crate::report::human::{everything, vpn};
use crate::report::{Report, SCHEMA, Tool};
use crate::sources::recorded;
use crate::verdict;

/// The most JSON values of a report; one with the routes of a large router has some hundred
/// thousand.
const MOST_VALUES: usize = 300_000;

/// Options of `replay`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// A report that `check --format json` wrote, an archive that `bundle` wrote, or `-` for standard
    /// input
    #[arg(value_name = "REPORT")]
    file: PathBuf,

    #[command(flatten)]
    telling: Telling,
}

pub(super) fn run(options: &Options, languages: Languages) -> Result<u8, Problem> {
    refuse_to_overwrite(options.telling.output.as_deref(), [options.file.as_path()])?;
    let mut report = read(&options.file)?;
    let destination = Destination::prepare(options.telling.output.as_deref())?;
    let language = languages.for_format(options.telling.format);
    report.verdict = verdict::judge(&report.target, &report.observations, language);
    report.vpn = report.vpn.take().map(|vpn| vpn.again(&report, language));
    report.tool = Tool::this();
    if report.vpn.is_some() && options.telling.format == Format::Human {
        // It answered another question, and answers it again.
        let verbose = options.telling.verbose.then(|| everything(&report, language));
        destination.write(&(vpn::text(&report, language) + &verbose.unwrap_or_default()))?;
    } else {
        tell(&report, &options.telling, language, &destination, false)?;
    }
    Ok(match report.vpn {
        Some(_) => vpn::answer(&report, language).status.exit_code(),
        None => report.verdict.status.exit_code(),
    })
}

fn read(path: &Path) -> Result<Report, Problem> {
    let name = if path == Path::new("-") {
        "standard input".to_owned()
    } else {
        clean::line(&path.display().to_string(), 200)
    };
    let text = recorded(path).map_err(|error| {
        let hint = match error.kind() {
            io::ErrorKind::PermissionDenied => "run it as a user who may read the file",
            io::ErrorKind::InvalidInput => {
                "give it a report or a bundle; a pipe's goes to standard input: edgeprobe replay - <PIPE"
            }
            _ => "give it a report that `edgeprobe check --format json` wrote, or a bundle",
        };
        Problem::new(format!("cannot read {name}: {error}")).hint(hint)
    })?;
    parse(&name, &text)
}

/// The report in a text, of the file of this name.
pub(super) fn parse(name: &str, text: &str) -> Result<Report, Problem> {
    if text.trim().is_empty() {
        return Err(Problem::new(format!("{name} is empty"))
            .hint("record it again with `edgeprobe check --format json --output FILE`"));
    }
    if bounded::values(text) > MOST_VALUES {
        return Err(Problem::new(format!("{name} has more values than any report"))
            .hint("record it again with `edgeprobe check --format json --output FILE`"));
    }
    let value: Value = serde_json::from_str(text).map_err(|error| {
        let how = if error.is_eof() { "ends in the middle" } else { "is not JSON" };
        Problem::new(format!("{name} {how}: {error}"))
            .hint("record it again with `edgeprobe check --format json --output FILE`")
    })?;
    let value = cleaned(value);
    match value.get("schema").and_then(|schema| schema.as_str()) {
        Some(SCHEMA) => {}
        Some(other) if is_newer(other) => {
            return Err(Problem::new(format!(
                "{name} has the schema {}, which is newer than this edgeprobe's {SCHEMA}",
                clean::line(other, 40)
            ))
            .hint("replay it with the edgeprobe that recorded it, or a newer one"));
        }
        _ => {
            return Err(Problem::new(format!("{name} is not an edgeprobe report"))
                .hint("a report begins with \"schema\": \"edgeprobe.report/1\""));
        }
    }
    serde_json::from_value(value).map_err(|error| {
        let error = clean::line(&error.to_string(), 200);
        Problem::new(format!("{name} is not a complete report: {error}"))
            .hint("it may have been edited, or recorded by a newer edgeprobe")
    })
}

/// The report with a space for each control character: it may come from a stranger.
fn cleaned(value: Value) -> Value {
    let plain = |text: String| {
        if text.contains(clean::is_unsafe) { text.replace(clean::is_unsafe, " ") } else { text }
    };
    match value {
        Value::String(text) => Value::String(plain(text)),
        Value::Array(items) => items.into_iter().map(cleaned).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (plain(name), cleaned(value))).collect()
        }
        other => other,
    }
}

/// Whether a schema is a later version of this one.
fn is_newer(schema: &str) -> bool {
    let number = schema.strip_prefix("edgeprobe.report/").and_then(|n| n.parse::<u32>().ok());
    number.is_some_and(|number| number > 1)
}
