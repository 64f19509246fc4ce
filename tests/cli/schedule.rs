//! `edgeprobe schedule` as far as it goes without a manager: what would be written, what is refused,
//! and that one run at a time holds its lock.

use std::fs;
use std::io::Write as _;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use edgeprobe::schedule::Times;
use jiff::Zoned;
use jiff::tz::TimeZone;
use regex::Regex;
use serde_json::Value;

use crate::program::{Outcome, PROGRAM, edgeprobe, run};
use crate::renew::assert_up_to_date;
use crate::transcripts::{assert_lines_fit, transcript};

/// What would be written, with what differs between machines masked.
fn dry_run(arguments: &[&str]) -> String {
    let outcome = run(&[&["schedule", "install", "--dry-run"], arguments].concat());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    masked(&transcript(&format!("schedule install --dry-run {}", arguments.join(" ")), &outcome))
}

/// Compares a text with transcripts/NAME.txt.
#[track_caller]
fn assert_printed(name: &str, text: String) {
    assert_up_to_date("transcripts", &[(format!("tests/cli/transcripts/{name}.txt"), text)]);
}

fn masked(text: &str) -> String {
    let program = fs::canonicalize(PROGRAM).unwrap();
    let text = text.replace(program.to_str().unwrap(), "/usr/local/bin/edgeprobe");
    let times = Regex::new(r"(?m)^[0-9]+(-59/15 \* \* \* \*.*) sleep [0-9]+;").unwrap();
    let text = times.replace_all(&text, "MINUTE$1 sleep SECOND;");
    Regex::new(r" sleep [0-9]+;").unwrap().replace_all(&text, " sleep SECOND;").into_owned()
}

#[test]
fn what_would_be_written() {
    let systemd = ["--with", "systemd"];
    let cron = ["--with", "cron"];
    let hub = ["--", "--hub", "contoso.azure-devices.net"];
    let every = ["--every", "15m"];
    assert_printed("schedule_systemd", dry_run(&[&systemd[..], &every, &hub].concat()));
    assert_printed("schedule_cron", dry_run(&[&cron[..], &every, &hub].concat()));
    let times = ["--cron", "5,35 6-18 * * mon-fri"];
    let elsewhere = [
        "--",
        "--format",
        "prometheus",
        "--output",
        "/var/lib/prometheus/node-exporter/edgeprobe.prom",
        "--hub=contoso.azure-devices.net",
        "--timeout=30s",
    ];
    assert_printed("schedule_textfile", dry_run(&[&systemd[..], &times, &elsewhere].concat()));
    assert_printed("schedule_cron_times", dry_run(&[&cron[..], &times, &hub].concat()));
    let french = [&cron[..], &every, &["--lang", "fr"]].concat();
    assert_printed("schedule_cron_fr", dry_run(&french));
}

#[test]
fn help() {
    for command in ["schedule", "schedule install", "schedule status", "schedule remove"] {
        let arguments: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let outcome = run(&arguments);
        assert_lines_fit(&outcome.stdout, command);
        let name = format!("help_{}", command.replace(' ', "_"));
        assert_printed(&name, transcript(&format!("{command} --help"), &outcome));
    }
}

/// The two units that systemd would get, in a folder.
fn units(arguments: &[&str]) -> tempfile::TempDir {
    let arguments =
        [&["schedule", "install", "--dry-run", "--with", "systemd"], arguments].concat();
    let text = run(&arguments).stdout;
    let folder = tempfile::tempdir().unwrap();
    for part in text.split("would write ").skip(1) {
        let (path, unit) = part.split_once(":\n\n").unwrap();
        let (unit, _) = unit.split_once("\nwould ").unwrap_or((unit, ""));
        fs::write(folder.path().join(Path::new(path).file_name().unwrap()), unit).unwrap();
    }
    folder
}

