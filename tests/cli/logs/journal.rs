//! The journal: systemd's own program on a journal that systemd wrote, and a stand-in for what that
//! program does elsewhere.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::PORT;
use crate::namespace::alone;
use crate::program::{Outcome, edgeprobe};
use crate::stand_in::{journalctl, no_journalctl};

/// The time of the first entry: 2023-01-24T12:32:45Z, in microseconds.
const FIRST: u64 = 1_674_563_565_000_000;

/// What makes a journal of entries in the export form.
const JOURNAL_REMOTE: &str = "/lib/systemd/systemd-journal-remote";

fn run(arguments: &[&str]) -> Outcome {
    Outcome::from_command(edgeprobe().env("DOCKER_HOST", "tcp://127.0.0.1:9").args(arguments))
}

#[test]
fn a_unit_s_lines_are_read() {
    alone("logs::journal::a_unit_s_lines_are_read", || {
        let folder = tempfile::tempdir().unwrap();
        let script =
            format!("case \"$*\" in *--unit=aziot-edged*) echo '{}';; esac", PORT.trim_end());
        if !journalctl(folder.path(), &script) {
            return;
        }
        let outcome = run(&["logs", "--journal", "aziot-edged", "--format", "json"]);
        super::assert_port(&outcome.json(), "journal of aziot-edged");
        // Without a choice the units of the runtime are tried, and those that say nothing left out.
        let outcome = run(&["logs", "--format", "json"]);
        super::assert_port(&outcome.json(), "journal of aziot-edged");
        assert_eq!(outcome.json()["sources"].as_array().unwrap().len(), 1);
        let told = &outcome.stderr;
        assert!(told.contains("the container engine at tcp://127.0.0.1:9"), "{outcome:?}");
    });
}

#[test]
fn the_times_and_the_unit_are_handed_on() {
    alone("logs::journal::the_times_and_the_unit_are_handed_on", || {
        let folder = tempfile::tempdir().unwrap();
        let asked = folder.path().join("asked");
        if !journalctl(folder.path(), &format!("echo \"$@\" >'{}'", asked.display())) {
            return;
        }
        run(&["logs", "--journal", "docker; reboot", "--since", "2023-01-24"]);
        let asked = fs::read_to_string(asked).unwrap();
        assert!(asked.contains("--unit=docker; reboot --since=@1674518400"), "{asked}");
    });
}

#[test]
fn what_it_complains_of_is_told() {
    alone("logs::journal::what_it_complains_of_is_told", || {
        let folder = tempfile::tempdir().unwrap();
        if !journalctl(folder.path(), "echo 'No journal files were opened' >&2; exit 1") {
            return;
        }
        let outcome = run(&["logs", "--journal", "docker"]);
        assert_eq!(outcome.code, 3);
        let told = "No journal files were opened\nhint: run it as root";
        assert!(outcome.stderr.contains(told), "{outcome:?}");
        assert!(no_journalctl());
        let outcome = run(&["logs", "--journal", "docker"]);
        assert!(outcome.stderr.contains("cannot run journalctl"), "{outcome:?}");
    });
}

