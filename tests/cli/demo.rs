//! The demo produces each fault for real, and the verdict names that fault and nothing else.

use std::collections::BTreeSet;

use crate::program::{demo, faults, run};

/// Each fault with the status and the exit code that it leads to.
const JUDGED: [(&str, &str, i32); 18] = [
    ("amqp-port-blocked", "degraded", 1),
    ("captive-portal", "blocked", 2),
    ("clock-skew", "blocked", 2),
    ("dns-hijack", "blocked", 2),
    ("dns-host-failure", "blocked", 2),
    ("edge-hub-mqtt-defect", "healthy", 0),
    ("egress-blocked", "blocked", 2),
    ("high-latency", "healthy", 0),
    ("https-port-blocked", "degraded", 1),
    ("hub-name-unknown", "blocked", 2),
    ("ipv6-broken", "healthy", 0),
    ("mqtt-port-blocked", "degraded", 1),
    ("not-iot-hub", "blocked", 2),
    ("port-in-use", "blocked", 2),
    ("root-ca-missing", "blocked", 2),
    ("tls-filtered", "blocked", 2),
    ("tls-intercepted", "blocked", 2),
    ("websocket-blocked", "degraded", 1),
];

#[test]
fn without_a_fault_the_demo_is_healthy() {
    let outcome = demo(None, "json");
    let report = outcome.json();
    assert_eq!(outcome.code, 0, "{}", outcome.stdout);
    assert_eq!(report["verdict"]["status"], "healthy");
    assert_eq!(report["verdict"]["causes"], serde_json::json!([]));
    assert_eq!(report["verdict"]["unexplained"], serde_json::json!([]));
    let failed = |o: &&serde_json::Value| o["outcome"] == "fail";
    assert_eq!(report["observations"].as_array().unwrap().iter().find(failed), None);
}

#[test]
fn every_fault_that_is_listed_is_judged_here() {
    let listed: BTreeSet<String> = faults().into_iter().collect();
    let judged: BTreeSet<String> = JUDGED.iter().map(|(fault, ..)| (*fault).to_owned()).collect();
    assert_eq!(listed, judged);
}

#[test]
fn every_fault_is_the_one_cause_that_is_named() {
    for (fault, status, code) in JUDGED {
        let outcome = demo(Some(fault), "json");
        let verdict = &outcome.json()["verdict"];
        let causes: Vec<&str> = verdict["causes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|cause| cause["id"].as_str().unwrap())
            .collect();
        assert_eq!(causes, [fault], "{verdict:#}");
        assert_eq!(verdict["status"], status, "{fault}");
        assert_eq!(verdict["unexplained"], serde_json::json!([]), "{fault}");
        assert_eq!(outcome.code, code, "{fault}");
    }
}

#[test]
fn every_cause_points_to_observations_of_its_report() {
    for (fault, ..) in JUDGED {
        let report = demo(Some(fault), "json").json();
        let ids: BTreeSet<&str> = report["observations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|observation| observation["id"].as_str().unwrap())
            .collect();
        let evidence = report["verdict"]["causes"][0]["evidence"].as_array().unwrap();
        assert!(!evidence.is_empty(), "{fault} without evidence");
        for id in evidence {
            assert!(ids.contains(id.as_str().unwrap()), "{fault}: no observation {id}");
        }
    }
}

#[test]
fn the_exit_code_is_the_same_in_every_format() {
    for (fault, _, code) in JUDGED {
        for format in ["human", "json", "ndjson"] {
            let outcome = demo(Some(fault), format);
            assert_eq!(outcome.code, code, "{fault} in {format}: {}", outcome.stdout);
        }
    }
}

#[test]
fn each_format_is_what_it_says() {
    for (fault, status, _) in JUDGED {
        let lines = demo(Some(fault), "ndjson").json_lines();
        let (last, before) = lines.split_last().unwrap();
        assert_eq!(last["type"], "verdict", "{fault}");
        assert_eq!(last["verdict"]["status"], status, "{fault}");
        assert!(before.iter().all(|line| line["type"] == "observation"), "{fault}");

        let human = &demo(Some(fault), "human").stdout;
        assert!(human.starts_with(&status.to_uppercase()), "the answer comes first: {human}");
        assert!(human.contains(&format!("edgeprobe explain {fault}")), "{human}");
        let json = demo(Some(fault), "json");
        assert_eq!(json.stderr, "", "a document for a program comes without a word beside it");
    }
}

#[test]
fn an_unknown_fault_is_an_error_with_a_hint() {
    let outcome = run(&["demo", "--fault", "sunspots"]);
    assert_eq!(outcome.code, 3);
    assert_eq!(outcome.stdout, "");
    assert_eq!(
        outcome.stderr,
        "error: `sunspots` is not a fault that can be produced here\n\
         hint: `edgeprobe demo --list` shows those that can\n"
    );
}
