//! `edgeprobe replay`

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use edgeprobe_facts::clean;
use serde_json::Value;

use super::check::{Telling, tell};
use super::format::Format;
use super::language::Languages;
use super::output::{Destination, spare};
use super::problem::Problem;
use crate::bundle;
use crate::report::human::{everything, vpn};
use crate::report::{Report, SCHEMA, Tool};
use crate::sources::whole_text;
use crate::verdict;

/// A report has some ten kilobytes; what is larger than this is none.
const LARGEST: u64 = 64 * 1024 * 1024;

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
    spare(options.telling.output.as_deref(), [options.file.as_path()])?;
    let mut report = read(&options.file)?;
    let destination = Destination::prepare(options.telling.output.as_deref())?;
    let language = languages.of(options.telling.format);
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
    let text = contents(path).map_err(|error| {
        let hint = match error.kind() {
            io::ErrorKind::PermissionDenied => "run it as a user who may read the file",
            _ => "give it a report that `edgeprobe check --format json` wrote, or a bundle",
        };
        Problem::new(format!("cannot read {name}: {error}")).hint(hint)
    })?;
    if text.trim().is_empty() {
        return Err(Problem::new(format!("{name} is empty"))
            .hint("record it again with `edgeprobe check --format json --output FILE`"));
    }
    let value: Value = serde_json::from_str(&text).map_err(|error| {
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
            return Err(Problem::new(format!("{name} is no report of edgeprobe's"))
                .hint("a report begins with \"schema\": \"edgeprobe.report/1\""));
        }
    }
    serde_json::from_value(value).map_err(|error| {
        let error = clean::line(&error.to_string(), 200);
        Problem::new(format!("{name} is no complete report: {error}"))
            .hint("it may have been edited, or recorded by a newer edgeprobe")
    })
}

/// The report with a space for whatever a terminal would act on: it may be anybody's.
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

fn contents(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    let reader: Box<dyn Read> =
        if path == Path::new("-") { Box::new(io::stdin()) } else { Box::new(File::open(path)?) };
    let length = reader.take(LARGEST + 1).read_to_end(&mut bytes)? as u64;
    if length > LARGEST {
        return Err(io::Error::other("it is larger than 64 MiB"));
    }
    if bundle::is_archive(&bytes) {
        return bundle::report_in(&bytes).map_err(io::Error::other);
    }
    whole_text(&bytes)
}

/// Whether a schema is a later one of the same kind.
fn is_newer(schema: &str) -> bool {
    let number = schema.strip_prefix("edgeprobe.report/").and_then(|n| n.parse::<u32>().ok());
    number.is_some_and(|number| number > 1)
}
