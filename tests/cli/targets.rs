//! What may stand where a file is to be written: a stranger's pipe, link or file receives nothing, and
//! nothing is waited for.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::program::{Outcome, demo, run};

const HUB: &str = "h.azure-devices.net";

/// An ordinary user's number.
const OTHER: u32 = 65534;

/// Every command that writes a file, and the option that names it.
fn writers<'p>(recorded: &'p str, target: &'p str) -> Vec<(Vec<&'p str>, &'static str)> {
    let nobody = ["--resolver", "127.0.0.1:9", "--timeout", "1s", "--ports", "none"];
    let asks =
        |command: &[&'p str]| [command, &nobody, &["--no-container"], &["--hub", HUB]].concat();
    let mut all = vec![
        (vec!["demo"], "--output"),
        (asks(&["check"]), "--output"),
        (asks(&["vpn"]), "--output"),
        (asks(&["probe", "dns"]), "--output"),
        (asks(&["bundle"]), "--output"),
        (vec!["logs", recorded], "--output"),
        (vec!["replay", recorded], "--output"),
        (asks(&["vpn"]), "--baseline"),
    ];
    for (arguments, option) in &mut all {
        arguments.extend([*option, target]);
    }
    all
}

#[track_caller]
fn assert_refused(what: &str, option: &str, outcome: &Outcome) {
    assert_eq!((outcome.code, outcome.stdout.as_str()), (3, ""), "{what}: {outcome:?}");
    let (error, hint) = outcome.stderr.split_once('\n').unwrap();
    assert!(error.starts_with("error: cannot "), "{what}: {error}");
    assert!(hint.starts_with("hint: ") && hint.contains(option), "{what}: {hint}");
}

#[test]
fn what_is_no_regular_file_receives_nothing() {
    let folder = TempDir::new().unwrap();
    let place = |name: &str| folder.path().join(name);
    let recorded = place("recorded.json");
    fs::write(&recorded, &demo(Some("dns-hijack"), "json").stdout).unwrap();
    let kept = place("kept");
    fs::write(&kept, "kept").unwrap();
    assert!(Command::new("mkfifo").arg(place("pipe")).status().unwrap().success());
    symlink(&kept, place("link")).unwrap();
    symlink(place("nothing"), place("dangling")).unwrap();
    symlink("/dev/null", place("link-to-device")).unwrap();
    fs::create_dir(place("directory")).unwrap();
    let _socket = UnixListener::bind(place("socket")).unwrap();
    for (name, why) in [
        ("pipe", "it is a named pipe"),
        ("link", "it is a link to "),
        ("dangling", "it is a link to "),
        ("link-to-device", "it is a link to /dev/null"),
        ("directory", "it is a folder"),
        ("socket", "it is a socket"),
        ("/dev/zero", "it is a device"),
    ] {
        let target = if name.starts_with('/') { name.into() } else { place(name) };
        let target = target.to_str().unwrap();
        for (arguments, option) in writers(recorded.to_str().unwrap(), target) {
            let what = arguments.join(" ");
            let outcome = run(&arguments);
            assert_eq!(outcome.code, 3, "{what}: {outcome:?}");
            // A baseline that is there is read.
            if option == "--output" || name == "dangling" {
                assert_refused(&what, option, &outcome);
                assert!(outcome.stderr.contains(why), "{what}: {}", outcome.stderr);
            }
        }
    }
    assert_eq!(fs::read_to_string(&kept).unwrap(), "kept");
    assert!(!place("nothing").exists());
    assert!(fs::symlink_metadata(place("link")).unwrap().is_symlink());
}

/// As in /tmp: everybody may write to it, and remove what is their own.
fn shared() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o1777)).unwrap();
    folder
}

fn is_given_away(path: &Path) -> bool {
    let given = chown(path, Some(OTHER), Some(OTHER)).is_ok();
    if !given {
        eprintln!("skipped: only root can give a file away");
    }
    given
}

#[test]
fn a_stranger_s_file_in_a_shared_folder_is_not_written() {
    let folder = shared();
    let path = folder.path().join("report");
    fs::write(&path, "a stranger's").unwrap();
    if !is_given_away(&path) {
        return;
    }
    for command in [&["demo"][..], &["bundle", "--hub", HUB]] {
        let outcome = run(&[command, &["--output", path.to_str().unwrap()]].concat());
        assert_refused(&command.join(" "), "--output", &outcome);
        assert!(outcome.stderr.contains("another user's file"), "{}", outcome.stderr);
        assert_eq!(fs::read_to_string(&path).unwrap(), "a stranger's");
    }
}

#[test]
fn an_older_file_keeps_its_owner() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("report");
    fs::write(&path, "older").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    if !is_given_away(&path) {
        return;
    }
    assert_eq!(run(&["demo", "--output", path.to_str().unwrap()]).code, 0);
    assert!(fs::read_to_string(&path).unwrap().starts_with("HEALTHY"));
    let metadata = fs::metadata(&path).unwrap();
    assert_eq!((metadata.uid(), metadata.gid(), metadata.mode() & 0o777), (OTHER, OTHER, 0o640));
}

#[test]
fn a_baseline_is_its_owners_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("before.json");
    let arguments = ["vpn", "--hub", HUB, "--resolver", "127.0.0.1:9", "--timeout", "1s"];
    let outcome =
        run(&[&arguments[..], &["--no-container", "--baseline", path.to_str().unwrap()]].concat());
    assert!(outcome.stderr.contains("kept the present"), "{outcome:?}");
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
}

#[test]
fn a_report_is_not_waited_for() {
    let folder = TempDir::new().unwrap();
    let pipe = folder.path().join("report.json");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let outcome = run(&["replay", pipe.to_str().unwrap()]);
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.contains("edgeprobe replay - <"), "{}", outcome.stderr);
    // One that the shell opens has its writer.
    let recorded = folder.path().join("recorded.json");
    fs::write(&recorded, &demo(None, "json").stdout).unwrap();
    let script = format!("exec \"$0\" replay <(cat '{}')", recorded.display());
    let output = Command::new("bash").args(["-c", &script, crate::program::PROGRAM]).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}
