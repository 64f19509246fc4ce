//! The forms of a report for other programs and for tickets, over every recorded run, and read by
//! the programs that they are for.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use edgeprobe::language::Language;
use edgeprobe::report::{Report, junit, markdown, nagios, prometheus, short};
use edgeprobe::verdict::Status;
use regex::Regex;
use serde_json::Value;

use crate::program::run;
use crate::transcripts::{assert_plain, assert_transcript};

/// Text that means something to every reader of some form.
const HOSTILE: &str = "x|y\"<b>&'`*_#@root $(id) \\ %s é";

/// Every recorded run by its name, as it is and with hostile text in the place of the hub's name.
fn recordings() -> Vec<(String, Report)> {
    let mut recordings = Vec::new();
    for entry in fs::read_dir("tests/golden").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        let mut value: Value = serde_json::from_str(&text).unwrap();
        recordings.push((name.clone(), serde_json::from_value(value.clone()).unwrap()));
        replace(&mut value, "lab-hub", HOSTILE);
        recordings.push((format!("{name}-hostile"), serde_json::from_value(value).unwrap()));
    }
    assert!(recordings.len() > 100, "{}", recordings.len());
    recordings
}

fn replace(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(text) if text.contains(from) => *text = text.replace(from, to),
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, from, to)),
        Value::Object(members) => members.values_mut().for_each(|value| replace(value, from, to)),
        _ => {}
    }
}

#[test]
fn what_people_see() {
    for (name, recording) in [
        ("firewall", "lab-forward-nft-drop"),
        ("vpn", "lab-vpn-wg-quick"),
        ("port", "lab-port-held-by-container"),
    ] {
        let file = format!("tests/golden/{recording}.json");
        for format in ["short", "markdown", "nagios", "junit", "prometheus"] {
            let outcome = run(&["replay", &file, "--format", format]);
            assert_eq!(outcome.code, 2, "{}", outcome.stderr);
            assert_plain(&outcome.stdout);
            assert_transcript(
                &format!("format_{format}_{name}"),
                &format!("replay {file} --format {format}"),
                &outcome,
            );
        }
    }
    for format in ["short", "markdown", "nagios"] {
        let file = "tests/golden/lab-forward-nft-drop.json";
        let outcome = run(&["replay", file, "--format", format, "--lang", "fr"]);
        assert_transcript(
            &format!("format_{format}_fr"),
            &format!("replay {file} --format {format} --lang fr"),
            &outcome,
        );
    }
}

#[test]
fn short_has_a_line_for_each_cause() {
    for (name, report) in recordings() {
        let text = short::text(&report, Language::English);
        let lines = text.lines().count();
        let causes = report.verdict.causes.len();
        assert!(lines == causes.max(1) || lines == causes + 1, "{name}: {text}");
        assert!(report.verdict.causes.iter().all(|cause| text.contains(cause.id.word())));
    }
}

#[test]
fn nagios_gets_one_line_performance_data_and_details() {
    let first = Regex::new(concat!(
        r"^EDGEPROBE (OK|WARNING|CRITICAL|UNKNOWN) - [^|]+ \|",
        r"( '[A-Za-z0-9_.-]+'=[0-9]+\.[0-9]{3}s;;;0)+$"
    ))
    .unwrap();
    for (name, report) in recordings() {
        for language in Language::ALL {
            let text = nagios::text(&report, language);
            let line = text.lines().next().unwrap();
            let word = first.captures(line).unwrap_or_else(|| panic!("{name}: {line}"));
            let expected = ["OK", "WARNING", "CRITICAL", "UNKNOWN"];
            assert_eq!(
                &word[1],
                expected[usize::from(report.verdict.status.exit_code())],
                "{name}"
            );
            assert_eq!(text.matches('|').count(), 1, "{name}: {text}");
            assert!(text.len() < 4096, "{name}: {} bytes", text.len());
            if language == Language::English && !name.ends_with("-hostile") {
                assert!(text.is_ascii(), "{name}: {text}");
            }
        }
    }
}

