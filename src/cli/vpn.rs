//! `edgeprobe vpn`

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use edgeprobe_probes::clean;
use edgeprobe_probes::route::Changes;
use edgeprobe_probes::route::tables::Tables;
use edgeprobe_probes::{Facts, Probe};

use super::check::{Format, Telling};
use super::language::Languages;
use super::output::{Destination, note, print};
use super::problem::Problem;
use super::progress::Progress;
use super::session::perform;
use super::setup::{Setup, TargetOptions};
use crate::changes::{self, Baseline};
use crate::language::{Language, Text};
use crate::report::human::vpn::{answer, text};
use crate::report::words::{say, word};
use crate::report::{Report, json};
use crate::verdict::Status;

/// What this question needs: ways, names, and whether connections open.
const PROBES: [Probe; 9] = [
    Probe::Dns,
    Probe::Route,
    Probe::EdgeRoute,
    Probe::RouteTables,
    Probe::Trace,
    Probe::Vantage,
    Probe::Tls,
    Probe::Engine,
    Probe::Runtime,
];

/// Options of `vpn`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  edgeprobe vpn --hub contoso.azure-devices.net
  edgeprobe vpn --watch --hub …               wait for the VPN, tell what it changes
  edgeprobe vpn --baseline before.json --hub … keep the present routes, or compare with
                                              those that were kept

Exit codes: 0 no VPN overrides the edge network, 2 one does, 3 it cannot be told.")]
pub(super) struct Options {
    #[command(flatten)]
    target: TargetOptions,

    /// Go on watching: when links, routes or rules change, ask again and tell the difference
    #[arg(long)]
    watch: bool,

    /// A file of routes and rules: written if it is not there, compared with if it is
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,

    #[command(flatten)]
    telling: Telling,
}

pub(super) fn run(options: &Options, languages: Languages) -> Result<u8, Problem> {
    let language = languages.of(options.telling.format);
    let setup = Setup::new(&options.target, PROBES, None)?;
    let destination = Destination::prepare(options.telling.output.as_deref())?;
    let baseline = options.baseline.as_deref().map(read_baseline).transpose()?.flatten();
    // Changes count from before the first look, so that none falls between two looks.
    let changes = options.watch.then(Changes::listen).transpose().map_err(|error| {
        Problem::new(format!("cannot watch links and routes: {error}"))
            .hint("run it without --watch, from a timer for example")
    })?;

    let report = look(&setup, &options.telling, language)?;
    tell(&report, options, language, &destination)?;
    if let Some(path) = &options.baseline {
        keep_or_compare(path, baseline.as_ref(), &report, languages.for_people())?;
    }
    match changes {
        None => Ok(answer(&report, language).status.exit_code()),
        Some(changes) => watch(changes, report, &setup, options, language, &destination),
    }
}

fn look(setup: &Setup, telling: &Telling, language: Language) -> Result<Report, Problem> {
    let mut progress = Progress::start(telling.quiet);
    perform(setup, language, |event| progress.show(&event))
}

fn tell(
    report: &Report,
    options: &Options,
    language: Language,
    destination: &Destination,
) -> Result<(), Problem> {
    let healthy = answer(report, language).status == Status::Healthy;
    if options.telling.quiet && healthy && !destination.is_file() {
        return Ok(());
    }
    let unwritable =
        |error: io::Error| Problem::new(format!("cannot write the report as JSON: {error}"));
    let told = match options.telling.format {
        Format::Human => text(report, language),
        Format::Json => json::document(report).map_err(unwritable)?,
        Format::Ndjson => json::lines(report).map_err(unwritable)?,
    };
    destination.write(&told)
}

/// Waits for changes for ever, and after each tells what changed and what that means.
fn watch(
    mut changes: Changes,
    mut last: Report,
    setup: &Setup,
    options: &Options,
    language: Language,
    destination: &Destination,
) -> Result<u8, Problem> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Problem::new(format!("cannot wait for changes: {error}")))?;
    let glance = setup.asking([Probe::RouteTables]);
    loop {
        let go_on = runtime.block_on(async {
            tokio::select! {
                () = changes.next() => true,
                _ = tokio::signal::ctrl_c() => false,
            }
        });
        if !go_on {
            return Ok(answer(&last, language).status.exit_code());
        }
        // A look borrows an address for a moment, which is a change of its own: the tables alone
        // tell whether there is anything to look at.
        let glance = look(&glance.afresh(), &options.telling, language)?;
        let (Some(before), Some(now)) = (tables(&last), tables(&glance)) else { continue };
        let differences = changes::between(before, now);
        if differences.is_empty() {
            continue;
        }
        let report = look(&setup.afresh(), &options.telling, language)?;
        if options.telling.format == Format::Human {
            print(&difference(&differences, &last, &report, language))?;
        } else {
            tell(&report, options, language, destination)?;
        }
        last = report;
    }
}

fn difference(lines: &[String], before: &Report, after: &Report, language: Language) -> String {
    let mut out = format!("\n{}\n", after.run.started_at);
    for line in lines {
        let _ = writeln!(out, "  {}", clean::line(line, 160));
    }
    if answer(before, language) == answer(after, language) {
        format!("{out}  {}\n", word("vpn.unchanged", language))
    } else {
        out + &text(after, language)
    }
}

fn tables(report: &Report) -> Option<&Tables> {
    report.observations.iter().find_map(|observation| match &observation.facts {
        Facts::RouteTables(tables) => Some(&**tables),
        _ => None,
    })
}

/// The baseline, if the file is there.
fn read_baseline(path: &Path) -> Result<Option<Baseline>, Problem> {
    let shown = clean::line(&path.display().to_string(), 200);
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(Problem::new(format!("cannot read the baseline {shown}: {error}"))
                .hint("give --baseline a file that it wrote, or one that is not there yet"));
        }
    };
    let baseline: Result<Baseline, _> = serde_json::from_str(&text);
    match baseline {
        Ok(baseline) if baseline.schema == changes::SCHEMA => Ok(Some(baseline)),
        _ => Err(Problem::new(format!("{shown} is no baseline of edgeprobe's"))
            .hint("give --baseline a file that it wrote, or one that is not there yet")),
    }
}

fn keep_or_compare(
    path: &Path,
    kept: Option<&Baseline>,
    report: &Report,
    language: Language,
) -> Result<(), Problem> {
    let Some(now) = tables(report) else {
        return Err(Problem::new("the routes could not be read, so there is nothing to compare"));
    };
    let shown = clean::line(&path.display().to_string(), 200);
    match kept {
        None => {
            let baseline = Baseline {
                schema: changes::SCHEMA.to_owned(),
                taken_at: report.run.started_at.clone(),
                tables: now.clone(),
            };
            let text = serde_json::to_string_pretty(&baseline)
                .map_err(|error| Problem::new(format!("cannot write the baseline: {error}")))?;
            Destination::prepare(Some(path))?.write(&(text + "\n"))?;
            note(&say(&Text::new("vpn.kept").with("file", shown), language));
        }
        Some(kept) => {
            let lines = changes::between(&kept.tables, now);
            let since = clean::line(&kept.taken_at, 40);
            if lines.is_empty() {
                note(&say(&Text::new("vpn.nothing_changed").with("time", since), language));
            } else {
                note(&say(&Text::new("vpn.changed").with("time", since), language));
                for line in lines {
                    note(&format!("  {}", clean::line(&line, 160)));
                }
            }
        }
    }
    Ok(())
}
