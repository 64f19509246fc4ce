//! The journal, by its own program: it reads the journal of every version and place.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read as _};
use std::path::Path;
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use edgeprobe_probes::tool::Program;

use super::{
    How, Input, Log, Obstacle, Piece, SourceError, Take, broke_off, obstacle_from_io, packing,
};
use crate::language::Word;

/// The units of the runtime and of the engine, of every version.
pub const RUNTIME_UNITS: [&str; 7] = [
    "aziot-edged",
    "aziot-identityd",
    "iotedge",
    "docker",
    "moby-engine",
    "podman",
    "snap.docker.dockerd",
];

/// Bytes of what the program complains of that are shown.
const COMPLAINT: u64 = 4096;

/// How often it is looked whether reading is to end.
const LOOKS: Duration = Duration::from_millis(100);

/// Reads what a unit wrote.
pub(super) fn read(unit: &str, how: &How, take: &mut Take<'_>) -> Result<(), SourceError> {
    let input = Input::Journal(unit.to_owned());
    let selection = OsString::from(format!("--unit={unit}"));
    entries(&selection, input.name(), &format!("the {input}"), how, take)
}

/// Reads a journal's own file, as it lies in /var/log/journal.
pub(super) fn read_file(path: &Path, how: &How, take: &mut Take<'_>) -> Result<(), SourceError> {
    let input = Input::File(path.to_owned());
    let mut selection = OsString::from("--file=");
    selection.push(path);
    entries(&selection, input.name(), &input.to_string(), how, take)
}

/// Hands on the selected entries; errors call them `what`.
fn entries(
    selection: &OsStr,
    name: Word,
    what: &str,
    how: &How,
    take: &mut Take<'_>,
) -> Result<(), SourceError> {
    let journalctl = Program::find("journalctl");
    let journalctl = journalctl.ok_or_else(|| missing(&io::ErrorKind::NotFound.into()))?;
    // The short form has a line's own time with its year and zone, and no field that is not shown.
    // Without `--all` it has the length alone of a text that is not quite UTF-8.
    let fixed = ["--no-pager", "--quiet", "--all", "--utc", "--output", "short-iso"];
    let mut arguments: Vec<OsString> = fixed.map(OsString::from).to_vec();
    arguments.push(selection.to_owned());
    if let Some(since) = how.since {
        arguments.push(format!("--since=@{}", since.div_euclid(1_000)).into());
    }
    if how.follow {
        arguments.extend(["--follow", "--lines=all"].map(OsString::from));
    } else if let Some(lines) = how.last {
        arguments.push(format!("--lines={lines}").into());
    }
    let mut child = journalctl.start_to_follow(&arguments).map_err(|error| missing(&error))?;
    let (output, errors) = (child.stdout.take(), child.stderr.take());
    let child = Ended(Arc::new(Mutex::new(child)));
    let begin = Log { name, container: None, live: false };
    if take(Piece::Begins(begin)).is_break() {
        return Ok(());
    }
    child.end_when_stopped(how.clone());
    let mut complete = true;
    if let Some(output) = output {
        match packing::pump(output, how, take) {
            Ok(flow) => complete = flow.is_continue() && !how.stopped(),
            Err(error) => {
                let _ = take(Piece::Note(broke_off(&error)));
            }
        }
    }
    if complete && child.failed() {
        let mut complaint = String::new();
        let _ = errors.map(|errors| errors.take(COMPLAINT).read_to_string(&mut complaint));
        let first = complaint.lines().next().unwrap_or("it ended with an error");
        let first = edgeprobe_facts::clean::line(first, 160);
        // A missing permission shows in journalctl's words alone.
        let lower = first.to_lowercase();
        let is_refused =
            lower.contains("permission denied") || lower.contains("insufficient permissions");
        let obstacle = if is_refused { Obstacle::NotPermitted } else { Obstacle::Other };
        let hint = if is_refused || lower.contains("no journal files were opened") {
            "run it as root, or as a member of the group systemd-journal"
        } else {
            "`journalctl --list-boots` shows whether there is a journal, `systemctl list-units` its units"
        };
        return Err(SourceError::new(format!("journalctl cannot read {what}: {first}"))
            .hint(hint)
            .because(obstacle));
    }
    Ok(())
}

fn missing(error: &io::Error) -> SourceError {
    SourceError::new(format!("cannot run journalctl: {error}"))
        .hint("this system may keep no journal; give its log files")
        .because(obstacle_from_io(error))
}

/// A child that ends with this value, however that ends.
struct Ended(Arc<Mutex<Child>>);

impl Ended {
    fn failed(&self) -> bool {
        let status = self.0.lock().ok().and_then(|mut child| child.wait().ok());
        status.is_some_and(|status| !status.success())
    }

    /// A read that waits for the next line would not notice that it is to end.
    fn end_when_stopped(&self, how: How) {
        let child = Arc::downgrade(&self.0);
        let watch = move || {
            while let Some(child) = child.upgrade() {
                if how.stopped() {
                    end(&child);
                    return;
                }
                drop(child);
                std::thread::sleep(LOOKS);
            }
        };
        // Without a thread it ends when it has no more to say, or with this value.
        if let Err(error) = std::thread::Builder::new().name("journal".to_owned()).spawn(watch) {
            tracing::warn!("cannot watch over journalctl: {error}");
        }
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        end(&self.0);
    }
}

fn end(child: &Mutex<Child>) {
    if let Ok(mut child) = child.lock() {
        let _ = child.kill();
        let _ = child.wait();
    }
}
