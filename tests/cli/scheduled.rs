//! Periodic runs as they are installed, by a real systemd and by Debian's cron, on a device whose
//! name server, trust store, container network and folders are the test's own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use edgeprobe::schedule::{Job, Machine, Schedule, Times};
use edgeprobe_emulator::Fault;
use serde_json::Value;

use crate::bridged::{Engine, NETWORK};
use crate::cron::FAULT;
use crate::device::{DebianCron, bind, mount, prepare_device};
use crate::internet::{HUB, serve};
use crate::namespace::with_internet;
use crate::program::PROGRAM;
use crate::vpn::knows_the_network;

const INSTALLED: &str = "/usr/local/bin/edgeprobe";
const STATE: &str = "/var/lib/edgeprobe";
const TRUSTED: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The options of `check` on this device: the emulator's root is one that containers have too.
const CHECK: [&str; 5] = ["--", "--hub", HUB, "--ca-file", TRUSTED];

/// A device with the program where a package would put it, and no schedule.
fn prepare(announced: &str) {
    prepare_device(announced);
    for folder in ["/usr/local/bin", "/var/lib", "/run"] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::remove_dir(STATE).unwrap();
    fs::remove_file(INSTALLED).unwrap();
    fs::copy(PROGRAM, INSTALLED).unwrap();
    fs::create_dir_all("/etc/cron.d").unwrap();
    for folder in ["/etc/systemd/system", "/etc/cron.d"] {
        mount(&["-t", "tmpfs", "-o", "mode=755", "tmpfs", folder]);
    }
}

fn said(output: &Output) -> (i32, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout) + &text(&output.stderr))
}

fn report() -> Value {
    serde_json::from_str(&fs::read_to_string(format!("{STATE}/last.json")).unwrap()).unwrap()
}

/// systemd as the first process of a room: with mounts, processes and control groups of its own, and
/// none of this machine's units but what it is made of.
struct Room {
    child: Child,
    /// The control group that all of it is in.
    group: PathBuf,
}

/// systemd's own folders, and the targets that every unit is ordered by.
const UNITS: &str = "/usr/lib/systemd/system";
const GENERATORS: &str = "/usr/lib/systemd/system-generators";
const TARGETS: [&str; 6] = ["sysinit", "basic", "timers", "shutdown", "time-set", "time-sync"];

