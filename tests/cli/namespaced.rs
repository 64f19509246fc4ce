//! A whole check on the real ports, against an internet in a namespace of its own.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::internet::{HUB, roots, serve};
use crate::namespace::{RESOLVER_ADDRESS, with_internet};
use crate::program::{Outcome, run};

/// A check of the device, without the engine: the tester's own has no part in this.
fn check(announced: &str, more: &[&str]) -> Outcome {
    let folder = TempDir::new().unwrap();
    let ca_file = folder.path().join("ca.pem");
    fs::write(&ca_file, roots(announced)).unwrap();
    let mut arguments = vec!["check", "--hub", HUB, "--resolver", RESOLVER_ADDRESS];
    arguments.extend(["--ca-file", ca_file.to_str().unwrap(), "--skip", "engine"]);
    arguments.extend(more);
    run(&arguments)
}

#[test]
fn a_device_on_which_all_is_well_is_healthy() {
    with_internet(
        "namespaced::a_device_on_which_all_is_well_is_healthy",
        serve(None),
        |announced| {
            let outcome =
                check(announced, &["--format", "json", "--protocol", "amqp,amqp-ws,mqtt,mqtt-ws"]);
            let report = outcome.json();
            assert_eq!(outcome.code, 0, "{report:#}");
            assert_eq!(report["verdict"]["causes"], serde_json::json!([]), "{report:#}");
            assert_eq!(report["verdict"]["unexplained"], serde_json::json!([]), "{report:#}");
            for probe in ["dns", "route", "tls", "websocket", "https", "ports", "clock"] {
                let asked = observations(&report).iter().any(|o| o["probe"] == probe);
                assert!(asked, "{probe} took part: {report:#}");
            }
            let quiet = check(announced, &["--quiet"]);
            assert_eq!((quiet.code, quiet.stdout.as_str(), quiet.stderr.as_str()), (0, "", ""));
        },
    );
}

#[test]
fn the_probes_run_at_the_same_time() {
    with_internet("namespaced::the_probes_run_at_the_same_time", serve(None), |announced| {
        let outcome = check(announced, &["--format", "json"]);
        let report = outcome.json();
        let connections: Vec<&Value> = observations(&report)
            .iter()
            .filter(|o| ["tls", "websocket", "https"].contains(&o["probe"].as_str().unwrap()))
            .filter(|o| o["target"].as_str().unwrap().contains(HUB))
            .collect();
        assert_eq!(connections.len(), 3, "{report:#}");
        // Each began before any other had ended.
        let last_start = connections.iter().map(|o| started(o)).fold(0.0, f64::max);
        let first_end = connections.iter().map(|o| ended(o)).fold(f64::INFINITY, f64::min);
        assert!(last_start < first_end, "one waited for another: {connections:#?}");

        // Together they took longer than from the first question to the last answer.
        let all = observations(&report);
        let first = all.iter().map(started).fold(f64::INFINITY, f64::min);
        let last = all.iter().map(ended).fold(0.0, f64::max);
        let together: f64 = all.iter().map(|o| ended(o) - started(o)).sum();
        assert!(together > last - first, "{together} ms of work in {} ms", last - first);
    });
}

fn observations(report: &Value) -> &[Value] {
    report["observations"].as_array().unwrap()
}

fn started(observation: &Value) -> f64 {
    observation["started_ms"].as_f64().unwrap()
}

fn ended(observation: &Value) -> f64 {
    started(observation) + observation["duration_ms"].as_f64().unwrap()
}
