//! Where logs come from: files in every packing, standard input, containers, the journal.
//!
//! Each is handed on in pieces as it is read, so that no log of any size is ever held whole. Names and
//! notes are words that the receiver puts into a language; errors are English.

mod archive;
mod container;
#[cfg(unix)]
mod fifo;
mod file;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod gzip;
mod journal;
mod packing;
mod recorded;

pub use container::{RUNTIME_CONTAINERS, names_of_containers, runtime_containers};
pub use journal::RUNTIME_UNITS;
pub use recorded::recorded;

use std::fmt;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use edgeprobe_facts::clean;

use crate::language::{Language, Text, Word};

/// Bytes that are read at once.
const PIECE: usize = 256 * 1024;

/// Bytes that count as a file's end.
const END_BYTES: u64 = 64 << 20;

/// A place that logs come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    File(PathBuf),
    Standard,
    /// A container's name or id.
    Container(String),
    /// A systemd unit.
    Journal(String),
}

/// How it is read.
#[derive(Clone, Debug, Default)]
pub struct How {
    /// Milliseconds since 1970.
    pub since: Option<i64>,
    /// The last lines alone, of containers and the journal.
    pub last: Option<u32>,
    /// Whether what is written from now on is read too.
    pub follow: bool,
    /// Of a file that is not packed, its last 64 MiB alone.
    pub end_alone: bool,
    /// Set when reading is to end.
    pub stop: Arc<AtomicBool>,
}

impl How {
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// What reading brings, one after the other.
#[derive(Debug)]
pub enum Piece<'p> {
    /// A log begins; an archive has several.
    Begins(Log),
    Bytes(&'p [u8]),
    /// Something of the log was not read.
    Note(Text),
}

/// A log, before it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    pub name: Word,
    /// The container that wrote it, where that is known.
    pub container: Option<String>,
    /// Whether its writer runs, so that what it does not write up to the present does not happen.
    pub live: bool,
}

/// Takes each piece, and says whether there should be more.
pub type Take<'t> = dyn FnMut(Piece<'_>) -> ControlFlow<()> + 't;

/// A log that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SourceError {
    message: String,
    pub hint: Option<String>,
    pub obstacle: Obstacle,
}

/// What keeps a log from being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// There is no such log.
    Absent,
    /// There is no engine to ask for it.
    NoEngine,
    /// This user may not read it.
    NotPermitted,
    Other,
}

impl SourceError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, obstacle: Obstacle::Other }
    }

    fn because(self, obstacle: Obstacle) -> Self {
        Self { obstacle, ..self }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name().said(Language::English))
    }
}

/// The notation of a log in one word: a file's name, `-`, `container:NAME`, `journal:UNIT`.
impl FromStr for Input {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.split_once(':') {
            Some(("container", name)) => Self::Container(name.to_owned()),
            Some(("journal", unit)) => Self::Journal(unit.to_owned()),
            _ if text == "-" => Self::Standard,
            _ => Self::File(PathBuf::from(text)),
        })
    }
}

impl Input {
    /// What people know it by.
    fn name(&self) -> Word {
        match self {
            Self::File(path) => clean::line(&path.display().to_string(), 200).into(),
            Self::Standard => Text::new("log.standard_input").into(),
            Self::Container(name) => {
                Text::new("log.container").with("name", clean::line(name, 80)).into()
            }
            Self::Journal(unit) => {
                Text::new("log.journal").with("unit", clean::line(unit, 80)).into()
            }
        }
    }

    /// Whether it can be read as far as that can be said without waiting: a file is there, is none
    /// of folders, and opens.
    pub fn look(&self) -> Result<(), SourceError> {
        match self {
            Self::File(path) => file::look(path),
            _ => Ok(()),
        }
    }

    /// Reads it to its end, or until `take` or `how.stop` ends it.
    ///
    /// Errors when there is nothing to read; what breaks off in the middle becomes a note.
    pub fn read(&self, how: &How, take: &mut Take<'_>) -> Result<(), SourceError> {
        match self {
            Self::File(path) => file::read(path, how, take),
            Self::Standard => file::read_standard(how, take),
            Self::Container(name) => container::read(name, how, take),
            Self::Journal(unit) => journal::read(unit, how, take),
        }
    }
}

fn obstacle_from_io(error: &std::io::Error) -> Obstacle {
    match error.kind() {
        std::io::ErrorKind::NotFound => Obstacle::Absent,
        std::io::ErrorKind::PermissionDenied => Obstacle::NotPermitted,
        _ => Obstacle::Other,
    }
}

/// The note on a log whose reading ended before the log did.
fn broke_off(error: &std::io::Error) -> Text {
    Text::new("note.broke_off").with("error", error)
}
