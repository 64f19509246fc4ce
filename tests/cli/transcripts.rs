//! What people read, as it stands: help, verdicts, explanations. Review a change of a transcript as a
//! newcomer would read it.

use crate::program::{Outcome, demo, demos, edgeprobe, run};
use crate::renew::assert_up_to_date;

const WIDTH: usize = 80;

/// Compares what a command printed with transcripts/NAME.txt.
#[track_caller]
pub(crate) fn assert_transcript(name: &str, command: &str, outcome: &Outcome) {
    let file = format!("tests/cli/transcripts/{name}.txt");
    assert_up_to_date("transcripts", &[(file, transcript(command, outcome))]);
}

/// The streams and the exit code as one text, with what differs between runs masked.
pub(crate) fn transcript(command: &str, outcome: &Outcome) -> String {
    let stdout = masked(&outcome.stdout);
    let stderr = match masked(&outcome.stderr).as_str() {
        "" => String::new(),
        told => format!("--- standard error ---\n{told}"),
    };
    format!("$ edgeprobe {command}\n{stdout}{stderr}--- exit code {} ---\n", outcome.code)
}

/// Ports of five digits become `NNNNN`, and durations `# ms` and `# s`. No width changes that
/// wrapping depends on: ephemeral ports have five digits, times of steps stand at a line's end.
fn masked(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        // French has a comma in its decimals.
        let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',');
        let length = from.find(|c: char| !is_number(c)).unwrap_or(from.len());
        let length = from[..length].trim_end_matches(['.', ',']).len();
        let (number, after) = from.split_at(length);
        out += before;
        let decimal = number.matches(['.', ',']).count() == 1;
        if after.starts_with(" ms") || (decimal && after.starts_with(" s")) {
            out.push('#');
        } else if number.len() == 5 && !number.contains('.') {
            out += "NNNNN";
        } else {
            out += number;
        }
        rest = after;
    }
    out + rest
}

#[test]
fn the_help_of_the_program_and_of_every_command() {
    for command in ["", "check", "logs", "bundle", "probe", "explain", "replay", "demo"] {
        let arguments: Vec<&str> = command.split(' ').filter(|word| !word.is_empty()).collect();
        let outcome = run(&[&arguments[..], &["--help"]].concat());
        let name = if command.is_empty() { "help" } else { &format!("help_{command}") };
        let shown = format!("{command} --help");
        assert_transcript(name, shown.trim_start(), &outcome);
    }
}

#[test]
fn no_line_of_help_is_too_long() {
    for command in
        ["check", "logs", "bundle", "probe", "explain", "replay", "demo", "help", "generate"]
    {
        for flag in ["--help", "-h"] {
            let help = run(&[command, flag]).stdout;
            assert_lines_fit(&help, &format!("{command} {flag}"));
        }
    }
}

#[test]
fn a_healthy_device() {
    assert_transcript("demo_healthy", "demo", demo(None, "human"));
}

#[test]
fn devices_with_a_fault() {
    for fault in ["amqp-port-blocked", "dns-host-failure", "tls-intercepted"] {
        let name = format!("demo_{}", fault.replace('-', "_"));
        let shown = format!("demo --fault {fault}");
        assert_transcript(&name, &shown, demo(Some(fault), "human"));
    }
}

#[test]
fn the_list_of_faults() {
    assert_transcript("demo_list", "demo --list", &run(&["demo", "--list"]));
}

#[test]
fn the_explanations() {
    assert_transcript("explain", "explain", &run(&["explain"]));
    let page = run(&["explain", "websocket-blocked"]);
    assert_transcript("explain_websocket_blocked", "explain websocket-blocked", &page);
    let unknown = run(&["explain", "websocket"]);
    assert_transcript("explain_unknown", "explain websocket", &unknown);
}

