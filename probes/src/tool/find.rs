//! Where the device's programs are: only in folders that root alone can change. What stands there
//! runs with this program's own rights.

use std::path::{Path, PathBuf};

/// The folders that are searched, in this order. `PATH` is not searched: under sudo it may be another
/// user's.
const FOLDERS: [&str; 6] =
    ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"];

/// The program of this name.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    find_in(FOLDERS.iter().map(Path::new), name)
}

fn find_in<'f>(mut folders: impl Iterator<Item = &'f Path>, name: &str) -> Option<PathBuf> {
    folders.find_map(|folder| {
        let path = folder.join(name);
        // Programs under many names tell by their own name what they are to do, so the link is run
        // and not what it leads to.
        let is_sound = is_roots_alone(&folder.canonicalize().ok()?)
            && is_roots_alone(&path.canonicalize().ok()?)
            && path.is_file();
        is_sound.then_some(path)
    })
}

/// Whether root alone can change this and every folder above it.
#[cfg(unix)]
fn is_roots_alone(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    const WRITABLE_BY_OTHERS: u32 = 0o022;
    // The owner of the root folder owns the system. In a user namespace that need not be uid 0.
    let root = Path::new("/").metadata().map(|metadata| metadata.uid()).unwrap_or_default();
    path.ancestors().all(|part| {
        part.metadata().is_ok_and(|metadata| {
            (metadata.uid() == 0 || metadata.uid() == root)
                && metadata.mode() & WRITABLE_BY_OTHERS == 0
        })
    })
}

/// No program is run on other systems.
#[cfg(not(unix))]
fn is_roots_alone(_path: &Path) -> bool {
    false
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn program(folder: &Path, name: &str) {
        let path = folder.join(name);
        fs::write(&path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn a_program_of_the_device_is_found_by_the_name_that_it_is_called_by() {
        let sh = find("sh").unwrap();
        assert_eq!(sh.file_name().unwrap(), "sh");
        assert!(FOLDERS.iter().any(|folder| sh.starts_with(folder)));
        assert_eq!(find("edgeprobe-no-such-tool"), None);
    }

    #[test]
    fn a_program_that_another_can_change_is_not_found() {
        // Below /tmp, which everybody writes.
        let folder = tempfile::tempdir().unwrap();
        let folders = [folder.path(), Path::new("/usr/bin")];
        program(folder.path(), "sh");
        assert_ne!(find_in(folders.into_iter(), "sh").unwrap().parent(), Some(folder.path()));
        program(folder.path(), "edgeprobe-own-tool");
        assert_eq!(find_in(folders.into_iter(), "edgeprobe-own-tool"), None);
        assert!(!is_roots_alone(&folder.path().join("sh")));
        // A link to a program of root's is another's to change all the same.
        symlink("/bin/sh", folder.path().join("edgeprobe-own-link")).unwrap();
        assert_eq!(find_in(folders.into_iter(), "edgeprobe-own-link"), None);
    }
}
