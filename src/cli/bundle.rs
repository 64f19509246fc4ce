//! `edgeprobe bundle`

use std::path::PathBuf;

use clap::Args;
use edgeprobe_facts::{Probe, clean};
use jiff::Timestamp;

mod parts;
mod place;

use super::format::Format;
use super::language::Languages;
use super::logs;
use super::options::{ProbeChoice, TargetOptions};
use super::output::{Form, note, print, refuse_to_overwrite};
use super::problem::Problem;
use super::progress::Progress;
use super::session::perform;
use super::setup::{Setup, timeout};
use crate::bundle::{Contents, apart, listing, packed, summary};
use crate::collect;
use crate::plan::Phase;
use crate::report::Report;
use crate::verdict;
use parts::{anonymise, report_items};
use place::destination;

/// Options of `bundle`.
#[derive(Debug, Args)]
#[command(after_help = "\
Without --output the archive is a new file in this folder, named after the
device and the time. It never contains secrets. Its CONTENTS.txt says what
each entry is, what was masked, and what was left out and why.

Examples:
  sudo edgeprobe bundle
  sudo edgeprobe bundle --anonymise --output case.zip
  sudo edgeprobe bundle --since 3d --timeout 30s
  edgeprobe replay case.zip
  edgeprobe logs case.zip

Exit codes: 0 the archive is written, with any verdict; 3 it is not.")]
pub(super) struct Options {
    #[command(flatten)]
    target: TargetOptions,

    #[command(flatten)]
    probes: ProbeChoice,

    /// Judge the device as before the runtime's installation, even if a runtime is found
    #[arg(long)]
    pre: bool,

    /// Replace addresses and names of hosts, hubs, devices and users, each by the same word in the
    /// whole archive
    #[arg(long, alias = "anonymize")]
    anonymise: bool,

    /// Include the logs since then, at most 20000 lines of each: a duration before now, or a time
    #[arg(long, value_name = "TIME", default_value = "24h", allow_hyphen_values = true)]
    since: String,

    /// A file for the archive, written whole or not at all, or `-` for standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// What to print: a summary, or the contents list as JSON
    #[arg(long, value_enum, default_value_t = Form::Human, value_name = "FORM")]
    format: Form,

    /// Print nothing when the archive is written
    #[arg(long, short)]
    quiet: bool,
}

pub(super) fn run(options: &Options, languages: Languages) -> Result<u8, Problem> {
    // What a program reads does not change with the locale.
    let (people, programs) = (languages.for_people(), languages.for_format(Format::Json));
    let now = Timestamp::now();
    let since = logs::since(&options.since, logs::now())?;
    refuse_to_overwrite(options.output.as_deref(), options.target.ca_file.as_deref())?;
    let (path, destination) = destination(options, now)?;
    // Every mistake in the options is reported before anything is asked.
    let limit = timeout(&options.target.timeout)?;
    let collecting = collect::start(since, limit);
    let report = setup(options)?.and_then(|setup| {
        let mut progress = Progress::start(options.quiet);
        let report = perform(&setup, programs, |event| progress.show(&event));
        report.map_err(|problem| problem.message().into_owned())
    });
    let mut items = collecting.end();
    let report = if options.anonymise { anonymise(report, &mut items, programs) } else { report };
    let told = report.as_ref().ok().map(|report| Report {
        verdict: verdict::judge(&report.target, &report.observations, people),
        ..report.clone()
    });
    items.extend(report_items(&report, told.as_ref(), people));
    // The report has its place before anything else: replay reads it there.
    items.rotate_right(2);
    apart(&mut items);
    let created = format!("{now:.0}");
    let contents = Contents::from_items(&items, report.as_ref().ok(), created, options.anonymise);
    let told = contents.clone().told_as(told.as_ref());
    items.sort_by(|one, other| one.path.cmp(&other.path));
    let archive = packed(&listing(&told, people), &contents.json(), &items)
        .map_err(|error| Problem::new(format!("cannot make the archive: {error}")))?;
    destination.write_private(&archive, options.output.is_some())?;
    if options.quiet {
        return Ok(0);
    }
    let name = path.map(|path| clean::line(&path.display().to_string(), 200));
    let printed = match options.format {
        Form::Human => summary(&told, name.as_deref(), archive.len() as u64, people),
        Form::Json => contents.json(),
    };
    if destination.is_file() {
        print(&printed)?;
    } else {
        note(printed.trim_end());
    }
    Ok(0)
}

/// A valid name of a hub.
const ANY_HUB: &str = "contoso.azure-devices.net";

/// The run's setup, or why this device has none. Without a known hub, the probes that need no hub
/// still run. A mistake in the options is an error.
fn setup(options: &Options) -> Result<Result<Setup, String>, Problem> {
    let phase = options.pre.then_some(Phase::PreInstall);
    let whole = Setup::new(&options.target, &options.probes, phase);
    let problem = match whole {
        Ok(setup) => return Ok(Ok(Setup { logs: setup.usual_logs().asked(), ..setup })),
        Err(problem) => problem,
    };
    if options.target.hub.is_some() {
        return Err(problem);
    }
    let local = [Probe::Ports, Probe::Engine, Probe::Runtime, Probe::Registry, Probe::Hostname];
    let setup = Setup::new(&options.target, local, phase);
    if setup.is_err() {
        // With any hub's name the options must do; what the device says of its hub is its own fault.
        let mut target = options.target.clone();
        target.hub = Some(ANY_HUB.to_owned());
        Setup::new(&target, [Probe::Hostname], phase)?;
    }
    note(&problem.told("note"));
    Ok(setup.map_err(|_| problem.message().into_owned()))
}
