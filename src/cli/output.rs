//! The one place that prints: results to standard output or to a file, errors to standard error.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::problem::Problem;
use crate::files::{self, Named, NotWritten, Older, named};
use crate::report::style::labelled;

/// The form of a result that is written once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// For people
    Human,
    /// For programs
    Json,
}

/// Where a result goes.
#[derive(Debug)]
pub(super) enum Destination {
    Standard,
    StandardError,
    /// A regular file that may not exist yet, and the option that names it.
    File(PathBuf, &'static str),
    /// A file that the caller opened, such as `/dev/fd/63`, or `/dev/null`.
    Open(PathBuf, File),
}

impl Destination {
    /// Checks that the file can be written before any work is done for it.
    pub(super) fn prepare(file: Option<&Path>) -> Result<Self, Problem> {
        Self::prepare_for("--output", file)
    }

    /// The same for a file that another option names.
    pub(super) fn prepare_for(option: &'static str, file: Option<&Path>) -> Result<Self, Problem> {
        let Some(path) = file else { return Ok(Self::Standard) };
        let refused = |error| cannot_write(option, path, &error);
        Ok(match named(path) {
            Some(Named::Output) => Self::Standard,
            Some(Named::Error) => Self::StandardError,
            Some(Named::Open) => {
                let open = files::open(path).map_err(|error| refused(error.into()))?;
                Self::Open(path.to_owned(), open)
            }
            None => {
                files::try_to_write(path).map_err(refused)?;
                Self::File(path.to_owned(), option)
            }
        })
    }

    /// The same without opening anything, for a command that prepares the destination later.
    pub(super) fn check(file: Option<&Path>) -> Result<(), Problem> {
        if file.is_some_and(|path| named(path).is_some()) {
            return Ok(());
        }
        Self::prepare(file).map(drop)
    }

    pub(super) fn is_file(&self) -> bool {
        !matches!(self, Self::Standard)
    }

    /// Writes a result: to standard output as it is, elsewhere without colour, to a file whole or not
    /// at all.
    pub(super) fn write(&self, text: &str) -> Result<(), Problem> {
        match self {
            Self::Standard => print(text),
            _ => self.write_bytes(
                anstream::adapter::strip_str(text).to_string().as_bytes(),
                Older::Renewed,
            ),
        }
    }

    /// Writes a result to a new file.
    pub(super) fn write_new(&self, text: &str) -> Result<(), Problem> {
        self.write_bytes(text.as_bytes(), Older::Refused)
    }

    /// Writes confidential content: to a file whole or not at all, readable by its owner alone.
    ///
    /// Fails where the file exists, unless it is to be replaced.
    pub(super) fn write_private(&self, bytes: &[u8], replace: bool) -> Result<(), Problem> {
        self.write_bytes(bytes, if replace { Older::Replaced } else { Older::Refused })
    }

    fn write_bytes(&self, bytes: &[u8], older: Older) -> Result<(), Problem> {
        let written = |out: &mut dyn Write, name: &str| {
            out.write_all(bytes)
                .and_then(|()| out.flush())
                .map_err(|error| Problem::new(format!("cannot write to {name}: {error}")))
        };
        match self {
            Self::Standard => written(&mut io::stdout().lock(), "standard output"),
            Self::StandardError => written(&mut io::stderr().lock(), "standard error"),
            Self::File(path, option) => {
                files::write(path, bytes, older).map_err(|error| cannot_write(option, path, &error))
            }
            Self::Open(path, file) => written(&mut &*file, &shown(path)),
        }
    }
}

/// Refuses an `--output` that would replace a file which the run reads.
pub(super) fn refuse_to_overwrite<'p>(
    output: Option<&Path>,
    inputs: impl IntoIterator<Item = &'p Path>,
) -> Result<(), Problem> {
    let output = output.filter(|path| named(path).is_none());
    let Some(target) = output.and_then(files::whole) else { return Ok(()) };
    let is_target = |input: &Path| files::whole(input).is_some_and(|input| input == target);
    if !inputs.into_iter().any(is_target) {
        return Ok(());
    }
    Err(Problem::new(format!("--output would replace {}, which is read", shown(&target)))
        .hint("give --output another file"))
}

/// Prints to standard output. A reader that closes early, such as `head`, is not an error.
pub(super) fn print(text: &str) -> Result<(), Problem> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Problem::new(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints an error to standard error: to a terminal wrapped to its lines, else as a line each for the
/// message and the hint.
pub(super) fn print_error(problem: &Problem) {
    let told = problem.to_string();
    if !io::stderr().is_terminal() {
        return note(&told);
    }
    let wrapped = told.lines().map(|line| {
        let label = line.split_once(": ").map_or(0, |(label, _)| label.len() + 2);
        labelled("", label, line).trim_start().to_owned()
    });
    note(&wrapped.collect::<Vec<_>>().join("\n"));
}

/// Prints a line to standard error.
pub(super) fn note(text: &str) {
    // There is nowhere left to report a failure to.
    let _ = writeln!(anstream::stderr(), "{text}");
}

fn cannot_write(option: &str, path: &Path, error: &NotWritten) -> Problem {
    let hint = match error {
        NotWritten::Obstacle(obstacle) => obstacle.hint(option),
        NotWritten::Io(_) => {
            format!("give {option} a file in a folder that exists and that you may write to")
        }
    };
    Problem::new(format!("cannot write {}: {error}", shown(path))).hint(hint)
}

fn shown(path: &Path) -> String {
    edgeprobe_facts::clean::line(&path.display().to_string(), 200)
}
