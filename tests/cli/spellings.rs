//! Every spelling of a secret in the table of the masker's own tests, in logs, in options and in
//! whatever a command prints or writes.

use std::fs;
use std::path::Path;

use crate::bundle::entries;
use crate::engine::{Answer, serve};
use crate::internet::HUB;
use crate::planted::{HEX_KEY, URL_KEY, answer};
use crate::program::{Outcome, edgeprobe};

const SPELLINGS: &str = include_str!("../../probes/facts/src/mask/spellings.txt");

/// Keys of each form; of none a part of so many characters is shown.
const KEYS: [(&str, &str); 6] = [
    ("{base64}", "kX9+2bQv/7RmTz4cWn8YpL1sJ6hGd3fKaE5uVxBtC0o="),
    ("{unpadded}", "kX9+2bQv/7RmTz4cWn8YpL1sJ6hGd3fKaE5uVxBtC0o"),
    ("{base64url}", URL_KEY),
    ("{hex}", HEX_KEY),
    ("{jwt}", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJndzEifQ.kX9-2bQv_7RmTz4cWn8YpL1sJ6hGd3fK"),
    ("{word}", "Sommer!Regen7"),
];
const PART: usize = 10;

/// A log of each spelling, with one key after the other.
fn log() -> String {
    let lines = SPELLINGS.lines().filter(|line| line.contains('⟦'));
    let lines = lines.zip(KEYS.iter().cycle()).map(|(line, (_, key))| {
        let plain = line.replace(['⟦', '⟧'], "").replace("{key}", key).replace('␤', "\n");
        let plain = plain.replace('␛', "\u{1b}").replace('␣', "\u{200b}");
        KEYS.iter().fold(plain, |line, (name, key)| line.replace(name, key)) + "\n"
    });
    lines.collect()
}

#[track_caller]
fn assert_no_key(what: &str, text: &str) {
    for (form, key) in KEYS {
        for part in (0..key.len() - PART).step_by(4).map(|at| &key[at..at + PART]) {
            let line = text.lines().find(|line| line.contains(part));
            assert_eq!(line, None, "{what} shows {form}");
        }
    }
}

fn run(folder: &Path, arguments: &[&str]) -> Outcome {
    let mut command = edgeprobe();
    command
        .current_dir(folder)
        .env("DOCKER_HOST", format!("unix://{}", folder.join("engine.sock").display()))
        .env("EDGEPROBE_LOG", "trace");
    Outcome::from_command(command.args(arguments))
}

#[test]
fn no_log_of_any_spelling_shows_a_key() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("spelled.log"), log()).unwrap();
    serve(&folder.path().join("engine.sock"), |path| match path {
        "containers/edgeAgent/logs" | "containers/cafe01/logs" => {
            let log = log();
            // Docker's frames: the stream, and the length.
            let length = u32::try_from(log.len()).unwrap().to_be_bytes();
            let head: Vec<u8> = [1, 0, 0, 0].into_iter().chain(length).collect();
            let kind = "application/vnd.docker.multiplexed-stream";
            Answer { kind, body: [&head, log.as_bytes()].concat(), ..Answer::default() }
        }
        path => answer(path, false),
    });
    let quick = ["--hub", HUB, "--resolver", "127.0.0.1:9", "--ports", "none", "--no-container"];
    let bundle = |more: &[&'static str]| {
        [&["bundle", "--timeout", "25s", "--skip", "registry"], more, &quick].concat()
    };
    for arguments in [
        vec!["logs", "spelled.log"],
        vec!["logs", "spelled.log", "--format", "json"],
        vec!["logs", "--container", "edgeAgent", "--format", "json"],
        bundle(&["--output", "plain.zip"]),
        bundle(&["--output", "other.zip", "--anonymise"]),
    ] {
        let outcome = run(folder.path(), &arguments);
        assert_no_key(&arguments.join(" "), &(outcome.stdout + &outcome.stderr));
    }
    for archive in ["plain.zip", "other.zip"] {
        let entries = entries(&folder.path().join(archive));
        for (path, text) in &entries {
            assert_no_key(&format!("{archive}: {path}"), text);
        }
        // What is shown to hold no key must have been there.
        let log = &entries["logs/edgeAgent_log.txt"];
        let masked = log.lines().filter(|line| line.contains('…')).count();
        assert!(masked > 400, "{masked}: {log}");
    }
}

#[test]
fn no_option_shows_a_key_that_it_refuses() {
    let folder = tempfile::tempdir().unwrap();
    for (_, key) in KEYS {
        for arguments in [
            &["check", "--timeout", key][..],
            &["check", "--hub", key],
            &["check", "--hub", HUB, "--ports", key],
            &["check", "--hub", HUB, "--resolver", key],
            &["check", "--hub", HUB, "--registry", &format!("me:{key}@contoso.azurecr.io/agent")],
            &["check", "--hub", HUB, "--registry", key, "--only", "registry", "--timeout", "1s"],
            &["logs", "--since", key],
            &["explain", key],
            &["demo", "--fault", key],
            &["check", "--only", key],
        ] {
            // A word of letters is shown as any other would be.
            if !key.contains('!') || arguments.iter().any(|it| it.contains('@')) {
                let outcome = run(folder.path(), arguments);
                assert_no_key(&arguments.join(" "), &(outcome.stdout + &outcome.stderr));
            }
        }
    }
}