#[test]
fn junit_is_valid_and_fails_where_the_verdict_does() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for (name, report) in recordings() {
        for (language, code) in [(Language::English, "en"), (Language::French, "fr")] {
            let text = junit::text(&report, language).unwrap();
            let count = |attribute: &str| -> u32 {
                let (_, after) = text.split_once(&format!(" {attribute}=\"")).unwrap();
                after.split_once('"').unwrap().0.parse().unwrap()
            };
            let (failures, errors) = (count("failures") > 0, count("errors") > 0);
            let expected = match report.verdict.status {
                Status::Healthy => (false, false),
                Status::Degraded | Status::Blocked => (true, false),
                Status::Inconclusive => (failures, true),
            };
            assert_eq!((failures, errors), expected, "{name}");
            assert_eq!(text.matches("<testcase ").count(), count("tests") as usize, "{name}");
            assert_eq!(text.matches("<skipped ").count(), count("skipped") as usize, "{name}");
            let file = folder.path().join(format!("{name}-{code}.xml"));
            fs::write(&file, text).unwrap();
            files.push(file);
        }
    }
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/junit.xsd");
    let schemas = std::env::var_os("EDGEPROBE_JUNIT_SCHEMAS").map(PathBuf::from);
    let others = schemas.into_iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    for schema in others.map(|entry| entry.unwrap().path()).chain([schema]) {
        let output = Command::new("xmllint")
            .arg("--noout")
            .arg("--schema")
            .arg(&schema)
            .args(&files)
            .output();
        let Ok(output) = output else {
            eprintln!("skipped: there is no xmllint here");
            return;
        };
        let told = String::from_utf8_lossy(&output.stderr);
        let bad: Vec<&str> = told.lines().filter(|line| !line.ends_with(" validates")).collect();
        assert!(output.status.success(), "{}: {bad:#?}", schema.display());
    }
}

#[test]
fn markdown_holds_foreign_text_as_text() {
    for (name, report) in recordings() {
        let text = markdown::text(&report, Language::English);
        let mut fenced = false;
        for line in text.lines() {
            if line.starts_with("```") {
                fenced = !fenced;
            } else if !fenced && !line.starts_with("   `") {
                let prose = line.replace("@<!-- -->", "").replace("<http", "");
                let bare = prose.replace("\\<", "").contains('<');
                assert!(!bare, "{name}: {line}");
                assert!(!prose.contains("@root"), "{name}: {line}");
                let cells = prose.replace("\\|", "").matches('|').count();
                assert!(cells == 0 || cells == 3, "{name}: {line}");
            }
        }
        assert!(!fenced, "{name}: a block does not end");
    }
}

/// The grammar is that of Azure's metrics-collector, which drops a line that it does not understand
/// without a word, and of the classic text format.
#[test]
fn metrics_are_classic_few_and_without_text() {
    let sample = Regex::new(concat!(
        r"^edgeprobe_[a-z_]+(\{[a-z]+=.[a-z0-9.-]*.(,[a-z]+=.[a-z-]+.)*\})? ",
        r"[0-9.eE+-]+$"
    ))
    .unwrap();
    for (name, report) in recordings() {
        let text = prometheus::text(&report);
        let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(samples.len() <= 12, "{name}: {text}");
        for line in &samples {
            assert!(sample.is_match(line), "{name}: {line}");
        }
        let status = format!("edgeprobe_status{{status=\"{}\"}} 1", report.verdict.status);
        let ones = samples
            .iter()
            .filter(|line| line.starts_with("edgeprobe_status") && line.ends_with(" 1"));
        assert_eq!(ones.collect::<Vec<_>>(), [&status.as_str()], "{name}");
        assert!(!text.contains("# EOF") && text.is_ascii(), "{name}: {text}");
        for family in ["status", "last_run_timestamp_seconds", "run_duration_seconds", "build_info"]
        {
            let help = format!("# HELP edgeprobe_{family} ");
            assert_eq!(text.matches(&help).count(), 1, "{name}: {family}");
        }
    }
}

