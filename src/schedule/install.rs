//! Putting a schedule into place, and taking it away.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::job::{LAST_REPORT, RECORD, STATE_FOLDER};
use super::manager::systemctl;
use super::systemd::{SERVICE, STAMP, TIMER};
use super::{Lock, MARK, Machine, Manager, Refused, Schedule, Written, cron, systemd};

/// A run that is under way is waited for so long before its files are removed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Writes the files and has the manager start the job from now on. Another schedule of edgeprobe's is
/// replaced. Answers with the files that were written.
pub fn install(schedule: &Schedule, manager: Manager) -> Result<Vec<PathBuf>, Refused> {
    trusted(&schedule.job.program)?;
    let files = schedule.files(manager, &Machine::this())?;
    for path in ours() {
        refuse_to_overwrite(&path)?;
    }
    let written: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
    // Otherwise the schedule of another manager would run too.
    if ours().iter().any(|path| path.exists() && !written.contains(path)) {
        forget()?;
    }
    make_folder(&schedule.job.state_folder)?;
    let result = files.iter().try_for_each(write).and_then(|()| match manager {
        Manager::Systemd => begin(),
        Manager::Cron => Ok(()),
    });
    if let Err(refused) = result {
        // Half a schedule does not run.
        let _ = forget();
        return Err(refused);
    }
    Ok(written)
}

fn begin() -> Result<(), Refused> {
    systemctl(&["daemon-reload"])?;
    systemctl(&["enable", "--now", TIMER]).map(drop)
}

/// Removes the schedule and what its runs have left. Answers with the files that were removed.
pub fn remove() -> Result<Vec<PathBuf>, Refused> {
    for path in ours() {
        refuse_to_overwrite(&path)?;
    }
    let mut removed = forget()?;
    let state = Path::new(STATE_FOLDER);
    let record = state.join(RECORD);
    if record.exists() {
        wait_for_the_run(&record)?;
        removed.extend(remove_file(&record)?);
        removed.extend(remove_file(&state.join(LAST_REPORT))?);
    }
    // Something else may be kept there.
    let _ = fs::remove_dir(state);
    Ok(removed)
}

/// Stops the manager and removes its files.
fn forget() -> Result<Vec<PathBuf>, Refused> {
    let timer = Path::new(systemd::FOLDER).join(TIMER);
    let runs_systemd = Manager::detect().is_ok_and(|manager| manager == Manager::Systemd);
    let had_units = timer.exists();
    if had_units && runs_systemd {
        systemctl(&["disable", "--now", TIMER])?;
    }
    let mut removed = Vec::new();
    for path in ours() {
        removed.extend(remove_file(&path)?);
    }
    if had_units && runs_systemd {
        systemctl(&["daemon-reload"])?;
        // Fails where neither has failed, which is as good.
        let _ = systemctl(&["reset-failed", TIMER, SERVICE]);
    }
    // systemd's own note of when the timer ran last.
    let _ = fs::remove_file(STAMP);
    Ok(removed)
}

/// Every file that a schedule may have.
pub(super) fn ours() -> [PathBuf; 3] {
    let units = Path::new(systemd::FOLDER);
    [units.join(TIMER), units.join(SERVICE), PathBuf::from(cron::FILE)]
}

/// Refuses to overwrite a file that this program did not write.
fn refuse_to_overwrite(path: &Path) -> Result<(), Refused> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(text) if text.starts_with(MARK) => Ok(()),
        _ => Err(Refused::new(
            format!("{} is there and was not written by `edgeprobe schedule`", path.display()),
            "move it away first",
        )),
    }
}

fn write(file: &Written) -> Result<(), Refused> {
    let folder = file.path.parent().unwrap_or(Path::new("/"));
    let written = || -> io::Result<()> {
        let mut builder = tempfile::Builder::new();
        readable(&mut builder);
        let mut new = builder.tempfile_in(folder)?;
        new.write_all(file.text.as_bytes())?;
        new.as_file().sync_all()?;
        new.persist(&file.path)?;
        Ok(())
    };
    written().map_err(|error| cannot("write", &file.path, &error))
}

#[cfg(unix)]
fn readable(builder: &mut tempfile::Builder<'static, 'static>) {
    use std::os::unix::fs::PermissionsExt;
    // cron takes no file that others may write to.
    builder.permissions(fs::Permissions::from_mode(0o644));
}

#[cfg(not(unix))]
fn readable(_builder: &mut tempfile::Builder<'static, 'static>) {}

fn make_folder(path: &Path) -> Result<(), Refused> {
    fs::create_dir_all(path).map_err(|error| cannot("make", path, &error))
}

fn remove_file(path: &Path) -> Result<Option<PathBuf>, Refused> {
    match fs::remove_file(path) {
        Ok(()) => Ok(Some(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot("remove", path, &error)),
    }
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> Refused {
    let hint = match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "run it as root; without root, `edgeprobe schedule install --dry-run` prints the line \
             that this user's own crontab takes (`crontab -e`)"
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            "where the system's files cannot be written, let what builds the system have the files \
             of `edgeprobe schedule install --dry-run`"
        }
        _ => "`edgeprobe schedule install --dry-run` prints the files, to be put there by hand",
    };
    Refused::new(format!("cannot {what} {}: {error}", path.display()), hint)
}

/// A run that is under way would write its report after it was removed.
fn wait_for_the_run(record: &Path) -> Result<(), Refused> {
    let begun = Instant::now();
    loop {
        match Lock::take(record) {
            Ok(_) => return Ok(()),
            Err(refused) if begun.elapsed() > PATIENCE => return Err(refused),
            Err(_) => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}

/// What root is to start must not be for others to replace.
#[cfg(unix)]
fn trusted(program: &Path) -> Result<(), Refused> {
    use std::os::unix::fs::MetadataExt;
    for path in program.ancestors() {
        let metadata = fs::metadata(path).map_err(|error| cannot("read", path, &error))?;
        let owner = metadata.uid();
        if owner != 0 || metadata.mode() & 0o002 != 0 {
            let (program, shown) = (program.display(), path.display());
            let hint = if path.starts_with("/usr") {
                format!("`sudo chown root {shown} && sudo chmod o-w {shown}`")
            } else {
                format!(
                    "put the program where root alone writes: `sudo install -m 755 {program} \
                     /usr/local/bin/edgeprobe`, and run that one"
                )
            };
            return Err(Refused::new(
                format!(
                    "root would start {program}, and {shown} is for others than root to replace"
                ),
                hint,
            ));
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn trusted(_program: &Path) -> Result<(), Refused> {
    Ok(())
}
