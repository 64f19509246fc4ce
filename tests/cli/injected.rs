//! Each call to the system that a run makes, failing once, in the manner of SQLite's tests.
//!
//! strace has the Nth call of a kind fail with an error of the process's own: the disk is full, there
//! are no more descriptors, a sandbox says no. On a device on which all is well the run then says that
//! it is, or that it could not tell; nothing is half-written, and nothing panics. strace counts the
//! calls of each thread for itself, so that several threads may fail at their Nth.
//!
//! Some sixty of the failures are tried here, spread over all; `scripts/inject` tries every one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::internet::{HUB, roots, serve};
use crate::namespace::{RESOLVER_ADDRESS, with_internet};
use crate::program::{Outcome, PROGRAM, concurrently};

/// How many failures of each command are tried, unless all are asked for.
const SAMPLE: usize = 12;

/// Of calls that a thread makes again and again so many are tried.
const MOST_OF_A_KIND: usize = 40;

/// By these variables `scripts/inject` asks for every failure of what is named so (`bundle openat`), and for
/// a line on each.
const ALL: &str = "EDGEPROBE_INJECT_ALL";
const LINES: &str = "EDGEPROBE_INJECT_LINES";

/// The errors that the system may answer a call with for this process's own sake. None for calls that
/// cannot fail, or that no program could go on without.
fn errors(call: &str) -> &'static [&'static str] {
    match call {
        "open" | "openat" => &["EMFILE", "EACCES", "EIO"],
        "read" | "pread64" | "readv" | "getdents64" | "lseek" | "stat" | "lstat" | "statx"
        | "newfstatat" | "fstat" | "readlink" | "readlinkat" => &["EIO"],
        "write" | "writev" | "pwrite64" | "fsync" | "fdatasync" | "ftruncate" => &["ENOSPC", "EIO"],
        "rename" | "renameat" | "renameat2" | "link" | "linkat" | "unlink" | "unlinkat"
        | "mkdir" | "fchmod" | "fchown" | "chmod" => &["EACCES", "EIO"],
        "socket" | "socketpair" | "pipe2" | "eventfd2" | "epoll_create1" | "dup" | "dup3"
        | "fcntl" => &["EMFILE", "ENOMEM"],
        "connect" | "bind" | "listen" | "getsockname" | "getpeername" | "getsockopt"
        | "setsockopt" => &["ENOMEM", "EPERM"],
        "sendto" | "sendmsg" | "sendmmsg" => &["ENOBUFS", "EPERM"],
        "recvfrom" | "recvmsg" | "mmap" | "mremap" => &["ENOMEM"],
        "epoll_ctl" | "epoll_wait" | "epoll_pwait" | "poll" | "ppoll" => &["ENOMEM", "EINTR"],
        "clone" | "clone3" | "vfork" => &["EAGAIN"],
        "getrandom" => &["ENOSYS"],
        _ => &[],
    }
}

/// The commands that are run, each in a folder with the files of [`prepare`].
const COMMANDS: [&str; 5] = ["check", "logs", "replay", "bundle", "schedule"];

const LOG: &str = include_str!("../../fuzz/seeds/log/quiet");
const REPORT: &str = include_str!("../golden/demo-dns-hijack.json");

/// What stands in a file before it is written anew.
const OLD: &str = "an older result\n";

fn prepare(announced: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("ca.pem", &roots(announced));
    let failing =
        "2026-01-01T00:00:00Z [ERR] Name or service not known (contoso.azure-devices.net)";
    write("edgeAgent.log", &format!("{LOG}\n{failing}\n"));
    write("report.json", REPORT);
    write("result", OLD);
    folder
}

fn arguments(command: &str) -> Vec<&str> {
    let hub = ["--hub", HUB, "--resolver", RESOLVER_ADDRESS, "--ca-file", "ca.pem"];
    let json = ["--format", "json", "--output", "result"];
    match command {
        "check" => [&["check", "--timeout", "20s", "--skip", "engine"][..], &hub, &json].concat(),
        "logs" => [&["logs", "edgeAgent.log"][..], &json].concat(),
        "replay" => [&["replay", "report.json"][..], &json].concat(),
        "bundle" => [&["bundle", "--output", "bundle.zip", "--timeout", "20s"][..], &hub].concat(),
        _ => vec!["schedule", "install", "--with", "cron", "--every", "15m", "--", "--hub", HUB],
    }
}

/// A failure: the call, the error, and at which time.
type Injection = (&'static str, String, &'static str, usize);

/// What a run left.
struct Left {
    outcome: Outcome,
    /// The calls of each kind that its busiest thread made.
    calls: BTreeMap<String, usize>,
    /// Whether a call failed as it was to.
    injected: bool,
    folder: TempDir,
}

