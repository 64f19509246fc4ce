//! What can go wrong while a lab is built, broken or asked.

use std::io;

/// The result of everything that the lab does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A step of the lab that did not succeed: a fault of the lab or of the machine, never a verdict.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A command could not be started, or its pipes not be read.
    #[error("cannot run `{command}`: {source}")]
    Start {
        /// The command line.
        command: String,
        /// What the system said.
        source: io::Error,
    },
    /// A command ran and did not succeed.
    #[error("`{command}` failed ({status}): {output}")]
    Failed {
        /// The command line.
        command: String,
        /// The exit status in words.
        status: String,
        /// What it printed, standard error last.
        output: String,
    },
    /// A process ended, or its time ran out, before it said that it is ready.
    #[error("`{command}` did not get ready: {output}")]
    NotReady {
        /// The command line.
        command: String,
        /// What it had printed until then.
        output: String,
    },
    /// A tun device could not be made.
    #[error("cannot make the tun device {name}: {source}")]
    Tun {
        /// The name of the interface.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// A report could not be kept.
    #[error("cannot write {}: {}", _0.display(), _1)]
    Record(std::path::PathBuf, io::Error),
    /// Faults that cannot stand together.
    #[error("no lab has {0} at once")]
    Apart(String),
    /// A thread of the lab panicked.
    #[error("a worker of the lab panicked: {0}")]
    Panicked(String),
    /// Something that a program printed is not what it prints.
    #[error("cannot read the answer of `{command}`: {reason}")]
    Unreadable {
        /// The command line.
        command: String,
        /// What is wrong with it.
        reason: String,
    },
}
