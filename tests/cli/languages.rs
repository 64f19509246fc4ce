//! Which language is spoken: `--lang`, else the locale for people, else English.

use crate::program::{Outcome, edgeprobe, run};
use crate::transcripts::{assert_lines_fit, assert_plain, assert_transcript};

const FRENCH: (&str, &str) = ("LANG", "fr_FR.UTF-8");

fn in_france(arguments: &[&str]) -> Outcome {
    Outcome::from_command(edgeprobe().env(FRENCH.0, FRENCH.1).args(arguments))
}

#[test]
fn a_device_with_a_fault() {
    for fault in ["amqp-port-blocked", "dns-host-failure", "tls-intercepted"] {
        let outcome = run(&["demo", "--lang", "fr", "--fault", fault]);
        let name = format!("demo_fr_{}", fault.replace('-', "_"));
        assert_transcript(&name, &format!("demo --lang fr --fault {fault}"), &outcome);
    }
}

#[test]
fn the_explanations() {
    let list = run(&["explain", "--lang", "fr"]);
    assert_transcript("explain_fr", "explain --lang fr", &list);
    let page = run(&["explain", "--lang", "fr", "port-in-use"]);
    let shown = "explain --lang fr port-in-use";
    assert_transcript("explain_fr_port_in_use", shown, &page);
}

#[test]
fn every_page_fits_in_french_too() {
    let list = run(&["explain", "--lang", "fr"]).stdout;
    assert_lines_fit(&list, "explain --lang fr");
    let ids: Vec<&str> = list
        .lines()
        .filter_map(|line| line.split("  ").next())
        .filter(|id| {
            !id.is_empty() && id.chars().all(|c| c.is_ascii_lowercase() || "-46".contains(c))
        })
        .collect();
    assert!(ids.len() >= 37, "{} causes", ids.len());
    for id in ids {
        let page = run(&["explain", "--lang", "fr", id]);
        assert_eq!(page.code, 0, "{id}");
        assert_lines_fit(&page.stdout, id);
        assert_plain(&page.stdout);
    }
}

#[test]
fn every_fault_of_the_demo_fits_in_french_too() {
    let list = run(&["demo", "--list", "--lang", "fr"]).stdout;
    assert_lines_fit(&list, "demo --list --lang fr");
    for fault in list.lines().filter_map(|line| line.split("  ").next()).filter(|id| !id.is_empty())
    {
        let outcome = run(&["demo", "--lang", "fr", "--fault", fault]);
        assert!(outcome.code < 3, "{fault}: {}", outcome.stderr);
        assert_lines_fit(&outcome.stdout, fault);
        assert_lines_fit(&outcome.stderr, fault);
    }
}

#[test]
fn the_locale_chooses_for_people_and_the_option_goes_before_it() {
    let english = run(&["explain", "dns-hijack"]).stdout;
    let french = run(&["explain", "dns-hijack", "--lang", "fr"]).stdout;
    assert_ne!(english, french);
    assert_eq!(in_france(&["explain", "dns-hijack"]).stdout, french);
    assert_eq!(in_france(&["--lang", "en", "explain", "dns-hijack"]).stdout, english);
    let elsewhere = Outcome::from_command(
        edgeprobe().env("LC_ALL", "C").env("LANG", "fr_FR.UTF-8").args(["explain", "dns-hijack"]),
    );
    assert_eq!(elsewhere.stdout, english);
}

/// What a script or a dashboard keeps must not depend on who runs it.
#[test]
fn forms_for_programs_are_english_unless_french_is_asked_for() {
    let recording = "tests/golden/lab-vpn-wg-quick.json";
    let english = run(&["replay", recording, "--format", "json"]).json();
    let in_france = in_france(&["replay", recording, "--format", "json"]).json();
    assert_eq!(english, in_france);
    let french = run(&["replay", recording, "--format", "json", "--lang", "fr"]).json();
    assert_ne!(french["verdict"]["summary"], english["verdict"]["summary"]);
    for same in ["/verdict/status", "/verdict/causes/0/id", "/verdict/causes/0/remedy/1/command"] {
        assert_eq!(french.pointer(same), english.pointer(same), "{same}");
    }
    assert_eq!(french["observations"], english["observations"]);
}