#[test]
fn systemd_has_nothing_to_complain_of() {
    let given = ["--every", "15m", "--", "--hub", "a b%c$d\"e\\f", "--timeout", "20s"];
    let folder = units(&given);
    let unit = |name: &str| folder.path().join(name);
    let verify = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .args([unit("edgeprobe.timer"), unit("edgeprobe.service")])
        .output();
    let Ok(verify) = verify else {
        eprintln!("skipped: there is no systemd-analyze here");
        return;
    };
    let told = String::from_utf8_lossy(&verify.stderr);
    // Other units of this machine are read along with them.
    let ours: Vec<&str> = told.lines().filter(|line| line.contains("edgeprobe")).collect();
    assert!(verify.status.success() && ours.is_empty(), "{told}");
    let service = fs::read_to_string(unit("edgeprobe.service")).unwrap();
    assert!(service.contains(r#" --hub "a b%%c$$d\"e\\f" --timeout 20s"#), "{service}");
    assert!(service.contains("\nTimeoutStartSec=30s\n"), "{service}");

    // Of ten, where 0 can do nothing. What is left are the capabilities that the vantages need.
    let security = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--no-pager", "--threshold=39"])
        .arg(unit("edgeprobe.service"))
        .output()
        .unwrap();
    let table = String::from_utf8_lossy(&security.stdout);
    let overall = table.lines().find(|line| line.contains("Overall exposure")).unwrap_or_default();
    println!("{overall}");
    assert!(security.status.success(), "{table}");
}

/// Times that cron and systemd write differently.
const EXPRESSIONS: [&str; 12] = [
    "*/15 * * * *",
    "0 */6 * * *",
    "7-59/20 * * * *",
    "5,35 6-18 * * 1-5",
    "0 0 1 * *",
    "30 4 1,15 * *",
    "0 0 * * 0",
    "0 12 * * 1-6/2",
    "0 0 * 1-3 7",
    "1-9/4,50 23 * 2-12/5 *",
    "@yearly",
    "* * * * *",
];

/// systemd's own reading of what is written for it comes to the times that cron's fields say.
#[test]
fn systemd_reads_the_same_times_as_cron() {
    for expression in EXPRESSIONS {
        let times = Times::cron(expression).unwrap();
        let folder = units(&["--cron", expression]);
        let unit = fs::read_to_string(folder.path().join("edgeprobe.timer")).unwrap();
        let event = unit.lines().find_map(|line| line.strip_prefix("OnCalendar=")).unwrap();
        let output = Command::new("systemd-analyze")
            .args(["calendar", "--iterations=5", event])
            .env("TZ", "UTC")
            .env("LC_ALL", "C")
            .output();
        let Ok(output) = output else {
            eprintln!("skipped: there is no systemd-analyze here");
            return;
        };
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{expression}: {event}");
        let mut at = Zoned::now().with_time_zone(TimeZone::UTC);
        let mut compared = 0;
        for line in told.lines().map(str::trim) {
            let is_time = line.starts_with("Next elapse: ") || line.starts_with("Iter");
            let Some((_, elapse)) = line.split_once(": ").filter(|_| is_time) else { continue };
            at = times.after(&at).unwrap();
            let expected = at.strftime("%a %Y-%m-%d %H:%M:%S UTC").to_string();
            assert_eq!(elapse.trim(), expected, "{expression}: {event}");
            compared += 1;
        }
        assert_eq!(compared, 5, "{told}");
    }
}

#[test]
fn what_is_refused() {
    let every = ["--every", "15m", "--"];
    let cases: [(&[&str], &str, &str); 17] = [
        (&["--every", "30s"], "less than 1 minute", "--every 15m"),
        (&["--every", "7m"], "neither an hour nor a day", "--every 6m"),
        (&["--every", "often"], "`often` is not a duration", "--every 1h"),
        (&["--every", "15m", "--cron", "* * * * *"], "cannot be used with", "--help"),
        (&[], "not provided", "--help"),
        (&["--cron", "* * * *"], "five fields", "mon-fri"),
        (&["--cron", "@reboot"], "cannot be read", "mon-fri"),
        (&["--cron", "0 0 30 2 *"], "never comes", "mon-fri"),
        (&["--cron", "0 0 1 * mon", "--with", "systemd"], "day of the month or", "--with cron"),
        (&[&every[..], &["--hubb", "x"]].concat(), "unexpected argument '--hubb'", "'--hub'"),
        (&[&every[..], &["--ca-file", "ca.pem"]].concat(), "is a relative path", "full path"),
        (&[&every[..], &["--output", "last.json"]].concat(), "is a relative path", "full path"),
        (&[&every[..], &["--lock", "/run/x"]].concat(), "already has a lock", "leave"),
        (&["--every", "1m", "--", "--timeout", "1m"], "not shorter", "--timeout less"),
        (&[&every[..], &["--proxy", "http://u:PLANTED@h:1"]].concat(), "a secret", "password"),
        (
            &[&every[..], &["--hub", "HostName=h.net;DeviceId=d;SharedAccessKey=PLANTED"]].concat(),
            "a secret",
            "host name alone",
        ),
        (&[&every[..], &["--hub", "a\nb"]].concat(), "line break", "leave it out"),
    ];
    for (arguments, message, hint) in cases {
        let given = [&["schedule", "install", "--dry-run"], arguments].concat();
        let with_a_manager =
            [&["schedule", "install", "--dry-run", "--with", "cron"], arguments].concat();
        let given = if arguments.contains(&"--with") { given } else { with_a_manager };
        let outcome = run(&given);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (3, ""), "{arguments:?}");
        // A note about a key on the command line may stand before the error.
        let (error, way_out) =
            outcome.stderr.rsplit_once("\nhint: ").unwrap_or((&outcome.stderr, ""));
        assert!(error.contains(message), "{arguments:?}: {error}");
        assert!(way_out.contains(hint), "{arguments:?}: {way_out}");
        assert!(!outcome.stderr.contains("PLANTED"), "{}", outcome.stderr);
    }
}

/// Root alone has the system start something; anybody else has a crontab.
#[test]
fn a_user_without_root_is_shown_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    let program = folder.path().join("edgeprobe");
    fs::copy(PROGRAM, &program).unwrap();
    let as_nobody = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.args(["schedule", "install", "--every", "1h"]).args(arguments);
        command.env_clear().env("HOME", "/home/ada").uid(65534).gid(65534);
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    };
    let (code, stdout, stderr) = as_nobody(&["--dry-run", "--", "--hub", "h.azure-devices.net"]);
    assert_eq!(code, 0, "{stderr}");
    let line = Regex::new(concat!(
        r"\n\n[0-9]+ \* \* \* \* sleep [0-9]+; \S+/edgeprobe check --quiet --format json --output ",
        r"/home/ada/\.local/state/edgeprobe/last\.json --lock ",
        r"/home/ada/\.local/state/edgeprobe/run\.json --hub h\.azure-devices\.net\n$"
    ));
    assert!(line.unwrap().is_match(&stdout), "{stdout}");
    let (code, stdout, stderr) = as_nobody(&[]);
    assert_eq!((code, stdout.as_str()), (3, ""));
    assert!(stderr.starts_with("error: only root can"), "{stderr}");
    assert!(stderr.contains("\nhint: run it with sudo; or `edgeprobe schedule install --dry-run`"));
}

