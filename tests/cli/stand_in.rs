//! Scripts in the place of the device's own programs: edgeprobe runs none from another place, so
//! they are laid over the real ones, in the namespace of one test.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

const JOURNALCTL: &str = "/usr/bin/journalctl";

/// Makes this script the device's `journalctl`, in the namespace that the test runs alone in. Its file
/// in the folder may be written anew. False, and a note, where that cannot be.
#[must_use]
pub(crate) fn journalctl(folder: &Path, script: &str) -> bool {
    let path = folder.join("journalctl");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    lay(&path, JOURNALCTL)
}

/// Takes the device's `journalctl` away in the same way.
#[must_use]
pub(crate) fn no_journalctl() -> bool {
    !Path::new(JOURNALCTL).exists() || lay(Path::new("/dev/null"), JOURNALCTL)
}

fn lay(path: &Path, over: &str) -> bool {
    let mounted = Command::new("mount").arg("--bind").args([path, Path::new(over)]).output();
    let is_laid = mounted.is_ok_and(|output| output.status.success());
    if !is_laid {
        eprintln!("skipped: nothing can be laid over {over} here");
    }
    is_laid
}
