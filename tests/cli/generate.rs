//! The man page and the completions are such as their readers take.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use crate::program::run;

/// What a tool says to an input; `None`, and a note, where there is no such tool.
fn fed(tool: &str, arguments: &[&str], input: &str) -> Option<Output> {
    let spawned = Command::new(tool)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = spawned else {
        eprintln!("skipped: there is no {tool} here");
        return None;
    };
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    Some(child.wait_with_output().unwrap())
}

#[test]
fn groff_takes_the_man_page_without_a_warning() {
    let page = run(&["generate", "man"]);
    assert_eq!(page.code, 0);
    let Some(output) = fed("groff", &["-man", "-ww", "-z", "-Tutf8"], &page.stdout) else { return };
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(output.status.success());
}

#[test]
fn the_man_page_has_every_command() {
    let page = run(&["generate", "man"]).stdout;
    for command in ["CHECK", "PROBE", "EXPLAIN", "REPLAY", "DEMO"] {
        assert!(page.contains(&format!(".SH COMMAND {command}")), "{command}");
    }
    for text in ["Exit codes", "EDGEPROBE_HUB", "probe registry"] {
        assert!(page.replace("\\-", "-").contains(text), "{text}: {page}");
    }
    // A reference to a page that nobody makes leads nowhere.
    assert!(!page.contains("(1)"), "{page}");
}

#[test]
fn bash_parses_its_completions() {
    let script = run(&["generate", "completions"]).stdout;
    let Some(output) = fed("bash", &["-n"], &script) else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn bash_completes_commands_and_values() {
    let script = run(&["generate", "completions", "--shell", "bash"]).stdout;
    let ask = |words: &str| {
        let asked = format!(
            "{script}\nCOMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _edgeprobe edgeprobe \"${{COMP_WORDS[COMP_CWORD]}}\" \
             \"${{COMP_WORDS[COMP_CWORD - 1]}}\"; echo \"${{COMPREPLY[@]}}\""
        );
        let output = fed("bash", &[], &asked)?;
        Some(String::from_utf8(output.stdout).unwrap().trim().to_owned())
    };
    let Some(commands) = ask("edgeprobe che") else { return };
    assert_eq!(commands, "check");
    assert_eq!(ask("edgeprobe check --format nd").unwrap(), "ndjson");
    assert_eq!(ask("edgeprobe probe web").unwrap(), "websocket");
    assert_eq!(ask("edgeprobe explain port-in").unwrap(), "port-in-use");
    assert_eq!(ask("edgeprobe demo --fault clock").unwrap(), "clock-skew");
    // What is for edgeprobe itself is offered to nobody.
    assert_eq!(ask("edgeprobe keep").unwrap(), "");
}

#[test]
fn every_shell_gets_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let outcome = run(&["generate", "completions", "--shell", shell]);
        assert_eq!(outcome.code, 0, "{shell}");
        assert!(outcome.stdout.contains("replay") && outcome.stdout.len() > 1_000, "{shell}");
    }
    for shell in ["zsh", "fish"] {
        let script = run(&["generate", "completions", "--shell", shell]).stdout;
        let Some(output) = fed(shell, &["-n", "/dev/stdin"], &script) else { continue };
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
