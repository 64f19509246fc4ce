//! A lab leaves nothing on the machine: not when it ends, not when a test panics, not by SIGKILL.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, panic, thread};

use edgeprobe_lab::servers::Plain;
use edgeprobe_lab::{Lab, PREFIX, Topology, requirements, scenarios, sweep};

/// How long the kernel may take to take down what belonged to a killed process.
const GONE_WITHIN: Duration = Duration::from_secs(20);

/// One test, because each part compares the whole machine before and after.
#[test]
fn a_lab_leaves_nothing_behind() {
    let missing = requirements::missing();
    if !missing.is_empty() {
        eprintln!("skipped: the lab needs {}", missing.join(", "));
        return;
    }
    sweep();
    let before = Machine::look();

    let tunnel = scenarios::named("healthy-full-tunnel").unwrap();
    let mut lab = Lab::build(Topology::NORMAL, &Plain).unwrap();
    (tunnel.fault)(&mut lab).unwrap();
    drop(lab);
    assert_eq!(settle(&before), before, "after a lab has ended");

    let panicked = panic::catch_unwind(|| {
        let _lab = Lab::build(Topology::NORMAL, &Plain).unwrap();
        panic!("on purpose");
    });
    assert!(panicked.is_err());
    assert_eq!(settle(&before), before, "after a panic");

    // At moments all over the building, the proving and the removing of labs.
    for milliseconds in (100..3000).step_by(290) {
        kill_a_run_after(Duration::from_millis(milliseconds));
        assert_eq!(settle(&before), before, "killed after {milliseconds} ms");
    }
}

fn kill_a_run_after(time: Duration) {
    let mut run = Command::new(env!("CARGO_BIN_EXE_edgeprobe-lab"))
        .args(["run", "healthy-full-tunnel", "healthy-runtime", "--jobs", "2"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Not a wait for anything: the moment of the kill is what varies.
    thread::sleep(time);
    kill(&mut run);
}

fn kill(run: &mut Child) {
    run.kill().unwrap();
    run.wait().unwrap();
}

/// Looks until the machine is as it was, or long enough.
fn settle(before: &Machine) -> Machine {
    let start = Instant::now();
    loop {
        // What `sweep` removes is all that a killed run may leave. Interfaces and threads go a
        // moment after the processes, by the kernel's own hand.
        sweep();
        let now = Machine::look();
        if now == *before || start.elapsed() > GONE_WITHIN {
            return now;
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// Everything on the machine that a lab could leave something in.
#[derive(Debug, PartialEq, Eq)]
struct Machine {
    namespaces: String,
    links: String,
    routes: String,
    rules: String,
    mounts: String,
    processes: BTreeSet<String>,
    groups: BTreeSet<String>,
    files: BTreeSet<String>,
    /// Of this process: those that carry a tunnel's packets end with it.
    threads: usize,
}

impl Machine {
    fn look() -> Self {
        Self {
            namespaces: print("ip", &["netns"]),
            links: print("ip", &["-o", "link"]),
            routes: without_lifetimes(&print("ip", &["route", "show", "table", "all"])),
            rules: print("nft", &["list", "ruleset"]),
            mounts: fs::read_to_string("/proc/self/mounts").unwrap(),
            processes: processes(),
            groups: names_below(Path::new("/sys/fs/cgroup"), 3),
            files: ["/tmp", "/run", "/run/netns", "/etc/netns", "/var/lib/docker"]
                .iter()
                .flat_map(|folder| names_below(Path::new(folder), 0))
                .collect(),
            threads: fs::read_dir("/proc/self/task").unwrap().count(),
        }
    }
}

/// Routes that a router announced, without the seconds that they have left.
fn without_lifetimes(routes: &str) -> String {
    let word =
        |word: &&str| !(word.ends_with("sec") && word.starts_with(|c: char| c.is_ascii_digit()));
    let line = |line: &str| line.split(' ').filter(word).collect::<Vec<_>>().join(" ");
    routes.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn print(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The processes of labs, and all programs of the kinds that labs start.
fn processes() -> BTreeSet<String> {
    const STARTED: [&str; 6] =
        ["dnsmasq", "dockerd", "containerd", "containerd-shim", "docker-proxy", "unshare"];
    let folders = fs::read_dir("/proc").unwrap().flatten();
    let mut found = BTreeSet::new();
    for process in folders {
        let path = process.path();
        let line = fs::read_to_string(path.join("cmdline")).unwrap_or_default().replace('\0', " ");
        let name = fs::read_to_string(path.join("comm")).unwrap_or_default();
        let own = line.contains(&format!("{PREFIX}-"));
        if own || STARTED.contains(&name.trim()) {
            found.insert(format!("{} {name} {line}", path.display()));
        }
    }
    found
}

/// The names with the lab's prefix in a folder and, down to `depth`, below it.
fn names_below(folder: &Path, depth: usize) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            found.insert(path.display().to_string());
        }
        if depth > 0 && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(names_below(&path, depth - 1));
        }
    }
    found
}
