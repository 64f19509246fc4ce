//! Every packing of a file.

use std::fs;
use std::io::Write as _;
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{PORT, assert_port, piped, write};
use crate::program::run;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn utf16(text: &str, big: bool, mark: bool) -> Vec<u8> {
    let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
    units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[test]
fn every_packing_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let windows = PORT.replace('\n', "\r\n");
    for (name, bytes) in [
        ("plain.log", PORT.as_bytes().to_vec()),
        ("windows.log", windows.as_bytes().to_vec()),
        ("utf-8-with-mark.log", format!("\u{feff}{PORT}").into_bytes()),
        ("powershell.log", utf16(&windows, false, true)),
        ("big-endian.log", utf16(PORT, true, true)),
        ("without-mark.log", utf16(PORT, false, false)),
        ("rotated.log.gz", gzip(PORT.as_bytes())),
        ("rotated-powershell.log.gz", gzip(&utf16(PORT, false, true))),
        // As `cat a.gz b.gz` makes it.
        ("twice.gz", [gzip(b"nothing\n"), gzip(PORT.as_bytes())].concat()),
    ] {
        let path = write(folder.path(), name, &bytes);
        assert_port(&run(&["logs", &path, "--format", "json"]).json(), &path);
        let report = piped(&["logs", "-", "--format", "json"], bytes).json();
        assert_port(&report, "standard input");
    }
}

#[test]
fn a_support_bundle_is_read_member_by_member() {
    let folder = tempfile::tempdir().unwrap();
    // Bundles hold what the engine says of containers too, and that is full of secrets.
    let inspected = format!("{{\"Env\": [\"{}\"]}}", PORT.trim_end());
    let bundle = zip(&[
        ("support_bundle/check.json", b"{\"checks\":{}}"),
        ("support_bundle/inspect/edgeAgent.json", inspected.as_bytes()),
        ("support_bundle/logs/edgeAgent_log.txt", PORT.as_bytes()),
        ("support_bundle/logs/aziot-edged.txt", b"all is well\n"),
    ]);
    let path = write(folder.path(), "support_bundle.zip", &bundle);
    for (report, name) in [
        (run(&["logs", &path, "--format", "json"]).json(), path.as_str()),
        (piped(&["logs", "-", "--format", "json"], bundle.clone()).json(), "standard input"),
    ] {
        assert_port(&report, &format!("{name}:support_bundle/logs/edgeAgent_log.txt"));
        assert_eq!(report["findings"][0]["container"], "edgeAgent");
        assert_eq!(report["findings"].as_array().unwrap().len(), 1);
        assert_eq!(report["sources"].as_array().unwrap().len(), 3);
    }
}

#[test]
fn what_breaks_off_counts_as_far_as_it_goes() {
    let mut cut = gzip(format!("{PORT}{}", "x\n".repeat(200_000)).as_bytes());
    cut.truncate(cut.len() - 20);
    let report = piped(&["logs", "-", "--format", "json"], cut).json();
    assert_port(&report, "standard input");
    let note = report["sources"][0]["notes"][0].as_str().unwrap();
    assert!(note.starts_with("reading broke off: "), "{note}");
}

#[test]
fn a_broken_archive_is_no_defect_of_the_program() {
    for bytes in [&b"PK\x03\x04 and then nothing"[..], b"PK\x05\x06", b"\x1f\x8b\x08\x00"] {
        let outcome = piped(&["logs", "-", "--format", "json"], bytes);
        assert_eq!(outcome.code, 3, "{outcome:?}");
        assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
    }
}

/// Mebibytes of a log that come by standard input, and those that the program may hold while they do.
#[cfg(target_os = "linux")]
const STREAMED: usize = 256;
#[cfg(target_os = "linux")]
const HELD_MIB: u64 = 64;

/// Lines in every form that is costly to read: in colours, in docker's JSON, telling ones whose words
/// differ, a long one, and a last one without an end.
#[cfg(target_os = "linux")]
fn costly(number: usize) -> String {
    let quiet = "<6> 2023-01-24 08:31:30.042 +00:00 [INF] - Updated reported properties for gw1\n";
    let mut block =
        format!("Could not connect to host{number}.example : could not resolve hostname\n");
    block += "\u{1b}[32m2023-01-24 08:31:30 all \u{1b}[1mis\u{1b}[0m well\n";
    block += &"{\"log\":\"\\u001b[32mall is well\\n\",\"stream\":\"stdout\"}\n".repeat(10);
    block += &"x".repeat(200_000);
    block.push('\n');
    while block.len() < 1 << 20 {
        block += quiet;
    }
    block
}

/// What Linux says that the process held at most, in mebibytes.
#[cfg(target_os = "linux")]
fn held_at_most(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

#[test]
#[cfg(target_os = "linux")]
fn a_log_of_any_size_is_read_in_little_memory() {
    use std::process::{Command, Stdio};

    let mut command = Command::new(crate::program::PROGRAM);
    command.env_clear().args(["logs", "-", "--format", "json"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut reader = command.spawn().unwrap();
    let mut input = reader.stdin.take().unwrap();
    for number in 0..STREAMED {
        input.write_all(costly(number).as_bytes()).unwrap();
    }
    // A pipe holds less than a mebibyte, so that all but the last was taken; it has not ended yet.
    let held = held_at_most(reader.id());
    drop(input);
    let output = reader.wait_with_output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(report["sources"][0]["bytes"].as_u64().unwrap() >= (STREAMED << 20) as u64);
    assert!(held < HELD_MIB, "{held} MiB were held of a log of {STREAMED} MiB");
}

/// A hundred megabytes of zeros in a hundred kilobytes: one line without end.
#[test]
fn a_bomb_is_read_to_its_end_and_said_to_be_cut() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..100 {
        encoder.write_all(&vec![0; 1 << 20]).unwrap();
    }
    let bomb = zip(&[("a.log", &encoder.finish().unwrap())]);
    let report = piped(&["logs", "-", "--format", "json"], bomb).json();
    assert_eq!(report["sources"][0]["bytes"], 100 << 20);
    assert!(report["sources"][0]["notes"][0].as_str().unwrap().contains("longer than 64 KiB"));
}

/// Every entry is the same megabyte: unpacked in turn they have no end.
#[test]
fn an_archive_whose_entries_share_their_bytes_is_refused() {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file("0.log", SimpleFileOptions::default()).unwrap();
    writer.write_all(&vec![b'x'; 1 << 20]).unwrap();
    for number in 1..2_000 {
        writer.shallow_copy_file("0.log", &format!("{number}.log")).unwrap();
    }
    let bomb = writer.finish().unwrap().into_inner();
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "bomb.zip", &bomb);
    let outcome = run(&["logs", &path]);
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.contains("share their bytes"), "{outcome:?}");
}

#[test]
fn a_pipe_that_nobody_writes_into_is_not_waited_for() {
    let folder = TempDir::new().unwrap();
    let pipe = folder.path().join("edgeAgent.log");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let path = pipe.to_str().unwrap();
    let outcome = run(&["logs", path]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (3, ""), "{outcome:?}");
    assert!(outcome.stderr.contains("nothing was written into the pipe"), "{outcome:?}");
    assert!(outcome.stderr.contains("hint: give what writes it to standard input"), "{outcome:?}");
    // One that has a writer is read to its end.
    let written = pipe.clone();
    let writer = std::thread::spawn(move || fs::write(written, "nothing of interest\n"));
    let outcome = run(&["logs", path, "--format", "json"]);
    assert_eq!(outcome.json()["sources"][0]["lines"], 1, "{outcome:?}");
    writer.join().unwrap().unwrap();
}
