//! Where the result goes: pipes that close, files that are replaced, disks that are full.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::program::{Outcome, PROGRAM, edgeprobe, run};

fn shell(script: &str) -> Output {
    Command::new("bash").args(["-c", script, "bash", PROGRAM]).env_clear().output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn head_ends_the_program_quietly_and_keeps_the_exit_code() {
    for format in ["human", "json", "ndjson"] {
        let output = shell(&format!(
            "/usr/bin/env \"$1\" demo --fault dns-hijack --format {format} --verbose 2>&1 \
             | /usr/bin/head -1; echo ${{PIPESTATUS[0]}}"
        ));
        let out = text(&output.stdout);
        assert!(out.ends_with("\n2\n"), "{format}: {out}");
        assert!(!out.contains("panicked") && !out.contains("error:"), "{format}: {out}");
        assert_eq!(text(&output.stderr), "", "{format}");
    }
}

#[test]
fn a_pipe_that_is_closed_from_the_start_is_no_error() {
    for arguments in [&["demo", "--format", "ndjson"][..], &["explain"], &["--help"]] {
        let mut child = Command::new(PROGRAM)
            .args(arguments)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut told = String::new();
        child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{arguments:?}: {told}");
        assert_eq!(told, "", "{arguments:?}");
    }
}

#[test]
fn a_full_disk_is_an_error() {
    for arguments in [&["demo"][..], &["demo", "--format", "json"], &["explain"], &["--help"]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output =
            Command::new(PROGRAM).args(arguments).env_clear().stdout(full).output().unwrap();
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {told}");
        assert!(told.contains("error: cannot write to standard output: "), "{told}");
    }
}

#[test]
fn quiet_speaks_only_of_faults() {
    for format in ["human", "json", "ndjson"] {
        let healthy = run(&["demo", "--quiet", "--format", format]);
        assert_eq!(
            (healthy.code, healthy.stdout, healthy.stderr),
            (0, String::new(), String::new())
        );
        let fault = run(&["demo", "--quiet", "--format", format, "--fault", "dns-hijack"]);
        assert_eq!(fault.code, 2);
        assert!(fault.stdout.contains("dns-hijack"), "{}", fault.stdout);
    }
}

/// The files in a folder, with nothing that a write may have left behind.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_file_is_written_whole_and_replaces_an_older_one() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("last.json");
    fs::write(&path, "old").unwrap();
    let mut reader = File::open(&path).unwrap();
    let before = fs::metadata(&path).unwrap().ino();

    let outcome = run(&["demo", "--format", "json", "--output", path.to_str().unwrap()]);
    assert_eq!((outcome.code, outcome.stdout, outcome.stderr), (0, String::new(), String::new()));
    let report: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(report["verdict"]["status"], "healthy");

    // Replaced in one step: whoever had the old file open still reads the old file.
    assert_ne!(fs::metadata(&path).unwrap().ino(), before);
    let mut old = String::new();
    reader.read_to_string(&mut old).unwrap();
    assert_eq!(old, "old");
    assert_eq!(names(folder.path()), ["last.json"]);
}

#[test]
fn with_a_file_a_fault_is_still_told_in_a_line() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("last.txt");
    for quiet in [&[][..], &["--quiet"]] {
        let mut arguments = vec!["demo", "--fault", "dns-hijack", "--format", "json"];
        arguments.extend(["--output", path.to_str().unwrap()]);
        arguments.extend(quiet);
        let outcome = run(&arguments);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""));
        assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
        assert!(outcome.stderr.starts_with("blocked: "), "{}", outcome.stderr);
        assert!(fs::read_to_string(&path).unwrap().contains("dns-hijack"));
    }
}

#[test]
fn quiet_still_writes_the_file_when_all_is_well() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("last.json");
    let outcome = run(&["demo", "--quiet", "--output", path.to_str().unwrap()]);
    assert_eq!((outcome.code, outcome.stdout, outcome.stderr), (0, String::new(), String::new()));
    assert!(fs::read_to_string(&path).unwrap().starts_with("HEALTHY"));
}

#[test]
fn a_new_file_is_its_owners_alone_and_an_older_one_keeps_its_mode() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("report");
    let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    let write = |umask: &str| {
        let script = format!("umask {umask}; exec \"$1\" demo --quiet --output {}", path.display());
        assert_eq!(shell(&script).status.code(), Some(0));
    };
    for umask in ["022", "077", "000"] {
        let _ = fs::remove_file(&path);
        write(umask);
        assert_eq!(mode(), 0o600, "{umask}");
    }
    for kept in [0o600, 0o640, 0o644, 0o666] {
        fs::set_permissions(&path, fs::Permissions::from_mode(kept)).unwrap();
        fs::write(&path, "older").unwrap();
        write("022");
        assert!(fs::read_to_string(&path).unwrap().starts_with("HEALTHY"));
        assert_eq!(mode(), kept);
    }
}

#[test]
fn a_file_in_the_folder_where_one_stands_needs_no_path() {
    let folder = TempDir::new().unwrap();
    let mut command = edgeprobe();
    command.current_dir(folder.path()).args(["demo", "--output", "here.txt", "--color", "always"]);
    assert_eq!(Outcome::from_command(&mut command).code, 0);
    let told = fs::read_to_string(folder.path().join("here.txt")).unwrap();
    assert!(!told.contains('\u{1b}'), "a file has no colours: {told}");
}

#[test]
fn what_the_shell_has_opened_is_written_to() {
    let folder = TempDir::new().unwrap();
    for (command, begin) in [
        (
            "check --hub h.azure-devices.net --resolver 127.0.0.1:9 --timeout 1s --no-container --format json",
            "{",
        ),
        ("demo", "HEALTHY"),
    ] {
        for output in [
            "--output >(cat >told)",
            "--output /dev/fd/3 3>told",
            "--output /dev/stdout >told",
            "--output - >told",
        ] {
            let output = shell(&format!(
                "PATH=/usr/bin:/bin; cd '{}' && rm -f told; timeout 30 \"$1\" {command} {output} \
                 2>/dev/null; code=$?; \
                 for _ in 1 2 3 4 5 6 7 8 9; do [ -s told ] && break; sleep 0.2; done; \
                 echo $code; cat told",
                folder.path().display()
            ));
            let said = text(&output.stdout);
            let (code, told) = said.split_once('\n').unwrap();
            assert!(code != "124" && code != "3" && told.starts_with(begin), "{command}: {said}");
        }
    }
    let outcome = run(&["demo", "--output", "/dev/null"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""), "{outcome:?}");
    assert!(!outcome.stderr.contains("HEALTHY"), "{outcome:?}");
}

#[test]
fn standard_error_can_be_named() {
    let outcome = run(&["demo", "--output", "/dev/stderr"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""));
    assert!(outcome.stderr.contains("HEALTHY"), "{}", outcome.stderr);
}