#[test]
fn promtool_has_nothing_to_complain_of() {
    for recording in ["lab-forward-dropped-and-port-held", "lab-healthy-runtime", "demo-clock-skew"]
    {
        let file = format!("tests/golden/{recording}.json");
        let metrics = run(&["replay", &file, "--format", "prometheus"]).stdout;
        let child = Command::new("promtool")
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let Ok(mut child) = child else {
            eprintln!("skipped: there is no promtool here");
            return;
        };
        child.stdin.take().unwrap().write_all(metrics.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && told.is_empty(), "{recording}: {told}\n{metrics}");
    }
}

#[test]
fn node_exporter_serves_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("edgeprobe.prom");
    let recording = "tests/golden/lab-vpn-wg-quick.json";
    let output = file.to_str().unwrap();
    let outcome = run(&["replay", recording, "--format", "prometheus", "--output", output]);
    assert_eq!(outcome.code, 2, "{}", outcome.stderr);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let exporter = Command::new("prometheus-node-exporter")
        .args(["--collector.disable-defaults", "--collector.textfile", "--log.level=error"])
        .arg(format!("--collector.textfile.directory={}", folder.path().display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut exporter) = exporter else {
        eprintln!("skipped: there is no prometheus-node-exporter here");
        return;
    };
    let served = get(port);
    exporter.kill().unwrap();
    exporter.wait().unwrap();
    for line in fs::read_to_string(&file).unwrap().lines().filter(|line| !line.starts_with('#')) {
        let (series, _) = line.rsplit_once(' ').unwrap();
        // Labels are served in the order of the alphabet.
        assert!(served.contains(&format!("{series} ")), "{series} is not in\n{served}");
    }
    assert!(served.contains("node_textfile_scrape_error 0"), "{served}");
}

/// The metrics that a server on this port has, once it answers.
fn get(port: u16) -> String {
    let begun = Instant::now();
    loop {
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) {
            stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).unwrap();
            return text;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "nothing answers on port {port}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_report_of_vpn_is_told_as_its_answer() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vpn.json");
    let text = fs::read_to_string("tests/golden/lab-healthy-engine-only.json").unwrap();
    let mut report: Value = serde_json::from_str(&text).unwrap();
    report["vpn"] = serde_json::json!({"answer": "yes", "summary": "?"});
    fs::write(&file, report.to_string()).unwrap();
    let outcome = run(&["replay", file.to_str().unwrap(), "--format", "nagios"]);
    assert_eq!(outcome.code, 0);
    let line = "EDGEPROBE OK - No VPN is up on this host, so none overrides the edge network. | ";
    assert!(outcome.stdout.starts_with(line), "{}", outcome.stdout);
}

#[test]
fn the_exit_code_is_the_same_in_every_form() {
    for format in ["short", "markdown", "nagios", "junit", "prometheus"] {
        let outcome = run(&["demo", "--fault", "port-in-use", "--format", format]);
        assert_eq!(outcome.code, 2, "{format}: {}", outcome.stderr);
        assert!(outcome.stdout.contains("port-in-use"), "{format}: {}", outcome.stdout);
        assert_plain(&outcome.stdout);
        let quiet = run(&["demo", "--quiet", "--format", format]);
        assert_eq!((quiet.code, quiet.stdout.as_str()), (0, ""), "{format}: {}", quiet.stderr);
    }
    let painted =
        run(&["demo", "--fault", "port-in-use", "--format", "nagios", "--color", "always"]);
    assert_plain(&painted.stdout);
}

#[test]
fn a_form_and_a_file_that_are_swapped_are_told_apart() {
    let swapped = run(&["demo", "--output", "json"]);
    assert_eq!(
        (swapped.code, swapped.stderr.as_str()),
        (
            3,
            "error: invalid value 'json' for '--output <FILE>': json is a form, not a file\n\
             hint: `--format json` chooses the form, and `--output ./json` writes a file of this \
             name\n"
        )
    );
    let swapped = run(&["demo", "--format", "report.json"]);
    assert_eq!(swapped.code, 3);
    assert!(
        swapped.stderr.ends_with(
            "hint: `--output report.json` names the file, --format says what is in it\n"
        ),
        "{}",
        swapped.stderr
    );
}

#[test]
fn a_probe_alone_has_no_verdict_to_tell() {
    let outcome = run(&["probe", "hostname", "--format", "nagios"]);
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.contains("hint: "), "{}", outcome.stderr);
}
