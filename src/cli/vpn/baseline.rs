//! A reading of the tables that is kept in a file, to compare later ones with.

use std::io;
use std::path::Path;

use edgeprobe_facts::clean;
use edgeprobe_probes::bounded;

use super::super::output::{Destination, note};
use super::super::problem::Problem;
use super::tables;
use crate::changes::{self, Baseline};
use crate::language::{Language, Text};
use crate::report::Report;
use crate::report::vpn::Comparison;
use crate::report::words::say;

/// Bytes; the most routes that are read have some four million.
const LARGEST: u64 = 16 * 1024 * 1024;

/// The baseline, if the file is there. Where it is not, it is known that it can be written.
pub(super) fn read(path: &Path) -> Result<Option<Baseline>, Problem> {
    let shown = clean::line(&path.display().to_string(), 200);
    let text = match bounded::text(path, LARGEST) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return destination(path).map(|_| None);
        }
        Err(error) => {
            return Err(Problem::new(format!("cannot read the baseline {shown}: {error}")).hint(
                "give --baseline a file that edgeprobe wrote, or one that does not exist yet",
            ));
        }
    };
    let baseline: Result<Baseline, _> = serde_json::from_str(&text);
    match baseline {
        Ok(baseline) if baseline.schema == changes::SCHEMA => Ok(Some(baseline)),
        _ => Err(Problem::new(format!("{shown} is not an edgeprobe baseline"))
            .hint("give --baseline a file that edgeprobe wrote, or one that does not exist yet")),
    }
}

/// The present compared with a baseline; without one, with itself. `None` where it could not be
/// read.
pub(super) fn compare(kept: Option<&Baseline>, report: &Report) -> Option<Comparison> {
    let now = tables(report)?;
    Some(match kept {
        None => Comparison {
            taken_at: report.run.started_at.clone(),
            changes: Vec::new(),
            incomplete: !now.complete,
        },
        Some(kept) => Comparison {
            taken_at: clean::line(&kept.taken_at, 40),
            changes: shown(changes::between(&kept.tables, now)),
            incomplete: !(kept.tables.complete && now.complete),
        },
    })
}

/// Writes the baseline where no file exists yet; otherwise shows what has changed since.
pub(super) fn keep_or_tell(
    path: &Path,
    kept: Option<&Baseline>,
    report: &Report,
    language: Language,
) -> Result<(), Problem> {
    let (Some(now), Some(comparison)) = (tables(report), compare(kept, report)) else {
        return Err(Problem::new("the routes could not be read, so there is nothing to compare"));
    };
    if kept.is_none() {
        let baseline = Baseline {
            schema: changes::SCHEMA.to_owned(),
            taken_at: report.run.started_at.clone(),
            tables: now.clone(),
        };
        let text = serde_json::to_string_pretty(&baseline)
            .map_err(|error| Problem::new(format!("cannot write the baseline: {error}")))?;
        destination(path)?.write_new(&(text + "\n"))?;
        let file = clean::line(&path.display().to_string(), 200);
        note(&say(&Text::new("vpn.kept").with("file", file), language));
        return Ok(());
    }
    let Comparison { taken_at, changes, incomplete } = comparison;
    let key = match (changes.is_empty(), incomplete) {
        (true, false) => "vpn.nothing_changed",
        (true, true) => "vpn.no_change_read",
        (false, _) => "vpn.changed",
    };
    note(&say(&Text::new(key).with("time", taken_at), language));
    for line in changes {
        note(&format!("  {line}"));
    }
    if incomplete {
        note(&say(&Text::new("vpn.not_all_compared"), language));
    }
    Ok(())
}

fn destination(path: &Path) -> Result<Destination, Problem> {
    Destination::prepare_for("--baseline", Some(path))
}

/// Lines that hold names from the device, as they may be shown and kept.
pub(super) fn shown(lines: Vec<String>) -> Vec<String> {
    lines.into_iter().map(|line| clean::line(&line, 160)).collect()
}
