//! One run at a time, and none past its time.

use std::io;
use std::path::Path;
use std::process;
use std::thread;
use std::time::Duration;

use edgeprobe_probes::walls;

use super::FAILED;
use super::output::print_error;
use super::problem::Problem;
use super::session::cannot_start;
use crate::schedule::Lock;

/// How long a run may exceed its time before it is ended, to write its report on a slow disk.
pub(super) const GRACE: Duration = Duration::from_secs(2);

/// Runs while no other run holds the file, and records there how the run ended. A run that exceeds
/// its time is ended.
pub(super) fn alone(
    path: &Path,
    limit: Duration,
    run: impl FnOnce() -> Result<u8, Problem>,
) -> Result<u8, Problem> {
    let taken = path.to_owned();
    let taken = walls::with_privileges(move || Ok::<_, io::Error>(Lock::take(&taken)));
    let lock =
        taken.map_err(|error| cannot_start("take the lock", &error))?.map_err(Problem::from)?;
    end_after(limit + GRACE, lock.clone());
    let result = run();
    match &result {
        Ok(code) => lock.end(*code, None),
        Err(problem) => lock.end(FAILED, Some(problem.message().into_owned())),
    }
    result
}

/// Ends this process after a time.
#[expect(clippy::exit, reason = "what the run waits for cannot be told to end")]
fn end_after(time: Duration, lock: Lock) {
    let watch = move || {
        thread::sleep(time);
        let problem = Problem::new(format!(
            "the run took longer than {} and was ended without a verdict",
            humantime::format_duration(time)
        ))
        .hint("a disk or a program that does not answer may hold it up; --timeout gives it longer");
        lock.end(FAILED, Some(problem.message().into_owned()));
        print_error(&problem);
        process::exit(i32::from(FAILED));
    };
    if let Err(error) = thread::Builder::new().name("watchdog".to_owned()).spawn(watch) {
        tracing::warn!("cannot watch over the run: {error}");
    }
}

/// The problem that the run itself reads or writes the file.
pub(super) fn is_also_used(path: &Path) -> Problem {
    let path = edgeprobe_facts::clean::line(&path.display().to_string(), 200);
    Problem::new(format!("--lock: {path} is read or written by the run itself"))
        .hint("give --lock a file that nothing else uses")
}
