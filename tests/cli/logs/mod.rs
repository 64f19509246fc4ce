//! `edgeprobe logs` from end to end: every packing, every source, and no secret in any of them.

mod follow;
mod forms;
mod journal;
mod secrets;
mod since;

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::program::{Outcome, edgeprobe, run};
use crate::renew::assert_up_to_date;

const PORT: &str = "2023-01-24 12:32:45.904 +00:00 [ERR] - Bind for 0.0.0.0:443 failed: port is \
                    already allocated\n";

/// A program with this standard input.
fn piped(arguments: &[&str], input: impl Into<Vec<u8>>) -> Outcome {
    Outcome::from_command(edgeprobe().args(arguments).write_stdin(input))
}

#[track_caller]
fn assert_port(report: &Value, source: &str) {
    let finding = &report["findings"][0];
    assert_eq!(finding["signature"], "port-allocated", "{report:#}");
    assert_eq!(finding["details"]["port"], 443);
    assert_eq!(finding["source"], source);
    assert_eq!(report["verdict"]["status"], "blocked");
    assert_eq!(report["verdict"]["causes"][0]["id"], "port-in-use");
}

fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_exit_code_is_the_verdict_s() {
    let connected = "Edge agent attempting to connect to IoT Hub via Amqp_Tcp_Only...\n\
                     Edge agent connected to IoT Hub via Amqp_Tcp_Only.\n";
    let fallback = "Edge agent attempting to connect to IoT Hub via Amqp_Tcp_Only...\n\
                    Edge agent attempting to connect to IoT Hub via Amqp_WebSocket_Only...\n\
                    Edge agent connected to IoT Hub via Amqp_WebSocket_Only.\n";
    for (log, code) in [(connected, 0), (fallback, 1), (PORT, 2), ("nothing\n", 3), ("", 3)] {
        for format in ["human", "json"] {
            let outcome = piped(&["logs", "-", "--format", format], log);
            assert_eq!(outcome.code, code, "{log}: {outcome:?}");
            assert!(outcome.stderr.is_empty(), "{}", outcome.stderr);
        }
    }
    assert_eq!(piped(&["logs", "-", "--quiet"], connected).stdout, "");
    assert_ne!(piped(&["logs", "-", "--quiet"], fallback).stdout, "");
}

#[test]
fn several_logs_are_one_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let quiet = write(folder.path(), "edgeHub.log", "nothing\n");
    let telling = write(folder.path(), "edgeAgent.log", PORT);
    let report = run(&["logs", &quiet, &telling, &telling, "--format", "json"]).json();
    assert_port(&report, &telling);
    assert_eq!(report["findings"][0]["container"], "edgeAgent");
    assert_eq!(report["sources"].as_array().unwrap().len(), 2, "a log is read once");
}

#[test]
fn the_result_keeps_its_schema() {
    let schema = run(&["generate", "logs-schema"]).json();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for log in [PORT, "nothing\n", "Error creating a device-to-cloud connection\n"] {
        let report = piped(&["logs", "-", "--format", "json"], log).json();
        assert_eq!(report["schema"], "edgeprobe.logs/1");
        let errors: Vec<String> =
            validator.iter_errors(&report).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

#[test]
fn the_schema_of_the_result_is_up_to_date() {
    let generated = run(&["generate", "logs-schema"]).stdout;
    assert_up_to_date("schema", &[("docs/logs.schema.json", generated)]);
}

#[test]
fn a_result_can_go_to_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logs.json");
    let outcome =
        piped(&["logs", "-", "--format", "json", "--output", path.to_str().unwrap()], PORT);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""));
    assert_eq!(outcome.stderr, "blocked: Port 443 is held by another container.\n");
    assert_port(
        &serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap(),
        "standard input",
    );
}

#[test]
fn lines_for_people_fit_a_terminal() {
    let long = format!("{}{}", "word ".repeat(100), PORT);
    let outcome = piped(&["logs", "-"], format!("{long}{PORT}"));
    for line in outcome.stdout.lines() {
        let is_url = line.trim_start().starts_with("https://");
        assert!(line.chars().count() <= 80 || is_url, "{line}");
    }
}

#[test]
fn what_cannot_be_read_is_told_with_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    let folder_path = folder.path().to_str().unwrap();
    let broken = write(folder.path(), "own.toml", "[[signature]]\nid = \"x\"\n");
    let empty_host = "unix:///nonexistent/engine.sock";
    for (arguments, told) in [
        (vec!["logs", "/nonexistent/edgeAgent.log"], "cannot read /nonexistent/edgeAgent.log"),
        (vec!["logs", folder_path], "is a folder"),
        (vec!["logs", "-", "--since", "yesterday"], "neither a duration nor a time"),
        (vec!["logs", "-", "--signatures", &broken], "signature `x`: it needs a `text`"),
        (vec!["logs", "-", "--signatures", "/nonexistent.toml"], "cannot read /nonexistent.toml"),
        (vec!["logs", "--container", "edgeAgent"], "the container engine at unix:///nonexistent"),
        (vec!["logs", "-", "--format", "xml"], "invalid value 'xml'"),
    ] {
        let outcome =
            Outcome::from_command(edgeprobe().env("DOCKER_HOST", empty_host).args(&arguments));
        assert_eq!((outcome.code, outcome.stdout.as_str()), (3, ""), "{arguments:?}: {outcome:?}");
        assert!(outcome.stderr.contains(told), "{arguments:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("hint: "), "{}", outcome.stderr);
    }
}
