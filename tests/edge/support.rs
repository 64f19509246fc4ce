//! What every test of the lab needs: the lab itself, the programs, and its turn.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use edgeprobe_lab::servers::Emulator;
use edgeprobe_lab::world::{CA_FILE, HUB_NAME};
use edgeprobe_lab::{Lab, requirements, sweep};

/// The program under test.
pub(crate) const EDGEPROBE: &str = env!("CARGO_BIN_EXE_edgeprobe");

/// Read by tests that have one lab, written by those that need the machine for themselves.
static LABS: RwLock<()> = RwLock::new(());

/// Waits until this test may build a lab, beside those of the other test threads; `None`, with a word
/// of why, where no lab can be built.
pub(crate) fn turn() -> Option<RwLockReadGuard<'static, ()>> {
    // A test that failed has left nothing in the lab: it is built anew each time.
    can_build().then(|| LABS.read().unwrap_or_else(PoisonError::into_inner))
}

/// The same for a test that has as many labs at once as the machine can bear, or compares times.
pub(crate) fn machine() -> Option<RwLockWriteGuard<'static, ()>> {
    can_build().then(|| LABS.write().unwrap_or_else(PoisonError::into_inner))
}

fn can_build() -> bool {
    let missing = requirements::missing();
    if !missing.is_empty() {
        eprintln!("skipped: the lab needs {}", missing.join(", "));
        return false;
    }
    // What earlier processes have left; labs of this one stay.
    sweep();
    true
}

/// Where [`installed`] puts the program.
pub(crate) const PROGRAM: &str = "/run/edgeprobe";

/// Puts the program on the device: the folder that it was built in may be hidden there later, or
/// closed to other users.
pub(crate) fn installed(lab: &Lab) {
    lab.sh(&format!("install -m 755 '{EDGEPROBE}' {PROGRAM}")).unwrap();
}

/// The internet of the lab, served by the project's own emulator.
pub(crate) fn internet() -> Emulator {
    Emulator { program: emulator() }
}

/// The words of a check in the lab, by this copy of the program.
pub(crate) fn check<'w>(program: &'w str, more: &[&'w str]) -> Vec<&'w str> {
    let words = [program, "check", "--format", "json", "--hub", HUB_NAME, "--ca-file", CA_FILE];
    [&words, more].concat()
}

/// nobody and nogroup.
pub(crate) const NOBODY: &str = "65534";

/// The group that may use the device's engine.
pub(crate) fn engine_group(lab: &Lab) -> String {
    lab.device().sh("stat -c %g /run/docker.sock").unwrap()
}

/// These words, said by user nobody with one group.
pub(crate) fn as_nobody<'w>(group: &'w str, words: &[&'w str]) -> Vec<&'w str> {
    let user = ["setpriv", "--reuid", NOBODY, "--regid", group, "--clear-groups"];
    // The kernel forgets at a change of user with whom a process was to end.
    [&user, ["--pdeathsig", "KILL", "--"].as_slice(), words].concat()
}

/// The emulator stands beside the program when the whole workspace is built, else it is built now.
fn emulator() -> PathBuf {
    let path = Path::new(EDGEPROBE).with_file_name("edgeprobe-emulator");
    if !path.exists() {
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--package", "edgeprobe-emulator"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status()
            .unwrap();
        assert!(status.success(), "the emulator cannot be built");
    }
    path
}