impl Room {
    fn open() -> Option<Self> {
        let systemd = "/lib/systemd/systemd";
        if !Path::new(systemd).exists() {
            eprintln!("skipped: there is no systemd here");
            return None;
        }
        for folder in [UNITS, GENERATORS] {
            mount(&["-t", "tmpfs", "-o", "mode=755", "tmpfs", folder]);
        }
        for target in TARGETS {
            let text = "[Unit]\nDefaultDependencies=no\n";
            fs::write(format!("{UNITS}/{target}.target"), text).unwrap();
        }
        let name = format!("edgeprobe-room-{}", std::process::id());
        let roots = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"].map(PathBuf::from);
        let root = roots.into_iter().find(|root| root.join("cgroup.controllers").exists());
        let Some(root) = root else {
            eprintln!("skipped: there is no hierarchy of control groups (v2) here");
            return None;
        };
        let group = root.join(name);
        if let Err(error) = fs::create_dir(&group) {
            eprintln!(
                "skipped: systemd needs a control group, which this user may not make: {error}"
            );
            return None;
        }
        let script = format!(
            "echo $$ >{}/cgroup.procs && exec unshare --fork --pid --kill-child --mount --uts --ipc \
             --cgroup --mount-proc sh -c 'mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec env -i \
             container=room PATH=/usr/sbin:/usr/bin {systemd} --system --unit=basic.target \
             --log-target=console --show-status=no'",
            group.display()
        );
        let child = Command::new("sh").args(["-c", &script]).stdout(Stdio::null()).spawn().unwrap();
        let opened = Self { child, group };
        let begun = Instant::now();
        while !opened.run(&["systemctl", "is-active", "basic.target"]).status.success() {
            assert!(begun.elapsed() < Duration::from_secs(30), "systemd does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(opened)
    }

    /// Runs a command inside.
    fn run(&self, command: &[&str]) -> Output {
        let of = |pid: u32| {
            fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default()
        };
        let first = of(self.child.id());
        let target = first.split_whitespace().next().unwrap_or("0");
        Command::new("nsenter")
            .args(["-t", target, "-m", "-p", "-u", "-i", "-C"])
            .args(command)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .output()
            .unwrap()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        remove_group(&self.group);
    }
}

/// Control groups are removed from the leaves on, once their processes are gone.
fn remove_group(group: &Path) {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            remove_group(&entry.path());
        }
    }
    let begun = Instant::now();
    while fs::remove_dir(group).is_err() && begun.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn systemd_runs_it_confined_and_the_vantages_work() {
    let test = "scheduled::systemd_runs_it_confined_and_the_vantages_work";
    let internet = |ready: &dyn Fn(&str)| {
        knows_the_network();
        serve(None)(ready);
    };
    with_internet(test, internet, |announced| {
        prepare(announced);
        let engine = Engine::with_a_network();
        // A service has a /tmp of its own.
        let socket = engine.host().replace("unix://", "");
        fs::write("/run/docker.sock", "").unwrap();
        mount(&["--bind", &socket, "/run/docker.sock"]);
        let Some(room) = Room::open() else { return };
        let (code, told) = said(&room.run(&[INSTALLED, "schedule", "status"]));
        assert_eq!((code, told.contains("no schedule is installed")), (1, true), "{told}");
        let install = [&[INSTALLED, "schedule", "install", "--every", "15m"], &CHECK[..]].concat();
        let (code, told) = said(&room.run(&install));
        assert_eq!(code, 0, "{told}");
        assert!(told.starts_with("installed: every 15m, by systemd\n"), "{told}");

        let (code, told) = said(&room.run(&["systemctl", "start", "edgeprobe.service"]));
        let (_, status) =
            said(&room.run(&["systemctl", "status", "edgeprobe.service", "--no-pager"]));
        assert_eq!(code, 0, "{told}\n{status}");
        let report = report();
        assert_eq!(report["verdict"]["status"], "healthy", "{:#}", report["verdict"]);
        let held: Vec<&str> = report["run"]["privileges"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let all = "dac_read_search net_bind_service net_admin net_raw sys_ptrace sys_admin";
        assert_eq!(held.join(" "), all);
        let from_there = format!("bridge:{NETWORK}");
        let opened = report["observations"].as_array().unwrap().iter().any(|seen| {
            seen["vantage"] == *from_there && seen["probe"] == "tls" && seen["outcome"] == "pass"
        });
        assert!(opened, "nothing was asked from {NETWORK}: {:#}", report["verdict"]);

        let (code, told) = said(&room.run(&[INSTALLED, "schedule", "status", "--format", "json"]));
        assert_eq!(code, 0, "{told}");
        let state: Value = serde_json::from_str(&told).unwrap();
        assert_eq!((&state["manager"], &state["times"]), (&"systemd".into(), &"every 15m".into()));
        assert_eq!(state["last_run"]["exit_code"], 0, "{state:#}");
        assert_eq!(state["last_run"]["status"], "healthy");
        assert!(state["last_run"]["summary"].as_str().unwrap().contains(HUB), "{state:#}");
        assert!(state["next_run_at"].is_string(), "{state:#}");
        let (_, told) = said(&room.run(&[INSTALLED, "schedule", "status"]));
        println!("{told}");
        assert!(told.contains("result          healthy, exit code 0\n"), "{told}");

        the_firewall_and_the_holder_of_a_port_are_named(&room);

        // Once more replaces it; what others have written is left alone.
        assert_eq!(said(&room.run(&install)).0, 0);
        let (code, told) = said(&room.run(&[INSTALLED, "schedule", "remove"]));
        assert_eq!(code, 0, "{told}");
        assert_eq!(
            fs::read_dir("/etc/systemd/system")
                .unwrap()
                .flatten()
                .filter(|entry| entry.file_name().to_string_lossy().contains("edgeprobe"))
                .count(),
            0
        );
        assert!(!Path::new(STATE).exists());
        let (_, told) =
            said(&room.run(&["systemctl", "list-units", "--all", "edgeprobe*", "--no-legend"]));
        assert_eq!(told.trim(), "");
        let others = room.run(&["sh", "-c", "echo mine >/etc/systemd/system/edgeprobe.timer"]);
        assert!(others.status.success());
        let (code, told) = said(&room.run(&install));
        assert_eq!(code, 3, "{told}");
        assert!(told.contains("was not written by `edgeprobe schedule`"), "{told}");
    });
}

/// The firewall's own listing, the trace and other users' processes are read under the confinement.
fn the_firewall_and_the_holder_of_a_port_are_named(room: &Room) {
    let script = "nft 'add table ip room; \
                  add chain ip room forward { type filter hook forward priority 0; }; \
                  add rule ip room forward tcp dport { 443, 5671 } counter drop'
                  setpriv --reuid=65534 --regid=65534 --clear-groups \
                  ncat --listen 8883 --keep-open >/dev/null 2>&1 &
                  until ss -ltn | grep -q :8883; do :; done";
    let (code, told) = said(&room.run(&["timeout", "20", "sh", "-c", script]));
    if code != 0 {
        eprintln!("skipped: nft, ncat or ss is not here: {told}");
        return;
    }
    let (code, told) = said(&room.run(&["systemctl", "start", "edgeprobe.service"]));
    assert_eq!(code, 0, "a verdict is no failure of the service: {told}");
    let report = report();
    let causes = &report["verdict"]["causes"];
    let ids: Vec<&Value> = causes.as_array().unwrap().iter().map(|cause| &cause["id"]).collect();
    assert_eq!(ids, ["forward-blocked", "port-in-use"], "{causes:#}");
    assert_eq!(causes[0]["confidence"], "confirmed", "{causes:#}");
    assert!(causes[0]["summary"].as_str().unwrap().contains("counter"), "{causes:#}");
    assert_eq!(causes[1]["owner"]["process"], "ncat", "{causes:#}");
    let (_, told) = said(&room.run(&[INSTALLED, "schedule", "status"]));
    assert!(told.contains("blocked, exit code 2: forward-blocked, port-in-use\n"), "{told}");
}

/// Debian's cron runs what `schedule install` wrote: it looks at its table once in a minute.
#[test]
fn cron_runs_it_and_mails_a_fault() {
    let Some(cron) = DebianCron::find() else { return };
    let internet = serve(Some(Fault::WebsocketBlocked));
    with_internet("scheduled::cron_runs_it_and_mails_a_fault", internet, |announced| {
        prepare(announced);
        cron.install();
        bind("/etc/crontab", "");
        bind("/etc/machine-id", &early_machine());
        let run = |arguments: &[&str]| {
            said(&Command::new(INSTALLED).args(arguments).env_clear().output().unwrap())
        };
        let (code, told) = run(&[&["schedule", "install", "--every", "1m"], &CHECK[..]].concat());
        assert_eq!(code, 0, "{told}");
        assert_eq!(told, "installed: every 1m, by cron\n  /etc/cron.d/edgeprobe\n");
        let mode = fs::metadata("/etc/cron.d/edgeprobe").unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
        assert_eq!(DebianCron::run_until_it_mails(), FAULT);
        let (code, told) = run(&["schedule", "status"]);
        assert_eq!(code, 0, "{told}");
        println!("{told}");
        assert!(
            told.contains("result          degraded, exit code 1: websocket-blocked\n"),
            "{told}"
        );
        assert!(told.contains("schedule        every 1m, by cron\n"), "{told}");
        assert_eq!(run(&["schedule", "remove"]).0, 0);
        assert!(!Path::new("/etc/cron.d/edgeprobe").exists() && !Path::new(STATE).exists());
        assert!(run(&["schedule", "remove"]).1.contains("no schedule is installed"));
    });
}

/// The id of a machine that starts its runs at once.
fn early_machine() -> String {
    let job = Job {
        program: INSTALLED.into(),
        arguments: Vec::new(),
        limit: Duration::from_secs(10),
        state_folder: STATE.into(),
        output_folder: None,
    };
    let schedule = Schedule { times: Times::every(Duration::from_mins(1)).unwrap(), job };
    let ids = (0..10_000).map(|number| format!("{number:032x}"));
    let mut early =
        ids.filter(|id| schedule.crontab_line(&Machine::from_id(id)).contains(" sleep 0;"));
    early.next().unwrap()
}

/// What root starts is not for others to replace.
#[test]
fn a_program_that_others_may_replace_is_not_installed() {
    let test = "scheduled::a_program_that_others_may_replace_is_not_installed";
    with_internet(test, serve(None), |announced| {
        prepare(announced);
        fs::set_permissions("/usr/local/bin", fs::Permissions::from_mode(0o777)).unwrap();
        let install = ["schedule", "install", "--every", "15m", "--with", "cron"];
        let output = Command::new(INSTALLED).args(install).env_clear().output().unwrap();
        let (code, told) = said(&output);
        assert_eq!(code, 3, "{told}");
        assert!(told.contains("/usr/local/bin is for others than root to replace"), "{told}");
        assert!(
            told.contains(
                "hint: `sudo chown root /usr/local/bin && sudo chmod o-w /usr/local/bin`"
            ),
            "{told}"
        );
        assert_eq!(fs::read_dir("/etc/cron.d").unwrap().count(), 0);
    });
}
