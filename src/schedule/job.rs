//! The command line of a periodic run.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where a system's runs keep what they know.
pub const STATE_FOLDER: &str = "/var/lib/edgeprobe";

/// The names in that folder: the last run's report, and how it went.
pub const LAST_REPORT: &str = "last.json";
pub const RECORD: &str = "run.json";

/// A run of `check`, as a manager starts it.
#[derive(Clone, Debug)]
pub struct Job {
    /// The program, by its whole path.
    pub program: PathBuf,
    /// Everything after the program's name.
    pub arguments: Vec<String>,
    /// The longest that a run takes.
    pub limit: Duration,
    /// The folder of its report and its record.
    pub state_folder: PathBuf,
    /// The folder of a report that goes elsewhere.
    pub output_folder: Option<PathBuf>,
}

impl Job {
    /// The program and its arguments as words.
    pub(super) fn words(&self) -> impl Iterator<Item = String> {
        std::iter::once(self.program.display().to_string()).chain(self.arguments.iter().cloned())
    }

    /// Whether the report goes to a folder that is not the state's.
    pub(super) fn other_folder(&self) -> Option<&Path> {
        self.output_folder.as_deref().filter(|folder| *folder != self.state_folder)
    }
}
