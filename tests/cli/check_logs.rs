//! `check --logs`: logs as evidence beside the probes, which they never hold up.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::installed::{config_toml, install};
use crate::internet::{HUB, roots, serve};
use crate::namespace::{RESOLVER_ADDRESS, alone, with_internet};
use crate::program::{Outcome, edgeprobe, run};
use crate::stand_in::journalctl;

/// Arguments with which the probes end at once; a slow machine has time for the logs.
const NOBODY: [&str; 6] =
    ["--resolver", "127.0.0.1:9", "--ports", "none", "--skip", "engine,vantage,https,clock"];

/// What never ends is waited for no longer than this.
const SOON: [&str; 2] = ["--timeout", "2s"];

/// So many seconds ago, as the runtime writes it.
fn ago(seconds: u64) -> String {
    let then = SystemTime::now() - Duration::from_secs(seconds);
    let text = humantime::format_rfc3339_millis(then).to_string();
    format!("{} +00:00", text.trim_end_matches('Z').replace('T', " "))
}

/// Edge Agent's log: attempts by both transports, the first so many seconds ago, every minute.
fn in_vain(first: u64) -> String {
    let attempt = |before: u64, via: &str| {
        let at = ago(before);
        format!("<6> {at} [INF] - Edge agent attempting to connect to IoT Hub via {via}...\n")
    };
    let rounds = (0..=first / 120).map(|round| first - round * 120).filter(|before| *before > 70);
    rounds
        .map(|before| {
            let direct = attempt(before, "Amqp_Tcp_Only");
            direct + &attempt(before - 30, "Amqp_WebSocket_Only")
        })
        .collect()
}

fn connected(before: u64) -> String {
    format!("<6> {} [INF] - Edge agent connected to IoT Hub via Amqp_Tcp_Only.\n", ago(before))
}