fn run(command: &str, announced: &str, injection: Option<&Injection>) -> Left {
    let folder = prepare(announced);
    let trace = folder.path().join("trace");
    // Tracing is slow. A run that does not end is killed, and has no code that is documented.
    let mut strace = vec![
        "timeout".to_owned(),
        "120".to_owned(),
        "strace".to_owned(),
        "-f".to_owned(),
        "-qqq".to_owned(),
        "-o".to_owned(),
    ];
    strace.push(trace.display().to_string());
    if let Some((_, call, error, when)) = injection {
        strace.push(format!("--trace={call}"));
        strace.push(format!("--inject={call}:error={error}:when={when}"));
    }
    strace.push(PROGRAM.to_owned());
    let mut shell = Command::new("unshare");
    shell.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").current_dir(folder.path());
    // Where cron's tables and the state of runs are kept, each run has folders of its own.
    let script = "mkdir -p /etc/cron.d /var/lib && mount -t tmpfs tmpfs /etc/cron.d && \
                  mount -t tmpfs tmpfs /var/lib || exit 99\n\"$@\"\ncode=$?\n\
                  cp -a /etc/cron.d cron.d; exit $code";
    shell.args(["--mount", "sh", "-c", script, "sh"]).args(&strace).args(arguments(command));
    let output = shell.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let outcome = Outcome {
        code: output.status.code().unwrap_or(-1),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    };
    let trace = fs::read_to_string(trace).unwrap_or_default();
    let mut each: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for line in trace.lines() {
        let Some((thread, call)) = line.split_once(' ') else { continue };
        if let Some((call, _)) = call.trim_start().split_once('(') {
            *each.entry((thread, call)).or_default() += 1;
        }
    }
    let mut calls: BTreeMap<String, usize> = BTreeMap::new();
    for ((_, call), count) in each {
        let most = calls.entry(call.to_owned()).or_default();
        *most = count.max(*most);
    }
    Left { outcome, calls, injected: trace.contains("(INJECTED)"), folder }
}

/// Every failure of a command that made these calls.
fn injections(command: &'static str, calls: &BTreeMap<String, usize>) -> Vec<Injection> {
    let mut all = Vec::new();
    for (call, count) in calls {
        for error in errors(call) {
            let whens = 1..=(*count).min(MOST_OF_A_KIND);
            all.extend(whens.map(|when| (command, call.clone(), *error, when)));
        }
    }
    all
}

/// The sample, spread evenly over all of them.
fn spread(all: Vec<Injection>) -> Vec<Injection> {
    if let Ok(wanted) = std::env::var(ALL) {
        let is_wanted = |it: &Injection| format!("{} {}", it.0, it.1).contains(&wanted);
        return all.into_iter().filter(is_wanted).collect();
    }
    let step = (all.len() / SAMPLE).max(1);
    all.into_iter().skip(step / 2).step_by(step).take(SAMPLE).collect()
}

/// What libraries panic for: Tokio where it cannot wake itself, by a write that never fails so, and where it
/// cannot make sockets of its own (that these can be had is seen to before anything is begun); rand where it
/// cannot open its file, which is seen to as well; and Rust's own start where a thread has no memory for a
/// second stack.
const OF_LIBRARIES: [&str; 4] = [
    "could not initialize ThreadRng",
    "failed to wake I/O driver",
    "failed to create UnixStream",
    "failed to allocate an alternative stack",
];

/// The exit code that a shell gives to SIGABRT.
const ABORTED: i32 = 134;

