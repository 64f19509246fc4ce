//! The journal, by a program of its name.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::PORT;
use crate::program::{Outcome, edgeprobe};

/// A folder whose `journalctl` is this script.
fn journalctl(folder: &Path, script: &str) -> String {
    let path = folder.join("journalctl");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:/usr/bin:/bin", folder.display())
}

fn run(path: &str, arguments: &[&str]) -> Outcome {
    let none = "tcp://127.0.0.1:9";
    Outcome::of(edgeprobe().env("PATH", path).env("DOCKER_HOST", none).args(arguments))
}

#[test]
fn a_unit_s_lines_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!("case \"$*\" in *--unit=aziot-edged*) echo '{}';; esac", PORT.trim_end());
    let path = journalctl(folder.path(), &script);
    let outcome = run(&path, &["logs", "--journal", "aziot-edged", "--format", "json"]);
    super::assert_port(&outcome.json(), "journal of aziot-edged");
    // Without a choice the units of the runtime are tried, and those that say nothing left out.
    let outcome = run(&path, &["logs", "--format", "json"]);
    super::assert_port(&outcome.json(), "journal of aziot-edged");
    assert_eq!(outcome.json()["sources"].as_array().unwrap().len(), 1);
    assert!(outcome.stderr.contains("the container engine at tcp://127.0.0.1:9"), "{outcome:?}");
}

#[test]
fn the_times_and_the_unit_are_handed_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = journalctl(folder.path(), "echo \"$@\" >\"${0%/*}/asked\"");
    run(&path, &["logs", "--journal", "docker; reboot", "--since", "2023-01-24"]);
    let asked = fs::read_to_string(folder.path().join("asked")).unwrap();
    assert!(asked.contains("--unit=docker; reboot --since=@1674518400"), "{asked}");
}

#[test]
fn what_it_complains_of_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = journalctl(folder.path(), "echo 'No journal files were opened' >&2; exit 1");
    let outcome = run(&path, &["logs", "--journal", "docker"]);
    assert_eq!(outcome.code, 3);
    assert!(
        outcome.stderr.contains("No journal files were opened\nhint: run it as root"),
        "{outcome:?}"
    );
    let outcome = run("/nonexistent", &["logs", "--journal", "docker"]);
    assert!(outcome.stderr.contains("cannot run journalctl"), "{outcome:?}");
}
