//! The one place that starts processes: the device's own programs, and this program again.
//!
//! None gets this program's environment, which may hold a connection string or a proxy's password.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::find::find;
use crate::walls;

/// What programs that start others look in.
const SEARCH_PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// This program, whatever has become of the file's name.
const THIS_PROGRAM: &str = "/proc/self/exe";

/// The word by which this program becomes one that does not outlive the process that started it.
pub const ENDS_WITH: &str = "ends-with";

/// A program of this device that root alone can change.
#[derive(Clone, Debug)]
pub struct Program(PathBuf);

impl Program {
    /// The program of this name, where it is installed.
    pub fn find(name: &str) -> Option<Self> {
        find(name).map(Self)
    }

    #[cfg(test)]
    pub(crate) fn at(path: &str) -> Self {
        Self(path.into())
    }

    pub(super) fn into_path(self) -> PathBuf {
        self.0
    }

    /// Starts it with its output in a pipe; it is killed when the child is dropped.
    pub(crate) fn start(
        &self,
        arguments: &[&str],
        complaints: Stdio,
        rights: Rights,
    ) -> io::Result<tokio::process::Child> {
        let mut command = clean(&self.0);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(complaints);
        let mut command = tokio::process::Command::from(command);
        command.kill_on_drop(true);
        spawn(command, rights)
    }

    /// Starts it with its output and its complaints in pipes. The times that it tells are in UTC.
    pub fn start_in_utc(&self, arguments: &[impl AsRef<OsStr>]) -> io::Result<Child> {
        let mut command = clean(&self.0);
        command.env("TZ", "UTC").args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        walls::with_privileges(move || command.spawn())
    }

    /// Starts it with its output and its complaints in pipes. It may run for long: the kernel kills
    /// it when this program has ended, in whatever way.
    pub fn start_to_follow(&self, arguments: &[impl AsRef<OsStr>]) -> io::Result<Child> {
        let mut command = if cfg!(target_os = "linux") && Path::new(THIS_PROGRAM).exists() {
            let mut command = clean(THIS_PROGRAM);
            command.arg(ENDS_WITH).arg(std::process::id().to_string()).arg(&self.0);
            command
        } else {
            clean(&self.0)
        };
        command.args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // The thread that starts it must not end before this program.
        walls::in_worker(move || command.spawn())
    }
}

/// What a program may do that is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rights {
    /// All that this program may: it reads what only root may see.
    Own,
    /// No more than any process of this user: it reads the answers of strangers.
    None,
}

/// Starts a program that the runtime of this thread waits for.
fn spawn(
    mut command: tokio::process::Command,
    rights: Rights,
) -> io::Result<tokio::process::Child> {
    let runtime = tokio::runtime::Handle::try_current().map_err(io::Error::other)?;
    walls::with_privileges(move || {
        if rights == Rights::None {
            walls::confine_program();
        }
        let _entered = runtime.enter();
        command.spawn()
    })
}

/// Becomes the program with these arguments, which the kernel kills when the thread that started
/// this process has ended. Returns only where that cannot be.
#[cfg(target_os = "linux")]
pub fn run_until_the_end_of(
    starter: u32,
    program: &Path,
    arguments: &[impl AsRef<OsStr>],
) -> io::Error {
    use std::os::unix::process::CommandExt as _;

    use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};

    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        return error.into();
    }
    // What ended before that was asked for ends nothing any more.
    let parent = getppid().map(Pid::as_raw_nonzero).and_then(|pid| u32::try_from(pid.get()).ok());
    if parent != Some(starter) {
        return io::Error::other("the process that started it has ended");
    }
    clean(program).args(arguments).exec()
}

/// Becomes no program: other systems know no such tie.
#[cfg(not(target_os = "linux"))]
pub fn run_until_the_end_of(
    _starter: u32,
    _program: &Path,
    _arguments: &[impl AsRef<OsStr>],
) -> io::Error {
    io::ErrorKind::Unsupported.into()
}

/// Starts this program as another part of the same run, with its input and output in pipes. Of the
/// environment it gets where the engine is.
#[cfg(target_os = "linux")]
pub(crate) fn start_this_program(word: &str) -> io::Result<tokio::process::Child> {
    use std::os::unix::process::CommandExt as _;

    const ENGINE: &str = "DOCKER_HOST";

    let mut command = clean(THIS_PROGRAM);
    command.arg0("edgeprobe").arg(word);
    command.envs(std::env::var_os(ENGINE).map(|place| (ENGINE, place)));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    spawn(tokio::process::Command::from(command), Rights::Own)
}

/// Gives up this program for itself with these arguments; the process and its environment stay the
/// same. Returns only where that cannot be.
#[cfg(unix)]
pub fn start_anew(arguments: Vec<std::ffi::OsString>) -> io::Result<()> {
    use std::os::unix::process::CommandExt as _;

    let mut arguments = arguments.into_iter();
    let mut command = Command::new(std::env::current_exe()?);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    Err(command.args(arguments).exec())
}

/// Goes on with this program: other systems know no such change.
#[cfg(not(unix))]
pub fn start_anew(_: Vec<std::ffi::OsString>) -> io::Result<()> {
    Ok(())
}

/// A command with a fixed environment.
fn clean(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("LC_ALL", "C").env("PATH", SEARCH_PATH);
    command
}