#[test]
fn one_run_holds_the_lock_and_none_outlives_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    // A run that hangs while it writes its report: this pipe is full, and nothing reads it (pipe(7)).
    let (unread, mut pipe) = std::io::pipe().unwrap();
    pipe.write_all(&vec![0; 64 * 1024]).unwrap();
    let lock = path("run.json");
    let begun = Instant::now();
    let first = Command::new(PROGRAM)
        .args(["check", "--hub", "h.azure-devices.net", "--timeout", "1s", "--lock", &lock])
        .args(["--format", "json", "--skip", "engine"])
        .env_clear()
        .stdout(pipe)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !fs::read_to_string(&lock).is_ok_and(|text| text.contains("running")) {
        assert!(begun.elapsed() < Duration::from_secs(20), "the first run does not begin");
        std::thread::sleep(Duration::from_millis(5));
    }
    let second = run(&["check", "--hub", "h.azure-devices.net", "--lock", &lock]);
    assert_eq!((second.code, second.stdout.as_str()), (3, ""));
    let told = Regex::new(&format!(
        r"^error: another run holds {} \(process {}, since [0-9TZ:.-]+\), so nothing was asked\nhint: ",
        regex::escape(&lock),
        first.id()
    ));
    assert!(told.unwrap().is_match(&second.stderr), "{}", second.stderr);

    let first = first.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&first.stderr);
    assert_eq!(first.status.code(), Some(3), "{told}");
    assert!(told.starts_with("error: the run took longer than 3s and was ended"), "{told}");
    let record: Value = serde_json::from_str(&fs::read_to_string(&lock).unwrap()).unwrap();
    assert_eq!(record["running"], Value::Null);
    assert_eq!(record["last"]["exit_code"], 3);

    drop(unread);
    // The hold ended with it.
    let third = Outcome::from_command(edgeprobe().args(["check", "--lock", &lock, "--hub", "a b"]));
    assert!(!third.stderr.contains("another run"), "{}", third.stderr);
}

#[test]
fn a_lock_is_a_file_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let notes = folder.path().join("notes");
    fs::write(&notes, "my notes").unwrap();
    let notes = notes.to_str().unwrap();
    for arguments in [
        &["--lock", notes][..],
        &["--lock", notes, "--output", notes],
        &["--lock", notes, "--ca-file", notes],
        &["--lock", "/dev/null"],
        &["--lock", "/nowhere/run.json"],
    ] {
        let outcome = run(&[&["check", "--hub", "h.azure-devices.net"], arguments].concat());
        assert_eq!((outcome.code, outcome.stdout.as_str()), (3, ""), "{arguments:?}");
        assert!(outcome.stderr.contains("hint: give --lock"), "{}", outcome.stderr);
        assert_eq!(fs::read_to_string(notes).unwrap(), "my notes");
    }
}
