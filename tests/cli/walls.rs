//! The walls of a run as root: what its threads may do while they speak to others, and what the verdict
//! has of it, which is nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::bridged::Engine;
use crate::device::mount;
use crate::internet::{HUB, roots, serve};
use crate::namespace::{RESOLVER_ADDRESS, with_internet};
use crate::own_limits::denying;
use crate::program::{Outcome, PROGRAM, edgeprobe, run};
use crate::vpn::knows_the_network;

/// The calls in which a runtime waits for its sockets: `epoll_wait`, `epoll_pwait`, `epoll_pwait2`.
const WAITING: [&str; 3] =
    if cfg!(target_arch = "x86_64") { ["232", "281", "441"] } else { ["22", "22", "441"] };

/// The calls of which an old kernel knows nothing: `landlock_create_ruleset` and `seccomp`.
const NEWER: [i64; 2] = if cfg!(target_arch = "x86_64") { [444, 317] } else { [444, 277] };

const NO_SUCH_CALL: u32 = 38;

/// A check of a device with a container network on which no container runs.
struct Device {
    engine: Engine,
    folder: TempDir,
}

impl Device {
    fn new(announced: &str) -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("ca.pem"), roots(announced)).unwrap();
        Self { engine: Engine::with_a_network(), folder }
    }

    fn check(&self, more: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.env_clear().env("DOCKER_HOST", self.engine.host());
        command.args(["check", "--hub", HUB, "--resolver", RESOLVER_ADDRESS, "--timeout", "6s"]);
        command.arg("--ca-file").arg(self.folder.path().join("ca.pem"));
        command.args(["--format", "json"]).args(more);
        command
    }

    fn report(&self, more: &[&str]) -> Value {
        let output = self.check(more).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// What a thread may do, as the kernel tells it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rights {
    capabilities: String,
    no_new_privs: String,
    seccomp: String,
}

impl Rights {
    fn none() -> Self {
        Self {
            capabilities: "0000000000000000".to_owned(),
            no_new_privs: "1".to_owned(),
            seccomp: "2".to_owned(),
        }
    }

    fn from_thread(thread: &Path) -> Option<Self> {
        let status = fs::read_to_string(thread.join("status")).ok()?;
        let value = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.map(|value| value.trim().to_owned())
        };
        Some(Self {
            capabilities: value("CapEff:")?,
            no_new_privs: value("NoNewPrivs:")?,
            seccomp: value("Seccomp:")?,
        })
    }
}

fn threads(pid: u32) -> Vec<PathBuf> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    tasks.map(|task| task.path()).collect()
}

fn name(thread: &Path) -> Option<String> {
    Some(fs::read_to_string(thread.join("comm")).ok()?.trim().to_owned())
}

/// The call that a thread waits in; none while it runs, or has ended.
fn call(thread: &Path) -> Option<String> {
    let call = fs::read_to_string(thread.join("syscall")).ok()?;
    call.split_whitespace().next().map(str::to_owned)
}

#[test]
fn threads_that_speak_to_others_have_no_privilege_while_they_do() {
    let test = "walls::threads_that_speak_to_others_have_no_privilege_while_they_do";
    let internet = |ready: &dyn Fn(&str)| {
        knows_the_network();
        serve(None)(ready);
    };
    with_internet(test, internet, |announced| {
        let device = Device::new(announced);
        let mut running = device.check(&[]).stdout(Stdio::piped()).spawn().unwrap();
        let mut seen: BTreeMap<String, BTreeSet<Rights>> = BTreeMap::new();
        let mut kept = BTreeSet::new();
        while running.try_wait().unwrap().is_none() {
            for thread in threads(running.id()) {
                let Some(name) = name(&thread) else { continue };
                // First the call, then the rights: what was taken from a thread stays taken.
                let waits = call(&thread).is_some_and(|call| WAITING.contains(&call.as_str()));
                let Some(rights) = Rights::from_thread(&thread) else { continue };
                if name == "privileged" {
                    kept.insert(rights);
                } else if waits || ["verifier", "blocking", "capture"].contains(&name.as_str()) {
                    seen.entry(name).or_default().insert(rights);
                }
            }
        }
        let report: Value =
            serde_json::from_reader(running.stdout.take().unwrap()).expect("a report");
        assert_eq!(report["verdict"]["status"], "healthy", "{:#}", report["verdict"]);
        println!("{seen:#?}");
        for speaks in ["edgeprobe", "vantage"] {
            assert!(seen.contains_key(speaks), "{speaks} was not seen waiting: {seen:?}");
        }
        for (name, rights) in &seen {
            assert_eq!(rights, &BTreeSet::from([Rights::none()]), "{name}");
        }
        let privileged = kept.first().expect("the privileged thread was seen");
        assert_ne!(privileged.capabilities, Rights::none().capabilities);

        // The walls are part of no verdict.
        let without = device.report(&["--without-walls"]);
        assert_eq!(report["run"]["privileges"], without["run"]["privileges"]);
        for part in ["status", "confidence", "causes", "not_tested", "unexplained"] {
            let (with, without) = (&report["verdict"][part], &without["verdict"][part]);
            assert_eq!(with, without, "{part}");
        }
        assert_eq!(ruled_out(&report), ruled_out(&without));
        assert_eq!(asked(&report), asked(&without));
    });
}

