//! The one place that prints: results to standard output or to a file, errors to standard error.

use std::fs::{self, File};
use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::problem::Problem;
use crate::report::style::labelled;

/// The form of a result that comes whole.
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
    /// A regular file, or none yet, and the option that names it.
    File(PathBuf, &'static str),
    /// A pipe or a device, such as `/dev/stderr`: it cannot be replaced, only written to. A pipe is
    /// opened once, since its reader goes when its writer has gone.
    Special(PathBuf, &'static str, File),
}

impl Destination {
    /// The file, if there is one, is known to be writable before any work is done for it.
    pub(super) fn prepare(file: Option<&Path>) -> Result<Self, Problem> {
        Self::prepare_for("--output", file)
    }

    /// The same for a file that another option names.
    pub(super) fn prepare_for(option: &'static str, file: Option<&Path>) -> Result<Self, Problem> {
        let Some(path) = file.filter(|path| *path != Path::new("-")) else {
            return Ok(Self::Standard);
        };
        if is_special(path) {
            let opened = fs::OpenOptions::new().write(true).open(path);
            let opened = opened.map_err(|error| cannot_write(option, path, &error))?;
            return Ok(Self::Special(path.to_owned(), option, opened));
        }
        let attempt = if path.is_dir() {
            Err(io::Error::from(io::ErrorKind::IsADirectory))
        } else {
            tempfile::tempfile_in(folder(path)).map(drop)
        };
        match attempt {
            Ok(()) => Ok(Self::File(path.to_owned(), option)),
            Err(error) => Err(cannot_write(option, path, &error)),
        }
    }

    /// The same for whoever prepares it later, so that nothing is begun in vain: a pipe is not opened.
    pub(super) fn look(file: Option<&Path>) -> Result<(), Problem> {
        if file.is_some_and(is_special) { Ok(()) } else { Self::prepare(file).map(drop) }
    }

    pub(super) fn is_file(&self) -> bool {
        matches!(self, Self::File(..) | Self::Special(..))
    }

    /// Writes a result: to standard output as it is, to a file whole or not at all and without
    /// colour.
    pub(super) fn write(&self, text: &str) -> Result<(), Problem> {
        match self {
            Self::Standard => print(text),
            Self::File(path, option) => {
                let plain = anstream::adapter::strip_str(text).to_string();
                write_file(path, plain.as_bytes(), Readers::All)
                    .map_err(|error| cannot_write(option, path, &error))
            }
            Self::Special(path, option, file) => {
                let plain = anstream::adapter::strip_str(text).to_string();
                write_special(file, plain.as_bytes())
                    .map_err(|error| cannot_write(option, path, &error))
            }
        }
    }

    /// Writes what is nobody else's to read: to a file whole or not at all, and for its owner alone.
    ///
    /// Fails where the file is there already, unless it is to be replaced.
    pub(super) fn write_private(&self, bytes: &[u8], replace: bool) -> Result<(), Problem> {
        match self {
            Self::Standard => {
                let mut out = io::stdout().lock();
                out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| {
                    Problem::new(format!("cannot write to standard output: {error}"))
                })
            }
            Self::File(path, option) => write_file(path, bytes, Readers::Owner { replace })
                .map_err(|error| cannot_write(option, path, &error)),
            Self::Special(path, option, file) => {
                write_special(file, bytes).map_err(|error| cannot_write(option, path, &error))
            }
        }
    }
}

/// Refuses an `--output` that would replace a file which is read, or that is to be.
pub(super) fn spare<'p>(
    output: Option<&Path>,
    inputs: impl IntoIterator<Item = &'p Path>,
) -> Result<(), Problem> {
    let Some(target) = output.and_then(whole) else { return Ok(()) };
    let is_target = |input: &Path| whole(input).is_some_and(|input| input == target);
    if is_special(&target) || !inputs.into_iter().any(is_target) {
        return Ok(());
    }
    let path = edgeprobe_facts::clean::line(&target.display().to_string(), 200);
    Err(Problem::new(format!("--output would replace {path}, which is read"))
        .hint("give --output another file"))
}

/// The one path of a file, which need not be there yet; none where its folder is not.
fn whole(path: &Path) -> Option<PathBuf> {
    let in_its_folder = || Some(folder(path).canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(in_its_folder)
}

/// Prints to standard output. A reader that has gone away, `head` for example, is no error.
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

/// Who may read a file that is written.
#[derive(Clone, Copy)]
enum Readers {
    /// Everybody, as far as the umask lets them; an older file is replaced.
    All,
    /// Its owner, as of temporary files. An older file is an error, unless it is to be replaced.
    Owner { replace: bool },
}

/// Writes the file in one step, so that a reader sees the old one or the new, never a part.
fn write_file(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    let mut builder = tempfile::Builder::new();
    if matches!(readers, Readers::All) {
        like_other_files(&mut builder);
    }
    let mut file = builder.tempfile_in(folder(path))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    if matches!(readers, Readers::Owner { replace: false }) {
        file.persist_noclobber(path)?;
    } else {
        file.persist(path)?;
    }
    Ok(())
}

fn write_special(mut file: &File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes).and_then(|()| file.flush())
}

/// Temporary files are private by default; a report is for monitoring to read, as far as the umask
/// lets others read a new file.
#[cfg(unix)]
fn like_other_files<'b>(
    builder: &'b mut tempfile::Builder<'static, 'static>,
) -> &'b mut tempfile::Builder<'static, 'static> {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(fs::Permissions::from_mode(0o666))
}

#[cfg(not(unix))]
fn like_other_files<'b>(
    builder: &'b mut tempfile::Builder<'static, 'static>,
) -> &'b mut tempfile::Builder<'static, 'static> {
    builder
}

fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

fn cannot_write(option: &str, path: &Path, error: &io::Error) -> Problem {
    let path = edgeprobe_facts::clean::line(&path.display().to_string(), 200);
    Problem::new(format!("cannot write {path}: {error}"))
        .hint(format!("give {option} a file in a folder that exists and that you may write to"))
}
