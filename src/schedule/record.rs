//! One run at a time, and how the last one went.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use edgeprobe_probes::bounded;
use serde::{Deserialize, Serialize};

use super::Refused;

/// A record has some two hundred bytes.
const LARGEST: u64 = 16 * 1024;

/// What a file of `--lock` says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// `edgeprobe.run/1`
    pub schema: String,
    /// The run that holds the file; absent once it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<Running>,
    /// The last run that came to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Ended>,
}

const SCHEMA: &str = "edgeprobe.run/1";

/// A run that has begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Running {
    pub pid: u32,
    /// RFC 3339, UTC.
    pub started_at: String,
}

/// A run that has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// RFC 3339, UTC.
    pub started_at: String,
    pub ended_at: String,
    pub exit_code: u8,
    /// What kept it from a verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Record {
    /// Reads the record in a file; `None` where the file has no record.
    pub fn read(path: &Path) -> Option<Self> {
        serde_json::from_str(&bounded::text(path, LARGEST).ok()?).ok()
    }
}

/// The file that one run holds at a time. The kernel ends the hold with the process, however that
/// ends.
#[derive(Clone, Debug)]
pub struct Lock {
    path: PathBuf,
    held: Arc<Mutex<(File, Record)>>,
}

impl Lock {
    /// Takes the file for this run, or says why not: at once, if another run holds it.
    pub fn take(path: &Path) -> Result<Self, Refused> {
        let shown = edgeprobe_facts::clean::line(&path.display().to_string(), 200);
        let cannot = |error: &io::Error| {
            Refused::new(
                format!("cannot lock {shown}: {error}"),
                "give --lock a file in a folder that exists and that you may write to",
            )
        };
        // What is no file is not opened: a pipe would wait for its other end.
        let is_other = fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
        let other = || {
            Refused::new(
                format!("cannot lock {shown}: the file exists and is not a record of a run"),
                "give --lock a file that nothing else uses",
            )
        };
        if is_other {
            return Err(other());
        }
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(path);
        let mut file = file.map_err(|error| cannot(&error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let running = Record::read(path).and_then(|record| record.running);
                let who = running.map_or_else(String::new, |run| {
                    let since = edgeprobe_facts::clean::line(&run.started_at, 40);
                    format!(" (process {}, since {since})", run.pid)
                });
                return Err(Refused::new(
                    format!("another run holds {shown}{who}, so nothing was asked"),
                    "it ends within its --timeout; then run it again",
                ));
            }
            Err(TryLockError::Error(error)) => return Err(cannot(&error)),
        }
        let mut text = String::new();
        // A file that is too long or not text belongs to another program too.
        let read = (&mut file).take(LARGEST + 1).read_to_string(&mut text);
        let before: Record = match (read, text.is_empty()) {
            (Ok(_), true) => Record::default(),
            (Ok(_), false) => serde_json::from_str(&text).map_err(|_| other())?,
            (Err(_), _) => return Err(other()),
        };
        let running = Running { pid: std::process::id(), started_at: now() };
        let record = Record { schema: SCHEMA.to_owned(), running: Some(running), ..before };
        let lock = Self { path: path.to_owned(), held: Arc::new(Mutex::new((file, record))) };
        lock.write();
        Ok(lock)
    }

    /// Keeps how the run ended.
    pub fn end(&self, exit_code: u8, error: Option<String>) {
        if let Ok(mut held) = self.held.lock()
            && let Some(running) = held.1.running.take()
        {
            let started_at = running.started_at;
            held.1.last = Some(Ended { started_at, ended_at: now(), exit_code, error });
        }
        self.write();
    }

    /// A full disk does not prevent a verdict.
    fn write(&self) {
        let written = || -> io::Result<()> {
            let mut held = self.held.lock().map_err(|_| io::Error::other("a thread panicked"))?;
            let text = serde_json::to_string(&held.1)? + "\n";
            let file = &mut held.0;
            file.rewind()?;
            file.write_all(text.as_bytes())?;
            file.set_len(text.len() as u64)
        };
        if let Err(error) = written() {
            tracing::warn!("cannot write {}: {error}", self.path.display());
        }
    }
}

fn now() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_run_holds_the_file_and_the_next_knows_how_it_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.json");
        let lock = Lock::take(&path).unwrap();
        let refused = Lock::take(&path).unwrap_err();
        assert!(refused.message.contains("another run holds"), "{refused}");
        assert!(refused.message.contains(&format!("process {}", std::process::id())), "{refused}");
        lock.end(2, None);
        drop(lock);
        let record = Record::read(&path).unwrap();
        assert_eq!((record.running, record.last.unwrap().exit_code), (None, 2));
        let next = Lock::take(&path).unwrap();
        let record = Record::read(&path).unwrap();
        assert_eq!(record.last.unwrap().exit_code, 2, "while the next one runs");
        next.end(3, Some("no".to_owned()));
        assert_eq!(Record::read(&path).unwrap().last.unwrap().error.unwrap(), "no");
    }

    #[test]
    fn a_file_of_somebody_else_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes");
        for content in ["my notes", "[1]", "\u{0}"] {
            fs::write(&path, content).unwrap();
            assert!(Lock::take(&path).unwrap_err().message.contains("not a record"), "{content:?}");
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert!(Lock::take(folder.path()).is_err());
        assert!(Lock::take(&folder.path().join("missing/run.json")).is_err());
    }
}