/// A line that says that a name did not resolve, so many seconds ago.
pub(crate) fn no_name(before: u64) -> String {
    format!(
        "<4> {} [WRN] - Resource temporarily unavailable: Temporary failure in name resolution; \
         SharedAccessKey=c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0\n",
        ago(before)
    )
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn check(more: &[&str]) -> Outcome {
    run(&[&["check", "--hub", HUB, "--format", "json"], &NOBODY[..], more].concat())
}

fn logs_of(report: &Value) -> Vec<&Value> {
    let all = report["observations"].as_array().unwrap();
    all.iter().filter(|observation| observation["probe"] == "logs").collect()
}

#[test]
fn a_log_that_says_the_same_is_a_second_proof() {
    alone("check_logs::a_log_that_says_the_same_is_a_second_proof", || {
        let folder = TempDir::new().unwrap();
        let file = write(folder.path(), "edgeAgent.log", &no_name(90));
        let outcome = check(&[&format!("--logs={file}")]);
        let report = outcome.json();
        assert_eq!(outcome.code, 2, "{report:#}");
        let cause = &report["verdict"]["causes"][0];
        assert_eq!(cause["id"], "dns-host-failure", "{report:#}");
        let id = format!("host/logs/{file}");
        assert!(cause["evidence"].as_array().unwrap().contains(&json!(id)), "{cause:#}");
        assert_eq!(cause["logged"][0]["state"], "agrees");
        assert_eq!(cause["logged"][0]["source"], json!(file));
        assert!(!outcome.stdout.contains("c2VjcmV0"), "{}", outcome.stdout);

        let asked = format!("--logs={file}");
        let told = run(&[&["check", "--hub", HUB, &asked], &NOBODY[..]].concat());
        assert!(told.stdout.contains("in the log  Edge Agent's log says the same at"), "{told:?}");
        assert!(!told.stdout.contains("c2VjcmV0"));
        for line in told.stdout.lines() {
            assert!(line.chars().count() <= 80 || line.contains("https://"), "{line}");
        }

        // The same from standard input, and the same again from the report alone.
        let piped = Outcome::from_command(
            edgeprobe()
                .args(["check", "--hub", HUB, "--format", "json", "--logs=-"])
                .args(NOBODY)
                .write_stdin(no_name(90)),
        );
        assert_eq!(piped.json()["verdict"]["causes"][0]["logged"][0]["state"], "agrees");
        let kept = write(folder.path(), "report.json", &outcome.stdout);
        for language in ["en", "fr"] {
            let again = run(&["replay", &kept, "--format", "json", "--lang", language]);
            assert_eq!(again.code, 2);
            let (old, new) = (&report["verdict"], &again.json()["verdict"]);
            if language == "en" {
                assert_eq!(old, new);
            } else {
                let sentence = new["causes"][0]["logged"][0]["summary"].as_str().unwrap();
                assert!(sentence.starts_with("Le journal d'Edge Agent dit de même"), "{sentence}");
            }
        }
        assert_valid(&report);
    });
}

fn assert_valid(report: &Value) {
    let validator = jsonschema::validator_for(&run(&["generate", "schema"]).json()).unwrap();
    let errors: Vec<String> = validator.iter_errors(report).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn what_lasts_in_the_log_and_works_now_is_told_and_what_is_over_is_not_a_fault() {
    with_internet(
        "check_logs::what_lasts_in_the_log_and_works_now_is_told_and_what_is_over_is_not_a_fault",
        serve(None),
        |announced| {
            let folder = TempDir::new().unwrap();
            let ca_file = write(folder.path(), "ca.pem", &roots(announced));
            let with = |log: &str, format: &str| {
                let file = write(folder.path(), "edgeAgent.log", log);
                let file = format!("--logs={file}");
                let arguments = ["check", "--hub", HUB, "--resolver", RESOLVER_ADDRESS];
                let more = ["--ca-file", &ca_file, "--skip", "engine", &file, "--format", format];
                run(&[&arguments[..], &more].concat())
            };
            let lasting = with(&in_vain(1_800), "json");
            let report = lasting.json();
            assert_eq!(lasting.code, 1, "{report:#}");
            assert_eq!(report["verdict"]["causes"], json!([]), "{report:#}");
            let logged = &report["verdict"]["logged"][0];
            // The namespace has no container network, so nothing was asked from one.
            assert_eq!(
                (&logged["state"], &logged["signature"]),
                (&json!("open"), &json!("edge-agent-silent"))
            );
            assert_valid(&report);
            for over in [
                in_vain(1_800) + &connected(40),
                in_vain(86_400 * 2).split_inclusive('\n').take(40).collect(),
            ] {
                let outcome = with(&over, "json");
                let report = outcome.json();
                assert_eq!(outcome.code, 0, "{over}{report:#}");
                assert_eq!(report["verdict"]["logged"][0]["state"], "past", "{report:#}");
                assert!(with(&over, "human").stdout.contains("in the log  Past: "));
            }
            let silent = with(&connected(40), "json").json();
            assert_eq!(silent["verdict"].get("logged"), None, "{silent:#}");
        },
    );
}

#[test]
fn a_source_that_cannot_be_read_is_an_error_of_usage() {
    let folder = TempDir::new().unwrap();
    let folder_path = folder.path().to_str().unwrap();
    for (arguments, told) in [
        (vec!["--logs=/nonexistent/edgeAgent.log"], "cannot read /nonexistent/edgeAgent.log"),
        (vec![&format!("--logs={folder_path}") as &str], "is a folder"),
        (vec!["--logs=container:edgeHubb"], "the container engine at unix:///nonexistent"),
        (vec!["--logs", "--no-logs"], "cannot be used with"),
    ] {
        let outcome = Outcome::from_command(
            edgeprobe()
                .env("DOCKER_HOST", "unix:///nonexistent/engine.sock")
                .args(["check", "--hub", HUB])
                .args(NOBODY)
                .args(&arguments),
        );
        assert_eq!((outcome.code, outcome.stdout.as_str()), (3, ""), "{arguments:?}: {outcome:?}");
        assert!(outcome.stderr.contains(told), "{arguments:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("hint: ") || told.starts_with("cannot be"), "{outcome:?}");
    }
}

#[test]
fn a_log_without_an_end_holds_nothing_up() {
    let folder = TempDir::new().unwrap();
    let pipe = folder.path().join("edgeAgent.log");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let asked = format!("--logs={}", pipe.display());
    let outcome = check(&[&SOON[..], &[&asked]].concat());
    let report = outcome.json();
    assert_eq!(outcome.code, 2, "{report:#}");
    let unread = logs_of(&report);
    assert_eq!(unread[0]["outcome"], "skipped", "{report:#}");
    assert_eq!(unread[0]["failure"]["token"], "timed_out");
    let not_tested = report["verdict"]["not_tested"].as_array().unwrap();
    let told = |missing: &Value| missing["what"].as_str().unwrap().contains("edgeAgent.log");
    assert!(not_tested.iter().any(told), "{not_tested:#?}");
    assert_valid(&report);
}

#[test]
fn of_a_huge_log_the_end_is_read_and_its_size_holds_nothing_up() {
    use std::io::Write as _;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("edgeAgent.log");
    let mut file = fs::File::create(&path).unwrap();
    file.set_len(8 << 30).unwrap();
    file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    writeln!(file, "\n{}", no_name(30)).unwrap();
    let report = check(&[&format!("--logs={}", path.display())]).json();
    let log = logs_of(&report)[0];
    // A slow machine has no time for the end either; then it is said.
    if log["outcome"] == "pass" {
        let notes = log["facts"]["notes"].as_array().unwrap();
        assert!(notes.contains(&json!("only its last 64 MiB were read")), "{log:#}");
        assert!(log["facts"]["bytes"].as_u64().unwrap() < 65 << 20);
        assert_eq!(log["facts"]["findings"][0]["signature"], "name-temporary-failure");
    } else {
        assert_eq!(log["failure"]["token"], "timed_out");
    }
}

#[test]
fn an_installed_runtime_s_logs_are_read_unasked_and_not_waited_for() {
    alone("check_logs::an_installed_runtime_s_logs_are_read_unasked_and_not_waited_for", || {
        let Some(_folder) = install(&[("aziot/config.toml", &config_toml(HUB))]) else { return };
        let programs = TempDir::new().unwrap();
        let journal = write(programs.path(), "journal", &no_name(90));
        let checked = |more: &[&str]| {
            let mut command = edgeprobe();
            command.args(["check", "--format", "json"]).args(NOBODY).args(more);
            Outcome::from_command(&mut command).json()
        };
        let script = format!("case \"$*\" in *--unit=aziot-edged*) cat {journal};; esac");
        if !journalctl(programs.path(), &script) {
            return;
        }
        // Unasked they are waited for a second, in which a busy machine may not get to them.
        let mut reports = (0..10).map(|_| checked(&[]));
        let report = reports.find(|report| !logs_of(report).is_empty()).expect("they are read");
        let logs = logs_of(&report);
        assert_eq!(logs.len(), 1, "{report:#}");
        assert_eq!(logs[0]["id"], "host/logs/journal of aziot-edged");
        assert_eq!(logs[0]["facts"]["unit"], "aziot-edged");
        assert_eq!(report["verdict"]["causes"][0]["logged"][0]["state"], "agrees");
        for without in [&["--no-logs"][..], &["--pre"], &["--skip", "engine,vantage,logs"]] {
            // --skip is given once only.
            let report = match without {
                ["--skip", _] => {
                    let mut words: Vec<&str> = NOBODY.to_vec();
                    words.truncate(4);
                    run(&[&["check", "--format", "json"], &words[..], without].concat()).json()
                }
                _ => checked(without),
            };
            assert!(logs_of(&report).is_empty(), "{without:?}: {report:#}");
        }
        assert_eq!(logs_of(&checked(&["--pre", "--logs"])).len(), 1);

        // One that hangs is left behind, and ended.
        let pids = programs.path().join("running");
        let script = format!("echo $$ >>'{}'; exec sleep 1000", pids.display());
        assert!(journalctl(programs.path(), &script));
        let report = checked(&SOON);
        assert_eq!(report["verdict"]["status"], "blocked", "{report:#}");
        assert!(logs_of(&report).is_empty() && !report.to_string().contains("journal of"));
        // On a machine that is busy it may not even have been started in that time.
        let running = fs::read_to_string(pids).unwrap_or_default();
        let goes_on = |pid: &&str| {
            let command = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            command.contains("sleep")
        };
        let ended = (0..50).any(|_| {
            thread::sleep(Duration::from_millis(100));
            !running.lines().any(|pid| goes_on(&pid))
        });
        assert!(ended, "{running} goes on");
        let asked = checked(&["--logs", "--timeout", "2s"]);
        assert!(!logs_of(&asked).is_empty(), "who asks is told: {asked:#}");
    });
}
