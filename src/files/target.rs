//! What is at the path of a result. Only a regular or a new file is written: whatever else stands
//! under a name that others could guess may be theirs, to receive what root writes.

use std::fs::{self, File, FileType, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::{NotWritten, folder};

/// What a name alone says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
    /// A file that is open already, as the shell opens it for `>(…)`, or `/dev/null`.
    Open,
}

/// What keeps a file from being written.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Obstacle {
    #[error("it is a link to {0}")]
    Link(String),
    #[error("it is a folder")]
    Folder,
    #[error("it is a named pipe")]
    Pipe,
    #[error("it is a socket")]
    Socket,
    #[error("it is a device")]
    Device,
    #[error("it is another user's file, in a folder that everybody may write to")]
    AnothersFile,
}

impl Obstacle {
    /// What to do instead, for the option that names the file.
    pub(crate) fn hint(&self, option: &str) -> String {
        match self {
            Self::Link(_) => format!("give {option} that file itself, or remove the link"),
            Self::Folder => format!("give {option} a file in it"),
            Self::Pipe | Self::Socket | Self::Device if option == "--output" => {
                "send the result there by standard output: leave --output out, and write `>FILE` \
                 behind the command"
                    .to_owned()
            }
            Self::Pipe | Self::Socket | Self::Device => {
                format!("give {option} a regular file, or one that is not there yet")
            }
            Self::AnothersFile => {
                format!("give {option} a file in a folder of your own, or remove this one")
            }
        }
    }
}

/// What the name means, for names that mean the same on every system.
pub(crate) fn named(path: &Path) -> Option<Named> {
    let text = path.to_str()?;
    if text == "-" {
        return Some(Named::Output);
    }
    if !cfg!(unix) {
        return None;
    }
    match text {
        "/dev/stdout" => return Some(Named::Output),
        "/dev/stderr" => return Some(Named::Error),
        "/dev/null" => return Some(Named::Open),
        _ => {}
    }
    let number = text.strip_prefix("/dev/fd/").or_else(|| text.strip_prefix("/proc/self/fd/"))?;
    match number.parse::<u32>().ok()? {
        0 => None,
        1 => Some(Named::Output),
        2 => Some(Named::Error),
        _ => Some(Named::Open),
    }
}

/// Opens what [`Named::Open`] stands for, without waiting for a reader.
#[cfg(unix)]
pub(crate) fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;

    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let file = fs::OpenOptions::new().append(true).custom_flags(flags).open(path)?;
    // Writing waits for a reader that is slow.
    fcntl_setfl(&file, fcntl_getfl(&file)? - OFlags::NONBLOCK)?;
    Ok(file)
}

#[cfg(not(unix))]
pub(crate) fn open(path: &Path) -> io::Result<File> {
    fs::OpenOptions::new().write(true).open(path)
}

/// The regular file at the path; `None` where there is nothing.
pub(super) fn look(path: &Path) -> Result<Option<Metadata>, NotWritten> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if let Some(obstacle) = obstacle(metadata.file_type(), path) {
        return Err(obstacle.into());
    }
    if is_anothers(&metadata, path)? {
        return Err(Obstacle::AnothersFile.into());
    }
    Ok(Some(metadata))
}

fn obstacle(kind: FileType, path: &Path) -> Option<Obstacle> {
    if kind.is_file() {
        return None;
    }
    if kind.is_symlink() {
        let to = fs::read_link(path).unwrap_or_else(|_| PathBuf::from("another file"));
        let to = edgeprobe_facts::clean::line(&to.display().to_string(), 200);
        return Some(Obstacle::Link(to));
    }
    Some(if kind.is_dir() { Obstacle::Folder } else { special(kind) })
}

#[cfg(unix)]
fn special(kind: FileType) -> Obstacle {
    use std::os::unix::fs::FileTypeExt as _;
    if kind.is_fifo() {
        Obstacle::Pipe
    } else if kind.is_socket() {
        Obstacle::Socket
    } else {
        Obstacle::Device
    }
}

#[cfg(not(unix))]
fn special(_kind: FileType) -> Obstacle {
    Obstacle::Device
}

/// Whether another user has put the file into a folder that others may write to. It would keep its
/// owner and its mode, and they could read it: the kernel's own rule (`fs.protected_regular`).
#[cfg(unix)]
fn is_anothers(file: &Metadata, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    const STICKY: u32 = 0o1000;
    const WRITABLE_BY_OTHERS: u32 = 0o022;
    let folder = fs::metadata(folder(path))?;
    let is_shared = folder.mode() & STICKY != 0 && folder.mode() & WRITABLE_BY_OTHERS != 0;
    let own = rustix::process::geteuid().as_raw();
    Ok(is_shared && file.uid() != own && file.uid() != folder.uid())
}

#[cfg(not(unix))]
fn is_anothers(_file: &Metadata, _path: &Path) -> io::Result<bool> {
    Ok(false)
}
