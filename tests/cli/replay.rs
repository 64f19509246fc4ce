//! A recorded report leads to the same verdict again.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::program::{Outcome, demo, edgeprobe, faults, run};

fn recorded(folder: &TempDir, fault: Option<&str>) -> PathBuf {
    let path = folder.path().join("report.json");
    fs::write(&path, &demo(fault, "json").stdout).unwrap();
    path
}

fn replayed(path: &Path, more: &[&str]) -> Outcome {
    let mut arguments = vec!["replay", path.to_str().unwrap()];
    arguments.extend(more);
    run(&arguments)
}

#[test]
fn the_verdict_and_the_exit_code_are_the_same_again() {
    let folder = TempDir::new().unwrap();
    let faults = faults();
    for fault in faults.iter().map(|fault| Some(fault.as_str())).chain([None]) {
        let path = recorded(&folder, fault);
        let before = demo(fault, "json");
        let after = replayed(&path, &["--format", "json"]);
        assert_eq!(after.code, before.code, "{fault:?}");
        assert_eq!(after.stderr, "", "{fault:?}");
        let (before, after) = (before.json(), after.json());
        for field in before["verdict"].as_object().unwrap().keys() {
            let (old, new) = (&before["verdict"][field], &after["verdict"][field]);
            assert_eq!(old, new, "{fault:?}: {field}");
        }
        assert_eq!(before, after, "{fault:?}: what was recorded stays as it was");
    }
}

#[test]
fn the_verdict_is_reached_again_and_not_copied() {
    let folder = TempDir::new().unwrap();
    let path = recorded(&folder, Some("dns-host-failure"));
    let mut report: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    report["verdict"]["status"] = "healthy".into();
    report["verdict"]["causes"] = serde_json::json!([]);
    fs::write(&path, report.to_string()).unwrap();
    let outcome = replayed(&path, &["--format", "json"]);
    assert_eq!(outcome.code, 2);
    assert_eq!(outcome.json()["verdict"]["causes"][0]["id"], "dns-host-failure");
}

#[test]
fn what_a_terminal_would_act_on_is_not_shown_of_somebody_else_s_report() {
    let folder = TempDir::new().unwrap();
    let path = recorded(&folder, Some("dns-host-failure"));
    let mut report: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    spoil(&mut report);
    fs::write(&path, report.to_string()).unwrap();
    for format in ["human", "json", "ndjson"] {
        let outcome = replayed(&path, &["--format", format]);
        let shown = outcome.stdout + &outcome.stderr;
        assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{format}: {shown:?}");
        assert!(!shown.contains("\\u001b"), "{format}: {shown}");
    }
    let verbose = replayed(&path, &["--verbose"]).stdout;
    assert!(verbose.contains("]0;owned") && !verbose.contains('\u{1b}'), "{verbose:?}");
}

/// Puts what a terminal acts on into every text that people may have written.
fn spoil(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(spoil),
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                match member {
                    Value::String(text) if matches!(name.as_str(), "detail" | "label") => {
                        *text += "\u{1b}]0;owned\u{7}\u{202e}";
                    }
                    other => spoil(other),
                }
            }
        }
        _ => {}
    }
}

#[test]
fn a_dash_reads_standard_input() {
    let report = &demo(Some("dns-hijack"), "json").stdout;
    let outcome =
        Outcome::from_command(edgeprobe().args(["replay", "-"]).write_stdin(report.as_str()));
    assert_eq!(outcome.code, 2);
    assert!(outcome.stdout.starts_with("BLOCKED"), "{}", outcome.stdout);
}

#[test]
fn it_is_told_in_every_format() {
    let folder = TempDir::new().unwrap();
    let path = recorded(&folder, Some("dns-hijack"));
    assert!(replayed(&path, &[]).stdout.contains("dns-hijack, confirmed"));
    let lines = replayed(&path, &["--format", "ndjson"]).json_lines();
    assert_eq!(lines.last().unwrap()["type"], "verdict");
    let verbose = replayed(&path, &["--verbose"]).stdout;
    assert!(verbose.contains("port-in-use: "), "why each is ruled out: {verbose}");
    assert_eq!(replayed(&path, &["--quiet"]).code, 2);
}