#[test]
fn the_line_that_cron_mails_is_in_the_language_of_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("last.txt");
    let file = file.to_str().unwrap();
    let recording = "tests/golden/lab-nat-flushed.json";
    let told = in_france(&["replay", recording, "--quiet", "--output", file]);
    assert_eq!(told.code, 2);
    assert!(told.stderr.starts_with("bloqué : Les paquets du réseau"), "{}", told.stderr);
    let kept = std::fs::read_to_string(file).unwrap();
    assert!(kept.starts_with("BLOQUÉ      Les paquets du réseau"), "{kept}");
}

#[test]
fn another_language_is_an_error_of_usage() {
    let outcome = run(&["explain", "--lang", "de"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (3, ""));
    assert!(outcome.stderr.contains("[possible values: en, fr]"), "{}", outcome.stderr);
}

/// The page of 2017, a port that is taken, a fall-back that works, and a log without an end.
const LOG: &str = "\
2017-11-28 18:46:19 [INF] - Starting module management agent.
2017-11-28 18:46:19 [INF] - Edge agent attempting to connect to IoT Hub via AMQP...
2017-11-28 18:46:49 [INF] - Edge agent attempting to connect to IoT Hub via AMQP over WebSocket...
2017-11-28 18:47:20 [ERR] - Bind for 0.0.0.0:443 failed: port is already allocated
2017-11-28 18:47:50 [WRN] - Empty edge agent config was received.
2017-11-28 18:47:50 [INF] - Successfully started module edgeHub
";

fn logs(arguments: &[&str], log: &str) -> Outcome {
    let mut program = edgeprobe();
    Outcome::from_command(
        program.env(FRENCH.0, FRENCH.1).arg("logs").args(arguments).write_stdin(log),
    )
}

#[test]
fn logs_are_told_in_french_too() {
    for (name, log) in [
        ("logs_fr_attempts", LOG),
        ("logs_fr_port", "Bind for 0.0.0.0:443 failed: port is already allocated\n"),
        ("logs_fr_nothing", "nothing\n"),
        ("logs_fr_empty", ""),
    ] {
        let outcome = logs(&["-"], log);
        assert_lines_fit(&outcome.stdout, name);
        assert_plain(&outcome.stdout);
        assert_transcript(name, "logs -", &outcome);
    }
    let english = logs(&["-", "--lang", "en"], LOG);
    assert_transcript("logs_en_attempts", "logs - --lang en", &english);
}

#[test]
fn logs_for_programs_are_english_unless_french_is_asked_for() {
    let english = logs(&["-", "--format", "json", "--lang", "en"], LOG).json();
    assert_eq!(logs(&["-", "--format", "json"], LOG).json(), english);
    let french = logs(&["-", "--format", "json", "--lang", "fr"], LOG).json();
    assert_eq!(french["sources"][0]["name"], "entrée standard");
    let findings = french["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 3, "{french:#}");
    for (index, finding) in findings.iter().enumerate() {
        let other = &english["findings"][index];
        for text in ["/summary", "/documented/title", "/source"] {
            assert_ne!(finding.pointer(text), other.pointer(text), "{text}");
        }
        for same in ["/signature", "/candidates", "/details", "/text", "/last_at"] {
            assert_eq!(finding.pointer(same), other.pointer(same), "{same}");
        }
        let source = finding["documented"]["source"].as_str().unwrap();
        assert!(source.starts_with("https://learn.microsoft.com/fr-fr/"), "{source}");
    }
}

#[test]
fn the_line_on_a_log_that_cron_mails_is_in_the_language_of_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("last.txt");
    let told = logs(&["-", "--output", file.to_str().unwrap()], LOG);
    assert_eq!(told.code, 2);
    assert!(told.stderr.starts_with("bloqué : Edge Agent attend IoT Hub en vain"), "{told:?}");
}
