//! `edgeprobe vpn`

mod baseline;
mod watch;

use std::path::PathBuf;

use clap::Args;
use edgeprobe_facts::route::tables::Tables;
use edgeprobe_facts::{Facts, Probe};

use super::check::Telling;
use super::format::Format;
use super::language::Languages;
use super::options::TargetOptions;
use super::output::{Destination, refuse_to_overwrite};
use super::problem::Problem;
use super::progress::Progress;
use super::session::perform;
use super::setup::Setup;
use crate::language::Language;
use crate::report::human::everything;
use crate::report::human::vpn::{answer, text};
use crate::report::vpn::VpnAnswer;
use crate::report::{Report, json};
use crate::verdict::Status;

/// What this question needs: ways, names, and whether connections open, on each transport that Edge
/// Agent may use and on 443, so that a port which is closed somewhere is not taken for a network
/// that reaches nothing.
const PROBES: [Probe; 11] = [
    Probe::Dns,
    Probe::Route,
    Probe::EdgeRoute,
    Probe::RouteTables,
    Probe::Trace,
    Probe::Vantage,
    Probe::Tls,
    Probe::Websocket,
    Probe::Https,
    Probe::Engine,
    Probe::Runtime,
];

/// Options of `vpn`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  edgeprobe vpn --hub contoso.azure-devices.net
  edgeprobe vpn --watch --hub …               wait for the VPN, print what it changes
  edgeprobe vpn --baseline before.json --hub … save the present routes, or compare
                                              with the saved ones

Under --watch, --format ndjson prints one line for each change, after the lines
of the first look; --format json prints each report as a document on one line.
The file of --output always contains the latest answer alone.

Exit codes: 0 no VPN overrides the edge network, 2 one does (1 where it stops
nothing), 3 undecided.")]
pub(super) struct Options {
    #[command(flatten)]
    target: TargetOptions,

    /// Keep watching: when links, routes, rules or name servers change, probe again and print the
    /// difference
    #[arg(long)]
    watch: bool,

    /// A file of routes and rules: written if it does not exist, otherwise compared with
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,

    #[command(flatten)]
    telling: Telling,
}

pub(super) fn run(options: &Options, languages: Languages) -> Result<u8, Problem> {
    let telling = &options.telling;
    let language = languages.for_format(telling.format);
    let read = options.target.ca_file.iter().chain(&options.baseline);
    refuse_to_overwrite(telling.output.as_deref(), read.map(PathBuf::as_path))?;
    let setup = Setup::new(&options.target, PROBES, None)?;
    let destination = Destination::prepare(telling.output.as_deref())?;
    let kept = options.baseline.as_deref().map(baseline::read).transpose()?.flatten();
    // Changes count from before the first look, so that none falls between two looks.
    let changes = options.watch.then(|| watch::listen(&setup)).transpose()?;

    let mut report = look(&setup, telling, language)?;
    if let (Some(_), Some(vpn)) = (&options.baseline, &report.vpn) {
        let baseline = baseline::compare(kept.as_ref(), &report);
        report.vpn = Some(VpnAnswer { baseline, ..vpn.clone() });
    }
    tell(&report, options, language, &destination)?;
    if let Some(path) = &options.baseline {
        baseline::keep_or_tell(path, kept.as_ref(), &report, languages.for_people())?;
    }
    match changes {
        None => Ok(answer(&report, language).status.exit_code()),
        Some(changes) => watch::watch(changes, report, &setup, telling, language, &destination),
    }
}

/// Probes, prints the answer and returns its exit code.
fn look(setup: &Setup, telling: &Telling, language: Language) -> Result<Report, Problem> {
    let mut progress = Progress::start(telling.quiet);
    let mut report = perform(setup, language, |event| progress.show(&event))?;
    report.vpn = Some(VpnAnswer::from_report(&report, language));
    Ok(report)
}

fn tell(
    report: &Report,
    options: &Options,
    language: Language,
    destination: &Destination,
) -> Result<(), Problem> {
    if options.telling.quiet && healthy(report, language) && !destination.is_file() {
        return Ok(());
    }
    let told = match options.telling.format {
        Format::Human if options.telling.verbose => {
            text(report, language) + &everything(report, language)
        }
        Format::Human => text(report, language),
        // More documents follow it.
        Format::Json if options.watch && !destination.is_file() => {
            json::document_line(report).map_err(|error| Format::Json.unwritable(&error))?
        }
        format => format.text(report, false, language)?,
    };
    destination.write(&told)
}

fn healthy(report: &Report, language: Language) -> bool {
    answer(report, language).status == Status::Healthy
}

fn tables(report: &Report) -> Option<&Tables> {
    report.observations.iter().find_map(|observation| match &observation.facts {
        Facts::RouteTables(tables) => Some(&**tables),
        _ => None,
    })
}
