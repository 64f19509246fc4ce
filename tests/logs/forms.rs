//! Every form in which a log comes says the same.

use std::fmt::Write as _;

use edgeprobe::logs::LogReport;
use serde_json::json;

use crate::corpus::{Case, cases, differences};
use crate::{built_in, scanned};

/// The logs with another form around each line.
fn assert_same(form: &str, wrapped: impl Fn(usize, &str) -> String) {
    assert_same_of(form, |_| true, wrapped);
}

fn has_times(case: &Case) -> bool {
    scanned(built_in(), case.text.as_bytes(), 10_000).sources[0].first_at.is_some()
}

fn assert_same_of(
    form: &str,
    chosen: impl Fn(&Case) -> bool,
    wrapped: impl Fn(usize, &str) -> String,
) {
    let signatures = built_in();
    for case in cases().into_iter().filter(chosen) {
        let log: String =
            case.text.lines().enumerate().map(|(index, line)| wrapped(index, line)).collect();
        let report = scanned(signatures, log.as_bytes(), 10_000);
        let problems = differences(&without_lines(&case), &report);
        assert!(problems.is_empty(), "{form}: {}: {problems:#?}\n{log}", case.name);
        assert_eq!(states(&report), states(&scanned(signatures, case.text.as_bytes(), 10_000)));
    }
}

fn without_lines(case: &Case) -> Case {
    let mut case = case.clone();
    for expected in &mut case.finds {
        expected.lines = None;
    }
    case
}

fn states(report: &LogReport) -> Vec<(String, String)> {
    let mut states: Vec<(String, String)> = report
        .findings
        .iter()
        .map(|finding| (finding.signature.clone(), format!("{:?}", finding.state)))
        .collect();
    states.sort();
    states
}

#[test]
fn carriage_returns() {
    assert_same("CRLF", |_, line| format!("{line}\r\n"));
}

#[test]
fn docker_s_json_files() {
    assert_same("json-file", |_, line| {
        let wrapped = json!({"log": format!("{line}\n"), "stream": "stderr"});
        format!("{wrapped}\n")
    });
    // As Go's encoder writes it.
    assert_same("json-file in Go", |_, line| {
        let wrapped = json!({"log": format!("{line}\n"), "stream": "stdout"}).to_string();
        let wrapped =
            wrapped.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
        format!("{wrapped}\n")
    });
}

#[test]
fn the_journal_s_json() {
    assert_same("journal JSON", |_, line| {
        format!("{}\n", json!({"_HOSTNAME": "gw1", "PRIORITY": "6", "MESSAGE": line}))
    });
    assert_same("journal JSON in bytes", |_, line| {
        format!("{}\n", json!({"MESSAGE": line.as_bytes(), "PRIORITY": "6"}))
    });
}

#[test]
fn the_journal_s_export_form() {
    assert_same("journal export", |index, line| {
        format!("__CURSOR=s={index}\n_HOSTNAME=gw1\nPRIORITY=6\nMESSAGE={line}\n_PID=1\n\n")
    });
}

#[test]
fn compose_and_the_terminal() {
    assert_same("compose", |_, line| format!("edgeAgent  | {line}\n"));
    assert_same("colour", |_, line| format!("\u{1b}[32m{line}\u{1b}[0m\n"));
    let painted =
        |line: &str| line.replace(' ', "\u{1b}[1;36m \u{1b}[0m").replace('r', "r\u{1b}[K");
    assert_same("colour in the middle", |_, line| format!("{}\n", painted(line)));
    assert_same("colour in docker's JSON", |_, line| {
        format!("{}\n", json!({"log": painted(line) + "\n", "stream": "stdout"}))
    });
    assert_same("colour in the journal's JSON in bytes", |_, line| {
        format!("{}\n", json!({"MESSAGE": painted(line).as_bytes(), "PRIORITY": "6"}))
    });
    assert_same("the engine's frames", |_, line| format!("\u{1}\0\0\0\0\0\0\u{20}{line}\n"));
    // The prefix is a time too, where a line has none.
    assert_same_of("syslog", has_times, |_, line| {
        format!("Sep 15 12:32:45 gw1 edgeAgent[4711]: {line}\n")
    });
}

/// The time of the form stands in for a line's own.
#[test]
fn times_of_the_form_count_where_a_line_has_none() {
    let pair = [
        "Edge agent attempting to connect to IoT Hub via AMQP...",
        "Edge agent attempting to connect to IoT Hub via AMQP over WebSocket...",
    ];
    let signatures = built_in();
    let times = [
        ("2022-05-29T02:11:14.5Z", "1653790274500000"),
        ("2022-05-29T02:11:44.5Z", "1653790304500000"),
    ];
    let mut docker = String::new();
    let mut export = String::new();
    let mut journal = String::new();
    let mut plain = String::new();
    for (line, (time, micros)) in pair.into_iter().zip(times) {
        writeln!(docker, "{}", json!({"log": line, "stream": "stdout", "time": time})).unwrap();
        writeln!(export, "__CURSOR=x\n__REALTIME_TIMESTAMP={micros}\n_PID=1\nMESSAGE={line}\n")
            .unwrap();
        writeln!(journal, "{}", json!({"__REALTIME_TIMESTAMP": micros, "MESSAGE": line})).unwrap();
        writeln!(plain, "{time} {line}").unwrap();
    }
    for log in [docker, export, journal, plain] {
        let report = scanned(signatures, log.as_bytes(), 33);
        let finding = &report.findings[0];
        assert_eq!(finding.signature, "edge-agent-silent", "{log}");
        assert_eq!(finding.details["attempt_ms"], 30_000);
        assert_eq!(finding.last_at.as_deref(), Some("2022-05-29T02:11:44.500Z"));
    }
}
