//! Where an archive goes, and under which name.

use std::env;
use std::io::IsTerminal as _;
use std::path::PathBuf;

use jiff::Timestamp;

use super::{Form, Options};
use crate::cli::output::Destination;
use crate::cli::problem::Problem;

/// Where the archive goes; a default name where the user gives none.
pub(super) fn destination(
    options: &Options,
    now: Timestamp,
) -> Result<(Option<PathBuf>, Destination), Problem> {
    let path = match &options.output {
        Some(path) => path.clone(),
        None => PathBuf::from(default_name(options.anonymise, now)),
    };
    let destination = Destination::prepare(Some(&path))?;
    if destination.is_file() {
        return Ok((Some(path), destination));
    }
    if options.format == Form::Json {
        return Err(Problem::new("--output - and --format json both want standard output")
            .hint("give --output a file, or leave --format out"));
    }
    if std::io::stdout().is_terminal() {
        return Err(Problem::new("an archive cannot be written to a terminal")
            .hint("give --output a file, or send it on: edgeprobe bundle --output - >case.zip"));
    }
    Ok((None, destination))
}

/// `edgeprobe-DEVICE-20261124T221530Z.zip`; an anonymised one has no device in its name.
fn default_name(anonymise: bool, now: Timestamp) -> String {
    let time = now.strftime("%Y%m%dT%H%M%SZ");
    let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' };
    let device = own_name().filter(|_| !anonymise);
    let device: String = device.unwrap_or_default().chars().map(safe).take(64).collect();
    match device.trim_matches(['-', '.']) {
        "" => format!("edgeprobe-{time}.zip"),
        device => format!("edgeprobe-{device}-{time}.zip"),
    }
}

/// The machine's own name.
pub(super) fn own_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = name.or_else(|| env::var("COMPUTERNAME").ok())?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}
