//! The schedule as a timer and a service of systemd.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use super::calendar::{on_calendar, span};
use super::{Refused, Schedule, Written};

pub(super) const TIMER: &str = "edgeprobe.timer";
pub(super) const SERVICE: &str = "edgeprobe.service";

/// Where an administrator's own units are.
pub(super) const FOLDER: &str = "/etc/systemd/system";

/// The time that a timer with `Persistent=` has kept of its last run.
pub(super) const STAMP: &str = "/var/lib/systemd/timers/stamp-edgeprobe.timer";

/// systemd may put a wake-up off so long, to have it with another one.
const ACCURACY: Duration = Duration::from_secs(10);

/// What is given to a run that is past its own time before it is killed.
const GRACE: Duration = Duration::from_secs(10);

/// What a run may do, and no more. docs/periodic-runs.md says why each is needed:
/// the vantages need NET_ADMIN, SYS_ADMIN and SYS_PTRACE, the trace NET_RAW, Edge Hub's ports
/// NET_BIND_SERVICE, and the daemons' configuration, which other users own, DAC_READ_SEARCH.
const CONFINEMENT: &str = "\
CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW CAP_NET_BIND_SERVICE CAP_SYS_ADMIN CAP_SYS_PTRACE CAP_DAC_READ_SEARCH
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK AF_PACKET
RestrictNamespaces=net
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
KeyringMode=private
UMask=0022
TasksMax=256
MemoryMax=256M
OOMScoreAdjust=500
";

/// The service and the timer.
pub(super) fn files(schedule: &Schedule) -> Result<Vec<Written>, Refused> {
    let in_folder = |name: &str| Path::new(FOLDER).join(name);
    let heading = schedule.heading();
    Ok(vec![
        Written { path: in_folder(SERVICE), text: format!("{heading}\n{}", service(schedule)) },
        Written { path: in_folder(TIMER), text: format!("{heading}\n{}", timer(schedule)?) },
    ])
}

fn service(schedule: &Schedule) -> String {
    let job = &schedule.job;
    let words: Vec<String> = job.words().map(|word| quoted(&word)).collect();
    let mut text = format!(
        "[Unit]\n\
         Description=Check whether this device reaches Azure IoT Hub\n\
         \n\
         [Service]\n\
         Type=oneshot\n\
         ExecStart={}\n\
         # A verdict is no failure of the service; 3 is inconclusive, or edgeprobe itself failed.\n\
         SuccessExitStatus=1 2\n\
         TimeoutStartSec={}\n\
         TimeoutStopSec=5s\n",
        words.join(" "),
        span(job.limit + GRACE)
    );
    if let Ok(name) = job.state_folder.strip_prefix("/var/lib") {
        let _ = writeln!(text, "StateDirectory={}", name.display());
    }
    text += CONFINEMENT;
    if let Some(folder) = job.other_folder() {
        let _ = writeln!(text, "ReadWritePaths={}", quoted(&folder.display().to_string()));
    }
    text
}

fn timer(schedule: &Schedule) -> Result<String, Refused> {
    Ok(format!(
        "[Unit]\n\
         Description=Check periodically whether this device reaches Azure IoT Hub\n\
         \n\
         [Timer]\n\
         OnCalendar={}\n\
         # Not all devices at once, and each always at its own time.\n\
         RandomizedDelaySec={}\n\
         FixedRandomDelay=true\n\
         # A run that was missed while the device was off is made up for.\n\
         Persistent=true\n\
         AccuracySec={}\n\
         \n\
         [Install]\n\
         WantedBy=timers.target\n",
        on_calendar(&schedule.times)?,
        span(schedule.times.longest_delay()),
        span(ACCURACY)
    ))
}

/// A word of a command line, in which `%` and `$` mean something to systemd.
fn quoted(word: &str) -> String {
    let word = word.replace('%', "%%").replace('$', "$$");
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,@+[]%$".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word;
    }
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_means_itself() {
        assert_eq!(quoted("--hub"), "--hub");
        assert_eq!(quoted("a b"), "\"a b\"");
        assert_eq!(quoted("100% $HOME \"x\" \\"), "\"100%% $$HOME \\\"x\\\" \\\\\"");
        assert_eq!(quoted(""), "\"\"");
    }
}
