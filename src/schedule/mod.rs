//! Periodic runs: when they start, by what they are started, and that only one runs at a time.
//!
//! A schedule is a pair of units for systemd or a file for cron. Both hold a whole command line, so
//! that a reader sees what is run; edgeprobe keeps no other record of the schedule.

mod calendar;
mod cron;
mod install;
mod job;
mod machine;
mod manager;
mod record;
mod state;
mod systemd;
mod times;
pub mod words;

pub use install::{install, remove};
pub use job::{Job, LAST_REPORT, RECORD, STATE_FOLDER};
pub use machine::Machine;
pub use manager::Manager;
pub use record::{Ended, Lock, Record};
pub use state::{Result, State, shown};
pub use times::Times;

use std::path::PathBuf;

/// Something that is not done, and what to do instead.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    pub message: String,
    pub hint: String,
}

impl Refused {
    pub(crate) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }
}

/// A job and the times at which it runs.
#[derive(Clone, Debug)]
pub struct Schedule {
    pub times: Times,
    pub job: Job,
}

/// A file that belongs to a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub path: PathBuf,
    pub text: String,
}

/// The first line of every such file. A file without it was written by another program or person.
const MARK: &str =
    "# Written by `edgeprobe schedule install`; `edgeprobe schedule remove` removes it.";

impl Schedule {
    /// The files by which a manager knows of it.
    pub fn files(
        &self,
        manager: Manager,
        machine: &Machine,
    ) -> std::result::Result<Vec<Written>, Refused> {
        match manager {
            Manager::Systemd => systemd::files(self),
            Manager::Cron => Ok(vec![cron::file(self, machine)]),
        }
    }

    /// The line of a user's own crontab.
    pub fn crontab_line(&self, machine: &Machine) -> String {
        cron::line(self, machine, None)
    }

    /// The lines that say in every file what the schedule is.
    fn heading(&self) -> String {
        format!("{MARK}\n# times: {}\n", self.times)
    }
}

/// What the heading of a file says of its times, if it is one of a schedule's.
fn times_in(text: &str) -> Option<Times> {
    let mut lines = text.lines();
    if lines.next() != Some(MARK) {
        return None;
    }
    lines.find_map(|line| line.strip_prefix("# times: "))?.parse().ok()
}