/// What is wrong with what a run left; nothing where it is as it should be.
fn wrong(
    injection: Option<&Injection>,
    command: &str,
    whole: &Left,
    left: &Left,
) -> Option<String> {
    let Outcome { code, stdout, stderr } = &left.outcome;
    let said = format!("{stdout}{stderr}");
    let known: usize = OF_LIBRARIES.iter().map(|words| said.matches(words).count()).sum();
    if said.matches("panicked").count() > known {
        let mut lines = said.lines().skip_while(|line| !line.contains("panicked"));
        let (place, words) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        return Some(format!("it panics: {place} {words}"));
    }
    // Rust ends a process without memory.
    let no_memory = said.contains("memory allocation of ") || said.contains("alternative stack");
    let of_memory = injection.is_some_and(|(_, call, ..)| ["mmap", "mremap"].contains(&&**call));
    if *code == ABORTED && !(of_memory && no_memory) {
        return Some("it aborts".to_owned());
    }
    let names = |folder: &Path| -> BTreeSet<String> {
        let entries = fs::read_dir(folder).into_iter().flatten();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    // A list may be missing: nothing was bundled, or no table was written.
    let more: Vec<String> =
        names(left.folder.path()).difference(&names(whole.folder.path())).cloned().collect();
    // What cannot be removed stays.
    let may_stay = injection.is_some_and(|(_, call, ..)| call.starts_with("unlink"));
    if !more.is_empty() && !may_stay {
        return Some(format!("it leaves {more:?}"));
    }
    if *code == 3 && !said.contains("error: ") && !said.contains("inconclusive") {
        return Some("it ends with 3 and says nothing".to_owned());
    }
    let same = *code == whole.outcome.code;
    match command {
        "schedule" => {
            // The minute comes from what is read of the machine. The line's end is what is to be whole.
            let table = |left: &Left| -> std::io::Result<(usize, String)> {
                let text = fs::read_to_string(left.folder.path().join("cron.d/edgeprobe"))?;
                let command = text.split(PROGRAM).nth(1).unwrap_or_default();
                Ok((text.lines().count(), command.to_owned()))
            };
            let is_whole = table(left).is_ok_and(|text| text == table(whole).unwrap());
            let is_none = names(&left.folder.path().join("cron.d")).is_empty();
            if !is_whole && !is_none {
                return Some("half of a schedule is left".to_owned());
            }
            (!(same && is_whole || *code == 3 || *code == ABORTED))
                .then(|| format!("it ends with {code}"))
        }
        "bundle" => {
            let path = left.folder.path().join("bundle.zip");
            if let Err(error) = whole_archive(&path) {
                return Some(format!("the archive is broken: {error}"));
            }
            let is_there = path.exists();
            let ended = *code == 3 || *code == ABORTED;
            (!(ended || same && is_there))
                .then(|| format!("it ends with {code}, and the archive is there: {is_there}"))
        }
        _ => report(command, whole, left),
    }
}

fn report(command: &str, whole: &Left, left: &Left) -> Option<String> {
    let code = left.outcome.code;
    let text = fs::read_to_string(left.folder.path().join("result")).unwrap();
    if text == OLD {
        return (code != 3 && code != ABORTED)
            .then(|| format!("it ends with {code} and has written nothing"));
    }
    let Ok(report) = serde_json::from_str::<Value>(&text) else {
        return Some("the result is half-written".to_owned());
    };
    let verdict = &report["verdict"];
    let told = format!("{code}: {} {}", verdict["status"], verdict["causes"]);
    match command {
        "replay" => (code != whole.outcome.code && code != 3).then_some(told),
        // What could not be read of a log is said.
        "logs" => {
            let notes = report["sources"].to_string().contains("\"notes\":[");
            (code != whole.outcome.code && code != 3 && !notes).then_some(told)
        }
        _ => {
            let blames = |cause: &Value| cause["id"] != "high-latency";
            let causes = verdict["causes"].as_array().unwrap();
            (![0, 3].contains(&code) || causes.iter().any(blames)).then_some(told)
        }
    }
}

/// Whether an archive is whole, or not there.
fn whole_archive(path: &Path) -> Result<(), String> {
    let Ok(file) = fs::File::open(path) else { return Ok(()) };
    let mut archive = zip::ZipArchive::new(file).map_err(|error| error.to_string())?;
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).map_err(|error| error.to_string())?;
        std::io::copy(&mut member, &mut std::io::sink()).map_err(|error| error.to_string())?;
    }
    Ok(())
}

#[test]
fn a_call_that_fails_once_leads_to_no_false_verdict_and_leaves_no_half() {
    let test = "injected::a_call_that_fails_once_leads_to_no_false_verdict_and_leaves_no_half";
    if Command::new("strace").arg("--version").output().is_err() {
        eprintln!("skipped: there is no strace here");
        return;
    }
    with_internet(test, serve(None), |announced| {
        let mut wholes = BTreeMap::new();
        let mut chosen = Vec::new();
        for command in COMMANDS {
            let whole = run(command, announced, None);
            let code = whole.outcome.code;
            assert!([0, 2].contains(&code), "{command}: {:?}", whole.outcome);
            assert!(
                wrong(None, command, &whole, &whole).is_none(),
                "{command}: {:?}",
                whole.outcome
            );
            chosen.extend(spread(injections(command, &whole.calls)));
            wholes.insert(command, whole);
        }
        let tried = concurrently(chosen, |injection| {
            let left = run(injection.0, announced, Some(injection));
            let wrong = wrong(Some(injection), injection.0, &wholes[injection.0], &left);
            tell(injection, &left, wrong.as_deref());
            (left.injected, left.outcome, wrong)
        });
        let failed = tried.iter().filter_map(|(injection, (_, outcome, wrong))| {
            Some(format!("{injection:?}: {}\n{outcome:?}", wrong.as_ref()?))
        });
        let failed: Vec<String> = failed.collect();
        assert!(failed.is_empty(), "{} of {}\n{}", failed.len(), tried.len(), failed.join("\n"));
        let reached = tried.values().filter(|(injected, ..)| *injected).count();
        assert!(reached * 2 > tried.len(), "{reached} of {} calls failed", tried.len());
    });
}

/// A line on a failure, for `scripts/inject`.
fn tell((command, call, error, when): &Injection, left: &Left, wrong: Option<&str>) {
    let Some(file) = std::env::var_os(LINES) else { return };
    let (injected, code, wrong) = (left.injected, left.outcome.code, wrong.unwrap_or("-"));
    let line = format!("{command}\t{call}\t{error}\t{when}\t{injected}\t{code}\t{wrong}\n");
    let mut file = fs::File::options().create(true).append(true).open(file).unwrap();
    file.write_all(line.as_bytes()).unwrap();
}