fn ruled_out(report: &Value) -> BTreeSet<String> {
    let causes = report["verdict"]["ruled_out"].as_array().unwrap().iter();
    causes.map(|cause| cause["id"].to_string()).collect()
}

/// Every question with what came of it.
fn asked(report: &Value) -> BTreeSet<(String, String)> {
    let observations = report["observations"].as_array().unwrap().iter();
    let of = |seen: &Value| {
        // A port of a server on loopback's stands in no id; a borrowed address does not either.
        (
            format!("{} {} {}", seen["vantage"], seen["probe"], seen["id"]),
            seen["outcome"].to_string(),
        )
    };
    observations.map(of).collect()
}

#[test]
fn the_program_that_asks_the_resolver_has_no_privilege() {
    let test = "walls::the_program_that_asks_the_resolver_has_no_privilege";
    crate::namespace::alone(test, || {
        let getent = "/usr/bin/getent";
        if !Path::new(getent).exists() {
            eprintln!("skipped: there is no {getent}");
            return;
        }
        let folder = TempDir::new().unwrap();
        let [script, told] = ["getent", "told"].map(|name| folder.path().join(name));
        let lines = format!(
            "#!/bin/sh\ngrep -E '^(CapEff|NoNewPrivs)' /proc/self/status >{told:?}\nexit 2\n"
        );
        fs::write(&script, lines).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        mount(&["--bind", script.to_str().unwrap(), getent]);
        let words = ["probe", "dns", "--hub", HUB, "--timeout", "2s"];
        let outcome = run(&words);
        let told = fs::read_to_string(&told).unwrap_or_else(|_| panic!("not asked: {outcome:?}"));
        assert_eq!(told, "CapEff:\t0000000000000000\nNoNewPrivs:\t1\n");
    });
}

#[test]
fn a_report_and_a_lock_go_where_only_the_privileged_thread_may_write() {
    let folder = TempDir::new().unwrap();
    let [output, lock] = ["report.json", "lock"].map(|name| folder.path().join(name));
    if std::os::unix::fs::chown(folder.path(), Some(4711), Some(4711)).is_err() {
        eprintln!("skipped: only root gives a folder away");
        return;
    }
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let mut command = edgeprobe();
    command.args(["check", "--hub", HUB, "--resolver", "127.0.0.1:9", "--timeout", "1s"]);
    command.args(["--format", "json", "--output"]).arg(&output).arg("--lock").arg(&lock);
    let outcome = Outcome::from_command(&mut command);
    let report: Value = serde_json::from_slice(&fs::read(&output).unwrap()).unwrap();
    assert_eq!(report["target"]["hub"], HUB, "{outcome:?}");
    let record: Value = serde_json::from_slice(&fs::read(&lock).unwrap()).unwrap();
    assert_eq!(record["last"]["exit_code"], json!(outcome.code));
}

#[test]
fn a_run_without_walls_says_so_under_verbose_and_in_no_verdict() {
    let demo = |more: &[&str]| run(&[&["demo", "--verbose", "--lang", "en"], more].concat());
    let missing = |outcome: &Outcome| outcome.stderr.matches("wall missing: ").count();
    let whole = demo(&[]);
    if missing(&whole) > 0 {
        eprintln!("skipped: this system has not all walls: {}", whole.stderr);
        return;
    }
    let without = demo(&["--without-walls"]);
    assert_eq!((without.code, missing(&without)), (0, 4), "{}", without.stderr);
    assert!(!without.stdout.contains("wall missing"), "{}", without.stdout);
    // A kernel that has neither Landlock nor filters.
    let old = denying(&NEWER, NO_SUCH_CALL, || demo(&[]));
    assert_eq!((old.code, missing(&old)), (0, 2), "{}", old.stderr);
    assert!(old.stderr.contains("Landlock") && old.stderr.contains("seccomp"), "{}", old.stderr);
    let quiet = denying(&NEWER, NO_SUCH_CALL, || run(&["demo", "--format", "json"]));
    assert_eq!((quiet.code, missing(&quiet)), (0, 0), "{}", quiet.stderr);
    assert!(!quiet.stdout.contains("Landlock"), "{}", quiet.stdout);
}

#[test]
fn each_privilege_is_explained_and_whether_this_process_holds_it() {
    let outcome = run(&["check", "--explain-privileges", "--lang", "en"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    for line in outcome.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let capabilities =
        ["dac_read_search", "net_bind_service", "net_admin", "net_raw", "sys_ptrace", "sys_admin"];
    for capability in capabilities {
        let after = outcome.stdout.split(&format!("\n{capability}  ")).nth(1).expect(capability);
        assert!(after.contains("  for ") && after.contains("  without "), "{capability}");
    }
    let french = run(&["check", "--explain-privileges", "--lang", "fr"]).stdout;
    assert!(french.contains("détenu par ce processus") || french.contains("non détenu"));

    // Root whom a container gives all but one.
    let mut confined = Command::new("setpriv");
    confined.args(["--bounding-set=-net_raw", PROGRAM, "check", "--explain-privileges"]);
    let Ok(output) = confined.args(["--lang", "en"]).env_remove("LANGUAGE").output() else {
        eprintln!("skipped: setpriv is not installed");
        return;
    };
    if !output.status.success() {
        eprintln!("skipped: only root takes a capability away");
        return;
    }
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("\nnet_raw  not held\n"), "{told}");
    assert!(told.contains("\nnet_admin  held by this process\n"), "{told}");
}
