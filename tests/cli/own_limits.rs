//! What the program itself lacks: files, memory, a system call, /proc. It says so, and blames nothing on
//! a network in which all is well.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::internet::{HUB, roots, serve};
use crate::namespace::{RESOLVER_ADDRESS, with_internet};
use crate::program::{Outcome, PROGRAM};

/// A check of a device on which all is well, begun by a shell that first runs this script.
struct Check {
    _folder: TempDir,
    ca_file: PathBuf,
}

impl Check {
    fn new(announced: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let ca_file = folder.path().join("ca.pem");
        fs::write(&ca_file, roots(announced)).unwrap();
        Self { _folder: folder, ca_file }
    }

    fn after(&self, script: &str) -> Outcome {
        let mut command = Command::new("sh");
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.args(["-c", &format!("{script}\nexec \"$@\""), "sh", PROGRAM]);
        command.args(["check", "--hub", HUB, "--resolver", RESOLVER_ADDRESS, "--timeout", "5s"]);
        command.args(["--skip", "engine", "--format", "json", "--ca-file"]).arg(&self.ca_file);
        // Not as elsewhere: what watches over a run there makes calls that may be denied here.
        let output = command.output().unwrap();
        Outcome {
            code: output.status.code().expect("the program exits by itself"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Decides nothing, says what the run lacked, and names no cause.
#[track_caller]
fn assert_undecided(what: &str, outcome: &Outcome) -> Value {
    assert_eq!((outcome.code, outcome.stderr.as_str()), (3, ""), "{what}: {}", outcome.stdout);
    let report = outcome.json();
    let verdict = &report["verdict"];
    assert_eq!(verdict["status"], "inconclusive", "{what}: {verdict:#}");
    assert_eq!(verdict["causes"], json!([]), "{what}: {verdict:#}");
    assert_eq!(verdict["unexplained"], json!([]), "{what}: {verdict:#}");
    let missing = verdict["not_tested"].to_string();
    assert!(missing.contains("says nothing of the network"), "{what}: {missing}");
    report
}

#[test]
fn a_lack_of_open_files_is_no_fault_of_the_network() {
    let test = "own_limits::a_lack_of_open_files_is_no_fault_of_the_network";
    with_internet(test, serve(None), |announced| {
        let check = Check::new(announced);
        let whole = check.after("true");
        assert_eq!(whole.code, 0, "{}", whole.stdout);
        for files in [10, 11, 12, 14] {
            let what = format!("{files} files");
            let outcome = check.after(&format!("ulimit -n {files}"));
            let report = assert_undecided(&what, &outcome);
            let missing = report["verdict"]["not_tested"].to_string();
            assert!(missing.contains("Too many open files"), "{what}: {missing}");
        }
        // A limit that the program may raise itself is no limit.
        assert_eq!(check.after("ulimit -S -n 10").code, 0);
        // Too few to begin with.
        for files in 5..10 {
            let outcome = check.after(&format!("ulimit -n {files}"));
            assert_eq!((outcome.code, outcome.stdout.as_str()), (3, ""), "{files}: {outcome:?}");
            assert!(outcome.stderr.starts_with("error: cannot open"), "{}", outcome.stderr);
            assert!(outcome.stderr.contains("Too many open files"), "{}", outcome.stderr);
            assert!(outcome.stderr.contains("\nhint: "), "{}", outcome.stderr);
        }
    });
}

#[test]
fn a_call_that_a_sandbox_denies_is_no_fault_of_the_network() {
    let test = "own_limits::a_call_that_a_sandbox_denies_is_no_fault_of_the_network";
    let Some(calls) = Calls::HERE else {
        eprintln!("skipped: the numbers of this architecture's calls are not known");
        return;
    };
    with_internet(test, serve(None), |announced| {
        let check = Check::new(announced);
        for (what, denied) in [
            ("socket", vec![calls.socket]),
            ("connect", vec![calls.connect]),
            ("send", calls.send.to_vec()),
            ("bind", vec![calls.bind]),
        ] {
            for errno in [1, 13] {
                let outcome = denying(&denied, errno, || check.after("true"));
                let report = assert_undecided(what, &outcome);
                let told = report["observations"].to_string();
                assert!(told.contains("own_permission"), "{what} with {errno}: {told}");
                assert!(!told.contains("\"prohibited\""), "{what} with {errno}: {told}");
            }
        }
    });
}

#[test]
fn a_prohibiting_route_stays_a_finding() {
    let test = "own_limits::a_prohibiting_route_stays_a_finding";
    with_internet(test, serve(None), |announced| {
        crate::namespace::configure(&["rule add to 20.49.110.2 prohibit priority 100"]);
        let outcome = Check::new(announced).after("true");
        assert_eq!(outcome.code, 2, "{}", outcome.stdout);
        let told = outcome.json()["observations"].to_string();
        assert!(told.contains("\"prohibited\"") && !told.contains("own_permission"), "{told}");
    });
}

#[test]
fn without_proc_nothing_is_made_up() {
    let test = "own_limits::without_proc_nothing_is_made_up";
    with_internet(test, serve(None), |announced| {
        let check = Check::new(announced);
        let hide = "mount -t tmpfs none /proc 2>/dev/null || exit 77";
        let outcome = check.after(hide);
        if outcome.code == 77 {
            eprintln!("skipped: /proc cannot be hidden here");
            return;
        }
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{}", outcome.stdout);
        // Somebody listens, and nobody can say who.
        let _listener = TcpListener::bind("0.0.0.0:8883").unwrap();
        let report = check.after(hide).json();
        let observations = report["observations"].as_array().unwrap();
        let port = observations.iter().find(|seen| seen["target"] == "port 8883").unwrap();
        assert_eq!(port["failure"]["token"], "address_in_use", "{port:#}");
        assert_eq!(port["facts"]["tables_unread"], true, "{port:#}");
        assert!(!report.to_string().contains("does not listen"), "{port:#}");
    });
}

#[test]
fn too_little_memory_is_said_and_enough_is_enough() {
    let run = |kibibytes: u32, arguments: &[&str]| {
        let mut command = Command::new("sh");
        command.env_clear();
        // Unlike the address space, data do not count the text of an unoptimised program.
        let script = format!("ulimit -d {kibibytes}; exec \"$@\"");
        command.args(["-c", &script, "sh", PROGRAM]).args(arguments);
        Outcome::from_command(&mut assert_cmd::Command::from_std(command))
    };
    // Reading the command line alone takes some.
    for mebibytes in [4, 8, 16, 32] {
        let outcome = run(mebibytes * 1024, &["check", "--hub", HUB]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (3, ""), "{mebibytes}: {outcome:?}");
        let lines: Vec<&str> = outcome.stderr.lines().collect();
        assert!(lines[0].starts_with("error: too little memory"), "{}", outcome.stderr);
        assert!(lines[1].starts_with("hint: "), "{}", outcome.stderr);
    }
    let outcome = run(64 * 1024, &["demo", "--format", "json"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{}", outcome.stdout);
}

/// The goal is 32 MiB; what is built for tests has five times the code.
#[test]
fn a_healthy_check_takes_little_memory() {
    const MOST: u64 = 64 * 1024;
    // The kernel's own count of a child, in KiB.
    const COUNT: &str = "import resource, subprocess, sys\n\
        code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)\n\
        print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";
    let test = "own_limits::a_healthy_check_takes_little_memory";
    with_internet(test, serve(None), |announced| {
        let check = Check::new(announced);
        let mut command = Command::new("/usr/bin/python3");
        command.env_clear().args(["-c", COUNT, PROGRAM, "check", "--hub", HUB]);
        command.args(["--resolver", RESOLVER_ADDRESS, "--skip", "engine", "--ca-file"]);
        let output = command.arg(&check.ca_file).output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        let (code, resident) = told.trim().split_once(' ').unwrap();
        println!("most resident: {resident} KiB");
        assert_eq!(code, "0");
        assert!(resident.parse::<u64>().unwrap() < MOST, "{resident} KiB");
    });
}

/// The numbers of some system calls.
struct Calls {
    socket: i64,
    connect: i64,
    send: [i64; 2],
    bind: i64,
}

impl Calls {
    /// From asm/unistd.h.
    const HERE: Option<Self> = if cfg!(target_arch = "x86_64") {
        Some(Self { socket: 41, connect: 42, send: [44, 46], bind: 49 })
    } else if cfg!(target_arch = "aarch64") {
        Some(Self { socket: 198, connect: 203, send: [206, 211], bind: 200 })
    } else {
        None
    };
}

/// Runs something on a thread on which these calls fail with this error, as in every process that it
/// starts.
pub(crate) fn denying<T: Send>(calls: &[i64], errno: u32, work: impl FnOnce() -> T + Send) -> T {
    let rules = calls.iter().map(|call| (*call, Vec::new())).collect();
    let (others, these) = (SeccompAction::Allow, SeccompAction::Errno(errno));
    let architecture = std::env::consts::ARCH.try_into().unwrap();
    let filter = SeccompFilter::new(rules, others, these, architecture).unwrap();
    let filter: BpfProgram = filter.try_into().unwrap();
    std::thread::scope(|scope| {
        let denied = scope.spawn(move || {
            seccompiler::apply_filter(&filter).unwrap();
            work()
        });
        denied.join().unwrap()
    })
}
