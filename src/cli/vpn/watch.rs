//! Waiting for what changes, for ever, and telling after each change what it means.

use std::fmt::Write as _;
use std::path::Path;
use std::pin::pin;

use edgeprobe_facts::Probe;
use edgeprobe_facts::dns::resolv_conf::{BEHIND_STUB, RESOLV_CONF};
use edgeprobe_probes::route::Changes;

use super::super::check::Telling;
use super::super::format::Format;
use super::super::output::Destination;
use super::super::problem::Problem;
use super::super::setup::Setup;
use super::baseline::shown;
use super::{healthy, look, tables};
use crate::changes;
use crate::language::Language;
use crate::plan::ResolverFiles;
use crate::report::human::vpn::{answer, text};
use crate::report::words::word;
use crate::report::{Report, json};

/// Begins to listen, for the files as well that say which name servers are asked.
pub(super) fn listen(setup: &Setup) -> Result<Changes, Problem> {
    let files: Vec<&Path> = setup.resolver_files().iter().map(Path::new).collect();
    Changes::listen(&files).map_err(|error| {
        Problem::new(format!("cannot watch links and routes: {error}"))
            .hint("run it without --watch, from a timer for example")
    })
}

/// Watches until the user interrupts it, and then returns the exit code of the last answer.
pub(super) fn watch(
    mut changes: Changes,
    last: Report,
    setup: &Setup,
    telling: &Telling,
    language: Language,
    destination: &Destination,
) -> Result<u8, Problem> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Problem::new(format!("cannot wait for changes: {error}")))?;
    let glance = setup.asking([Probe::RouteTables]);
    let mut last = Seen { report: last, names: setup.plan.resolver_files.clone() };
    // One for all waits: an interruption during a look is heard after it.
    let mut interrupted = pin!(tokio::signal::ctrl_c());
    loop {
        let go_on = runtime.block_on(async {
            tokio::select! {
                () = changes.next() => true,
                _ = &mut interrupted => false,
            }
        });
        if !go_on {
            return Ok(answer(&last.report, language).status.exit_code());
        }
        // A look borrows an address for a moment, which is itself a change: the tables and the
        // files alone tell whether there is anything to look at.
        let glanced = Seen::at(&glance.afresh(), telling, language)?;
        if last.differences(&glanced).is_none_or(|all| all.is_empty()) {
            continue;
        }
        // The printed changes are those that the answer rests on: more may have changed since the
        // glance.
        let mut now = Seen::at(&setup.afresh(), telling, language)?;
        let differences = last.differences(&now).unwrap_or_default();
        let same = answer(&now.report, language) == answer(&last.report, language);
        let nothing = same && differences.is_empty();
        if let Some(vpn) = &mut now.report.vpn {
            vpn.changes = Some(shown(differences));
        }
        if !nothing {
            tell(&now.report, &last.report, telling, language, destination)?;
        }
        last = now;
    }
}

/// What a look has seen.
struct Seen {
    report: Report,
    /// What said at that time which name servers are asked.
    names: ResolverFiles,
}

impl Seen {
    fn at(setup: &Setup, telling: &Telling, language: Language) -> Result<Self, Problem> {
        let report = look(setup, telling, language)?;
        Ok(Self { report, names: setup.plan.resolver_files.clone() })
    }

    /// What has come and gone until another look; `None` where the tables could not be read.
    fn differences(&self, later: &Self) -> Option<Vec<String>> {
        let mut all = changes::between(tables(&self.report)?, tables(&later.report)?);
        all.extend(name_server_changes(&self.names, &later.names));
        Some(all)
    }
}

/// What has come and gone in the configuration of names.
fn name_server_changes(before: &ResolverFiles, after: &ResolverFiles) -> Vec<String> {
    let text = |files: &ResolverFiles| files.resolved.clone().unwrap_or_default();
    let mut lines = changes::in_resolver_file(RESOLV_CONF, &before.resolv_conf, &after.resolv_conf);
    let behind = changes::in_resolver_file(BEHIND_STUB, &text(before), &text(after));
    // The one is often a link to the other.
    let told = |line: &String| lines.contains(&line.replace(BEHIND_STUB, RESOLV_CONF));
    let behind: Vec<String> = behind.into_iter().filter(|line| !told(line)).collect();
    lines.extend(behind);
    lines
}

/// Tells what has changed: to standard output one thing after the other, while a file holds the
/// present alone.
fn tell(
    report: &Report,
    before: &Report,
    telling: &Telling,
    language: Language,
    destination: &Destination,
) -> Result<(), Problem> {
    let is_file = destination.is_file();
    // After a fault was shown, its end is shown too.
    if telling.quiet && !is_file && healthy(report, language) && healthy(before, language) {
        return Ok(());
    }
    let unwritable = |error| telling.format.unwritable(&error);
    let told = match (telling.format, is_file) {
        (Format::Human, false) => difference(report, Some(before), language),
        (Format::Human, true) => difference(report, None, language).trim_start().to_owned(),
        (Format::Json, false) => json::document_line(report).map_err(unwritable)?,
        (Format::Ndjson, false) => json::change_line(report).map_err(unwritable)?,
        (format, _) => format.text(report, false, language)?,
    };
    destination.write(&told)
}

/// When it changed, what, and the answer, unless it is that of `before`.
fn difference(report: &Report, before: Option<&Report>, language: Language) -> String {
    let mut out = format!("\n{}\n", report.run.started_at);
    let changes = report.vpn.iter().flat_map(|vpn| vpn.changes.iter().flatten());
    for line in changes {
        let _ = writeln!(out, "  {line}");
    }
    if before.is_some_and(|before| answer(before, language) == answer(report, language)) {
        format!("{out}  {}\n", word("vpn.unchanged", language))
    } else {
        out + &text(report, language)
    }
}
