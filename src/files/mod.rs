//! The one place that writes files: whole or not at all, under a name that was not there before and
//! then in the place of the older file, readable by its owner alone unless the older one was by more.

mod target;

use std::fs::{File, Metadata};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use edgeprobe_probes::walls;
use tempfile::Builder;

pub(crate) use target::{Named, named};
use target::{Obstacle, look};

/// What becomes of an older file of the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Older {
    /// It has other content, and the owner and mode that it had.
    Renewed,
    /// Another file of this user alone takes its place.
    Replaced,
    /// It stays, and nothing is written.
    Refused,
}

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotWritten {
    /// Something else stands there.
    #[error(transparent)]
    Obstacle(#[from] Obstacle),
    /// The system says no.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Writes the file in one step, so that a reader sees the old one or the new, never a part.
pub(crate) fn write(path: &Path, bytes: &[u8], older: Older) -> Result<(), NotWritten> {
    let (path, bytes) = (path.to_owned(), bytes.to_vec());
    walls::with_privileges(move || write_here(&path, &bytes, older))
}

fn write_here(path: &Path, bytes: &[u8], older: Older) -> Result<(), NotWritten> {
    let before = look(path)?;
    // A new file with a random name, for its owner alone.
    let mut file = builder().tempfile_in(folder(path))?;
    file.write_all(bytes)?;
    if let Some(before) = before.filter(|_| older == Older::Renewed) {
        keep_owner_and_mode(file.as_file(), &before)?;
    }
    file.as_file().sync_all()?;
    // What has come to stand there meanwhile is replaced or refused, and not followed.
    let placed = match older {
        Older::Renewed | Older::Replaced => file.persist(path),
        Older::Refused => file.persist_noclobber(path),
    };
    placed.map_err(|error| error.error)?;
    Ok(())
}

/// Tries whether the file can be written.
pub(crate) fn try_to_write(path: &Path) -> Result<(), NotWritten> {
    let path = path.to_owned();
    walls::with_privileges(move || {
        look(&path)?;
        Ok(builder().tempfile_in(folder(&path)).map(drop)?)
    })
}

/// Opens what [`Named::Open`] stands for, without waiting for a reader.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    walls::opened_with_privileges(path, target::open)
}

/// The canonical path of a file that may not exist yet; `None` where its folder does not exist.
pub(crate) fn whole(path: &Path) -> Option<PathBuf> {
    let whole = |path: &Path| walls::or_with_privileges(path, Path::canonicalize);
    let in_its_folder = || Some(whole(folder(path)).ok()?.join(path.file_name()?));
    whole(path).ok().or_else(in_its_folder)
}

fn builder() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(".edgeprobe-");
    builder
}

/// The folder that a file is in.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

#[cfg(unix)]
fn keep_owner_and_mode(file: &File, before: &Metadata) -> io::Result<()> {
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};

    let now = file.metadata()?;
    // Only root gives files away; others keep the group at least, if it is one of theirs.
    if (now.uid(), now.gid()) != (before.uid(), before.gid())
        && fchown(file, Some(before.uid()), Some(before.gid())).is_err()
    {
        let _ = fchown(file, None, Some(before.gid()));
    }
    let has_its_group = file.metadata()?.gid() == before.gid();
    // What a group may do is not another group's to do.
    let kept = if has_its_group { 0o777 } else { 0o707 };
    file.set_permissions(Permissions::from_mode(before.mode() & kept))
}

#[cfg(not(unix))]
fn keep_owner_and_mode(_file: &File, _before: &Metadata) -> io::Result<()> {
    Ok(())
}
