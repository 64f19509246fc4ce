//! What starts a device's periodic work: systemd or cron.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use edgeprobe_probes::tool::Program;

use super::Refused;

/// What starts runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manager {
    Systemd,
    Cron,
}

/// systemd made this folder where it is the system's first process (sd_booted(3)).
const BOOTED: &str = "/run/systemd/system";

const CRON_FOLDER: &str = "/etc/cron.d";

/// The daemons that read that folder, by the names that distributions give them.
const CRONS: [&str; 6] = [
    "/usr/sbin/cron",
    "/usr/sbin/crond",
    "/usr/bin/cron",
    "/usr/bin/crond",
    "/sbin/crond",
    "/usr/local/sbin/crond",
];

/// systemctl answers within milliseconds, or waits for something that does not come.
const PATIENCE: Duration = Duration::from_secs(20);

impl Manager {
    /// This device's.
    pub fn detect() -> Result<Self, Refused> {
        if Path::new(BOOTED).is_dir() {
            return Ok(Self::Systemd);
        }
        let has_cron = CRONS.iter().any(|path| is_a_cron(Path::new(path)));
        if has_cron && Path::new(CRON_FOLDER).is_dir() {
            return Ok(Self::Cron);
        }
        Err(Refused::new(
            "this device runs neither systemd nor a cron that reads /etc/cron.d",
            "put the line of `edgeprobe schedule install --with cron --dry-run` where this device's \
             own cron reads it",
        ))
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Systemd => "systemd",
            Self::Cron => "cron",
        }
    }
}

/// Whether it is a cron, and not busybox's, which knows no /etc/cron.d.
fn is_a_cron(path: &Path) -> bool {
    let Ok(path) = fs::canonicalize(path) else { return false };
    path.file_name().is_some_and(|name| name != "busybox")
}

/// Runs systemctl. Its times are then in UTC and its words English.
pub(super) fn systemctl(arguments: &[&str]) -> Result<String, Refused> {
    let command = format!("systemctl {}", arguments.join(" "));
    let failed = |what: String| {
        Refused::new(
            format!("`{command}` {what}"),
            format!("run `{command}` by hand to see more; `edgeprobe schedule remove` starts over"),
        )
    };
    let Some(systemctl) = Program::find("systemctl") else {
        return Err(failed("cannot be run: it is not installed".to_owned()));
    };
    let mut child = systemctl
        .start_in_utc(arguments)
        .map_err(|error| failed(format!("cannot be run: {error}")))?;
    let begun = Instant::now();
    // What it prints is less than a pipe holds.
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if begun.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(10)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(failed(format!("did not end within {} s", PATIENCE.as_secs())));
            }
        }
    };
    let (mut told, mut complaint) = (String::new(), String::new());
    if let Some(stdout) = child.stdout.as_mut() {
        let _ = stdout.read_to_string(&mut told);
    }
    if let Some(stderr) = child.stderr.as_mut() {
        let _ = stderr.read_to_string(&mut complaint);
    }
    if status.success() {
        return Ok(told);
    }
    Err(failed(format!("failed: {}", edgeprobe_facts::clean::line(&complaint, 300))))
}