#[test]
fn every_cause_of_the_list_has_a_page_that_fits() {
    let list = run(&["explain"]).stdout;
    let ids = list.lines().filter_map(|line| line.split("  ").next()).filter(|id| {
        !id.is_empty()
            && id.chars().all(|c| c.is_ascii_lowercase() || c == '-' || c.is_ascii_digit())
    });
    let mut seen = 0;
    for id in ids {
        let page = run(&["explain", id]);
        assert_eq!(page.code, 0, "{id}");
        assert_lines_fit(&page.stdout, id);
        assert_plain(&page.stdout);
        seen += 1;
    }
    assert!(seen >= 37, "{seen} causes");
}

#[test]
fn no_line_of_a_verdict_is_too_long() {
    for ((fault, format), outcome) in demos() {
        if format == "human" {
            assert_lines_fit(&outcome.stdout, &format!("{fault:?}"));
            assert_lines_fit(&outcome.stderr, &format!("{fault:?}"));
        }
    }
}

#[test]
fn nothing_but_a_terminal_gets_escapes() {
    for outcome in demos().values() {
        assert_plain(&outcome.stdout);
        assert_plain(&outcome.stderr);
    }
}

#[test]
fn colour_is_there_when_it_is_asked_for() {
    let coloured = ["demo", "--fault", "dns-hijack", "--color", "always"];
    let outcome = run(&coloured);
    assert!(outcome.stdout.contains("\u{1b}["), "{}", outcome.stdout);
    let without: String = without_escapes(&outcome.stdout);
    assert!(without.starts_with("BLOCKED"), "{without}");
    assert_lines_fit(&without, "with colours");
    assert_plain(&run(&["demo", "--fault", "dns-hijack", "--color", "never"]).stdout);
    for format in ["json", "ndjson"] {
        assert_plain(&run(&["demo", "--color", "always", "--format", format]).stdout);
    }
}

#[test]
fn no_color_is_honoured_and_an_option_goes_before_it() {
    let run = |arguments: &[&str]| {
        Outcome::from_command(edgeprobe().env("NO_COLOR", "1").args(arguments))
    };
    assert_plain(&run(&["explain", "dns-hijack"]).stdout);
    let asked = run(&["explain", "dns-hijack", "--color", "always"]).stdout;
    assert!(asked.contains("\u{1b}["), "{asked}");
}

#[test]
fn a_terminal_gets_colours_unless_it_is_told_otherwise() {
    let Some(coloured) = on_a_terminal("") else { return };
    assert!(coloured.contains("\u{1b}["), "{coloured:?}");
    for without in ["NO_COLOR=1", "TERM=dumb"] {
        let plain = on_a_terminal(without).unwrap();
        assert!(!plain.contains("\u{1b}["), "{without}: {plain:?}");
    }
}

/// A page of `explain` as a terminal gets it.
fn on_a_terminal(environment: &str) -> Option<String> {
    let program = crate::program::PROGRAM;
    let script = format!("env -i TERM=xterm {environment} {program} explain dns-hijack");
    let output = std::process::Command::new("script")
        .args(["--quiet", "--return", "--command", &script, "/dev/null"])
        .stdin(std::process::Stdio::null())
        .output();
    let Ok(output) = output else {
        eprintln!("skipped: `script` is not installed, which gives a program a terminal");
        return None;
    };
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The text without its escapes.
fn without_escapes(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out += part.split_once('m').map_or("", |(_, after)| after);
    }
    out
}

#[track_caller]
pub(crate) fn assert_plain(text: &str) {
    assert!(!text.contains('\u{1b}'), "an escape in {text:?}");
}

/// Only what must stay in one piece may be longer: a command, or a word such as a URL.
#[track_caller]
pub(crate) fn assert_lines_fit(text: &str, what: &str) {
    for line in text.lines().filter(|line| line.chars().count() > WIDTH) {
        let is_command = line.starts_with("       ") && !line.starts_with("            ")
            || line.starts_with("                 ");
        let is_one_word = line.split_whitespace().count() == 1;
        assert!(is_command || is_one_word, "{what}: more than {WIDTH} columns:\n{line}");
    }
}