/// One that a user's search path leads to would run with this program's rights, and would be told
/// whatever its environment holds.
#[test]
fn another_s_program_is_not_run_and_the_environment_is_not_handed_on() {
    let test = "logs::journal::another_s_program_is_not_run_and_the_environment_is_not_handed_on";
    alone(test, || {
        let (own, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (asked, stolen) = (own.path().join("asked"), own.path().join("stolen"));
        let path = other.path().join("journalctl");
        fs::write(&path, format!("#!/bin/sh\nenv >'{}'\n", stolen.display())).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        if !journalctl(own.path(), &format!("env >'{}'", asked.display())) {
            return;
        }
        let path = format!("{}:/usr/bin:/bin", other.path().display());
        let hub = "HostName=h.azure-devices.net;DeviceId=d;SharedAccessKey=c2VjcmV0";
        let mut command = edgeprobe();
        command.env("PATH", path).env("EDGEPROBE_HUB", hub).env("LD_PRELOAD", "/nowhere.so");
        Outcome::from_command(command.args(["logs", "--journal", "docker"]));
        assert!(!stolen.exists(), "the program of the search path was run");
        let environment = fs::read_to_string(asked).unwrap();
        let names = environment.lines().filter(|line| !line.starts_with("PWD="));
        let names: Vec<&str> = names.filter(|line| !line.starts_with("_=")).collect();
        for name in names {
            let is_fixed = ["LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"].contains(&name);
            assert!(is_fixed || name.starts_with("SHLVL="), "{name}");
        }
    });
}

/// systemd's journalctl ends when its reader has ended. A program that waits for a line does not notice.
#[test]
fn it_ends_with_this_program_however_that_ends() {
    alone("logs::journal::it_ends_with_this_program_however_that_ends", || {
        let folder = tempfile::tempdir().unwrap();
        let running = folder.path().join("running");
        let script = format!("echo $$ >'{}'; exec sleep 1000", running.display());
        if !journalctl(folder.path(), &script) {
            return;
        }
        let mut program = Command::new(crate::program::PROGRAM)
            .env_clear()
            .args(["logs", "--follow", "--journal", "docker"])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let pid = wait_for(|| fs::read_to_string(&running).ok().filter(|pid| pid.ends_with('\n')));
        let command = format!("/proc/{}/cmdline", pid.trim());
        let runs = || fs::read_to_string(&command).is_ok_and(|command| command.contains("sleep"));
        wait_for(|| runs().then_some(()));
        program.kill().unwrap();
        program.wait().unwrap();
        wait_for(|| (!runs()).then_some(()));
    });
}

/// What there is in the end.
fn wait_for<T>(ready: impl Fn() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "it does not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// An entry in the export form (systemd.io/JOURNAL_EXPORT_FORMATS), a second after the one before it.
fn entry(second: u64, unit: &str, message: &[u8]) -> Vec<u8> {
    let time = FIRST + second * 1_000_000;
    let mut entry = format!(
        "__REALTIME_TIMESTAMP={time}\n__MONOTONIC_TIMESTAMP={second}000000\n\
         _BOOT_ID=0123456789abcdef0123456789abcdef\n_MACHINE_ID=0123456789abcdef0123456789abcdef\n\
         _HOSTNAME=gw1\n_TRANSPORT=stdout\nPRIORITY=3\n_SYSTEMD_UNIT={unit}.service\n\
         SYSLOG_IDENTIFIER={unit}\n_PID=938\nMESSAGE\n"
    )
    .into_bytes();
    entry.extend(u64::try_from(message.len()).unwrap().to_le_bytes());
    entry.extend(message);
    entry.extend(b"\n\n");
    entry
}

/// A journal that systemd itself wrote of these entries; none where its tools are not there.
fn real_journal(folder: &Path, entries: &[(&str, &[u8])]) -> Option<String> {
    if !Path::new(JOURNAL_REMOTE).exists() || !Path::new("/usr/bin/journalctl").exists() {
        println!("skipped: a real journal needs journalctl and systemd-journal-remote");
        return None;
    }
    let export = (0..).zip(entries).flat_map(|(second, (unit, text))| entry(second, unit, text));
    let source = folder.join("export");
    fs::write(&source, export.collect::<Vec<u8>>()).unwrap();
    let path = folder.join("device.journal");
    let made =
        Command::new(JOURNAL_REMOTE).arg("--output").args([&path, &source]).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    Some(path.to_str().unwrap().to_owned())
}

/// Texts as they come: bare, with a terminal's colours, of several lines, not quite UTF-8, long.
fn entries() -> Vec<(&'static str, Vec<u8>)> {
    let long =
        format!("{} IPv4 forwarding is disabled. Networking will not work.", "y".repeat(6000));
    vec![
        ("aziot-edged", PORT.trim_end().as_bytes().to_vec()),
        ("docker", b"all predefined address pools have been fully subnetted".to_vec()),
        (
            "aziot-edged",
            b"\x1b[31mPool overlaps with other one on this address space\x1b[0m".to_vec(),
        ),
        ("aziot-edged", b"\xff Cannot connect to the Docker daemon at unix:///x".to_vec()),
        ("aziot-edged", b"caused by:\nclient with IP '203.0.113.7' is not allowed access".to_vec()),
        (
            "aziot-edged",
            b"denied: client with IP '203.0.113.7' is not allowed access\nsee".to_vec(),
        ),
        ("aziot-edged", long.into_bytes()),
    ]
}

#[test]
fn a_real_journal_is_read_by_its_own_program() {
    alone("logs::journal::a_real_journal_is_read_by_its_own_program", || {
        let folder = tempfile::tempdir().unwrap();
        let entries = entries();
        let entries: Vec<(&str, &[u8])> = entries.iter().map(|(u, text)| (*u, &**text)).collect();
        let Some(journal) = real_journal(folder.path(), &entries) else { return };
        // Systemd's program with this program's arguments, and with the file in the machine's place.
        let real = folder.path().join("real");
        fs::copy("/usr/bin/journalctl", &real).unwrap();
        let own = format!("exec '{}' --file='{journal}' \"$@\"", real.display());
        if !journalctl(folder.path(), &own) {
            return;
        }
        let found = |arguments: &[&str]| -> Vec<(String, u64, String)> {
            let outcome = run(&[&["logs", "--format", "json"], arguments].concat());
            let report = outcome.json();
            let findings = report["findings"].as_array().unwrap().iter().map(|finding| {
                let text = |name: &str| finding[name].as_str().unwrap().to_owned();
                (text("signature"), finding["first_line"].as_u64().unwrap(), text("last_at"))
            });
            findings.collect()
        };
        let at = |second: u32| format!("2023-01-24T12:32:{second}Z");
        let of_the_daemon = [
            ("port-allocated".to_owned(), 1, at(45)),
            ("pool-overlaps".to_owned(), 2, at(47)),
            ("engine-silent".to_owned(), 3, at(48)),
            ("registry-firewall".to_owned(), 6, at(50)),
            ("forwarding-disabled".to_owned(), 8, at(51)),
        ];
        assert_eq!(found(&["--journal", "aziot-edged"]), of_the_daemon);
        let pools = ("no-address-pool".to_owned(), 1, at(46));
        assert_eq!(found(&["--journal", "docker"]), [pools]);
        let later = found(&["--journal", "aziot-edged", "--since", "2023-01-24T12:32:50Z"]);
        let signatures: Vec<&str> =
            later.iter().map(|(signature, ..)| signature.as_str()).collect();
        assert_eq!(signatures, ["registry-firewall", "forwarding-disabled"]);
        // The file itself is a log of all its units.
        assert_eq!(found(&[&journal]).len(), 6);
    });
}
