//! A machine of the lab: a network, processes and files of its own.

use std::ops::Deref;
use std::process::Command;

use crate::name::LabName;
use crate::place::Place;
use crate::process::Process;
use crate::{Error, Result};

/// What the first process of a host does: it makes the machine, then waits for the lab's end.
///
/// `/proc` and `/sys` are the host's own, the control groups are kept (the engine needs them),
/// `/run` and all changes below `/etc` stay in memory. `$0` is the host's name.
const FIRST_PROCESS: &str = r#"
set -e
read -r pid _ </proc/self/stat
mount -t proc proc /proc
mount -t tmpfs -o mode=755 "$0" /run
mkdir -p /run/cgroup /run/lab/etc /run/lab/work
mount --rbind /sys/fs/cgroup /run/cgroup
mount -t sysfs sysfs /sys
mount --rbind /run/cgroup /sys/fs/cgroup
umount -l /run/cgroup
mount -t overlay -o lowerdir=/etc,upperdir=/run/lab/etc,workdir=/run/lab/work "$0" /etc
rm -f /etc/resolv.conf
hostname "${0##*-}"
ip link set lo up
echo "ready $pid"
read -r _
"#;

/// A machine of the lab, in namespaces of its own; dropping it ends all its processes.
///
/// Everything that [`Place`] offers can be asked of a host directly.
#[derive(Debug)]
pub struct Host {
    place: Place,
    pid: u32,
    first: Process,
}

impl Host {
    /// Starts a machine called `role` in the lab `lab`, with nothing in it but a loopback.
    pub(crate) fn boot(lab: LabName, role: &str) -> Result<Self> {
        let name = format!("{lab}-{role}");
        let mut command = Command::new("unshare");
        command.args(["--net", "--mount", "--uts", "--pid", "--fork", "--"]);
        command.args(["bash", "-c", FIRST_PROCESS, &name]);
        let mut first = Process::start(&mut command)?;
        let line = first.wait_for("ready ")?;
        let pid = line.trim_start_matches("ready ").trim().parse().map_err(|_| {
            Error::Unreadable { command: name, reason: format!("no process id in `{line}`") }
        })?;
        Ok(Self { place: Place::from_pid(pid), pid, first })
    }

    /// Returns the id of the host's first process, by which the kernel knows its namespaces.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Returns where the host's commands run.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Makes a variable known to every later command of the host.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.place.set(name, value);
    }

    /// Ends all processes of the host and waits for their end.
    pub(crate) fn shut_down(&mut self) {
        // The first process waits for just this; its end takes all others with it.
        self.first.finish();
    }
}

impl Deref for Host {
    type Target = Place;

    fn deref(&self) -> &Place {
        &self.place
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.shut_down();
    }
}