#[test]
fn fields_of_a_later_minor_version_are_passed_over() {
    let folder = TempDir::new().unwrap();
    let path = recorded(&folder, None);
    let mut report: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    report["later"] = 1.into();
    report["observations"][0]["facts"]["later"] = 1.into();
    fs::write(&path, report.to_string()).unwrap();
    assert_eq!(replayed(&path, &[]).code, 0);
}

#[test]
fn a_report_that_windows_redirected_is_read_and_an_empty_one_is_said_to_be() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("report.json");
    let recorded = run(&["demo", "--format", "json"]);
    let text = &recorded.stdout;
    let utf16 = |unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(unit).collect()
    };
    let marked = format!("\u{feff}{text}").into_bytes();
    for bytes in [marked, utf16(u16::to_le_bytes), utf16(u16::to_be_bytes)] {
        fs::write(&path, bytes).unwrap();
        let outcome = run(&["replay", path.to_str().unwrap()]);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{outcome:?}");
    }
    fs::write(&path, "\n").unwrap();
    let outcome = run(&["replay", path.to_str().unwrap()]);
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.contains("is empty"), "{}", outcome.stderr);
}

/// A report of a stranger, packed into some kilobytes, costs no more memory than any other.
#[cfg(target_os = "linux")]
#[test]
fn a_report_that_would_fill_the_memory_is_refused() {
    use std::io::Write as _;
    use std::process::Command;

    let folder = TempDir::new().unwrap();
    let path = folder.path().join("bomb.zip");
    let objects = |count: usize| format!("[{}{{}}]", "{\"a\":1},".repeat(count));
    for (report, why) in [
        (format!("[{}1]", "1,".repeat(7 << 20)), "more values than any report"),
        (objects(1 << 20), "more values than any report"),
        (objects(145_000), "not an edgeprobe report"),
        (" ".repeat(17 << 20), "larger than 16 MiB"),
    ] {
        let mut zip = zip::ZipWriter::new(fs::File::create(&path).unwrap());
        zip.start_file("report.json", zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(report.as_bytes()).unwrap();
        zip.finish().unwrap();
        let output = Command::new("prlimit")
            .args(["--as=268435456", crate::program::PROGRAM, "replay"])
            .arg(&path)
            .output()
            .unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{told}");
        assert!(told.contains(why), "{told}");
    }
}

/// What a shell would act on stands in no command to paste.
#[test]
fn a_stranger_s_words_add_nothing_to_a_command() {
    let folder = TempDir::new().unwrap();
    let mut commands = 0;
    for fault in faults() {
        let path = recorded(&folder, Some(&fault));
        let report = fs::read_to_string(&path).unwrap();
        let hub = serde_json::from_str::<Value>(&report).unwrap()["target"]["hub"].clone();
        for hostile in ["x; reboot #", "$(reboot)", "`reboot`", "a'b\\\" & reboot", "--reboot"] {
            fs::write(&path, report.replace(hub.as_str().unwrap(), hostile)).unwrap();
            for language in ["en", "fr"] {
                let replayed = replayed(&path, &["--format", "json", "--lang", language]).json();
                // Backticks within a word look like code in prose.
                let with_prose = !hostile.contains('`');
                for command in copied(&replayed["verdict"], with_prose) {
                    commands += 1;
                    assert!(!command.contains("reboot"), "{fault}: {command}");
                }
            }
        }
    }
    assert!(commands > 100, "{commands}");
}

/// What a verdict gives to copy: remedies' commands, and what stands between backticks.
fn copied(verdict: &Value, with_prose: bool) -> Vec<String> {
    match verdict {
        Value::Object(members) => {
            let mut all: Vec<String> =
                members.values().flat_map(|member| copied(member, with_prose)).collect();
            all.extend(members.get("command").and_then(Value::as_str).map(str::to_owned));
            let prose = ["text", "would_confirm", "why"].into_iter().filter(|_| with_prose);
            let prose = prose.filter_map(|name| members.get(name)?.as_str());
            all.extend(
                prose.flat_map(|text| text.split('`').skip(1).step_by(2)).map(str::to_owned),
            );
            all
        }
        Value::Array(items) => items.iter().flat_map(|item| copied(item, with_prose)).collect(),
        _ => Vec::new(),
    }
}
