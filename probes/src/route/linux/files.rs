//! Waiting for the kernel to say that files have changed.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rustix::fs::inotify::{CreateFlags, Reader, WatchFlags, add_watch, init};
use rustix::io;

/// Bytes for what has happened; an event has at most some three hundred.
const BUFFER: usize = 4096;

/// What brings a folder another file by a name, or takes it away.
const IN_A_FOLDER: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::DELETE)
    .union(WatchFlags::MOVE)
    .union(WatchFlags::CLOSE_WRITE);

/// The files to hear of, whether they are there by now or not.
#[derive(Debug)]
pub(super) struct Files {
    inotify: OwnedFd,
    paths: Vec<PathBuf>,
    /// The names that count in a folder that is watched.
    names: BTreeSet<OsString>,
}

impl Files {
    pub(super) fn watch(paths: &[&Path]) -> io::Result<Self> {
        let inotify = init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        let mut files = Self { inotify, paths, names: BTreeSet::new() };
        files.look_closer();
        Ok(files)
    }

    /// Watches each file, and the folders that it and what it links to are in: a file is as often
    /// replaced as rewritten. What is watched already stays so.
    fn look_closer(&mut self) {
        for path in &self.paths {
            let target = fs::canonicalize(path).ok();
            for path in [Some(path), target.as_ref()].into_iter().flatten() {
                if let (Some(folder), Some(name)) = (path.parent(), path.file_name()) {
                    self.names.insert(name.to_owned());
                    // A folder that is not there has no file to hear of.
                    let _ = add_watch(&self.inotify, folder, IN_A_FOLDER);
                }
            }
            if let Some(file) = target {
                let _ =
                    add_watch(&self.inotify, file, WatchFlags::MODIFY | WatchFlags::CLOSE_WRITE);
            }
        }
    }

    /// Takes what the kernel has to say, and tells whether it may concern the files.
    pub(super) fn heard(&mut self) -> bool {
        let mut concerned = false;
        let mut buffer = [MaybeUninit::uninit(); BUFFER];
        let mut reader = Reader::new(&self.inotify, &mut buffer);
        while let Ok(event) = reader.next() {
            let name = event.file_name().map(|name| OsString::from_vec(name.to_bytes().to_vec()));
            // Without a name it speaks of a file that is watched itself, or has lost count.
            concerned |= name.is_none_or(|name| self.names.contains(&name));
        }
        if concerned {
            self.look_closer();
        }
        concerned
    }
}

impl AsFd for Files {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_that_is_rewritten_replaced_or_linked_anew_is_heard_of_and_its_neighbours_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let [file, other, linked] =
            ["resolv.conf", "hosts", "elsewhere"].map(|name| folder.path().join(name));
        fs::write(&file, "one").unwrap();
        let mut files = Files::watch(&[&file, &folder.path().join("absent/resolv.conf")]).unwrap();
        assert!(!files.heard());
        fs::write(&other, "x").unwrap();
        assert!(!files.heard());
        fs::write(&file, "two").unwrap();
        assert!(files.heard());
        fs::rename(&other, &file).unwrap();
        assert!(files.heard());
        fs::write(&linked, "three").unwrap();
        fs::remove_file(&file).unwrap();
        symlink(&linked, &file).unwrap();
        assert!(files.heard());
        fs::write(&linked, "four").unwrap();
        assert!(files.heard(), "what the link leads to now is watched");
        assert!(!files.heard());
    }
}
