//! Registries on the command line: what is refused, and that no credential is ever shown.

use std::fs;

use crate::program::{Outcome, edgeprobe, run};

/// `edge:` and a password, as config.json has them.
const ENCODED: &str = "ZWRnZTpodW50ZXIyLWh1bnRlcjI=";
const PASSWORD: &str = "hunter2-hunter2";

#[test]
fn what_is_no_registry_is_refused_with_a_hint() {
    for (registry, part) in [
        ("", "empty"),
        ("https://contoso.azurecr.io", "is a URL"),
        ("con toso.io", "no registry's host name"),
        ("contoso.io/Module:1", "no image's name"),
        ("contoso.io/module:-", "no tag"),
        ("edge:hunter2-hunter2@contoso.io", "`@`"),
    ] {
        let outcome = run(&["probe", "registry", &format!("--registry={registry}")]);
        assert_eq!(outcome.code, 3, "{registry}: {outcome:?}");
        assert!(outcome.stderr.contains(part), "{registry}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("hint: "), "{registry}: {}", outcome.stderr);
        assert!(!outcome.stderr.contains(PASSWORD), "{}", outcome.stderr);
    }
    let both = run(&["probe", "registry", "--registry=none", "--registry=a.io"]);
    assert!(both.stderr.contains("exclude each other"), "{}", both.stderr);
}

#[test]
fn credentials_that_cannot_be_used_are_refused_and_none_is_shown() {
    let directory = tempfile::tempdir().unwrap();
    let asked = || {
        let arguments = ["probe", "registry", "--registry=localhost:1", "--registry-credentials"];
        let mut command = edgeprobe();
        command.env("EDGEPROBE_LOG", "trace").env("DOCKER_CONFIG", directory.path());
        Outcome::from_command(command.args(arguments))
    };
    let missing = asked();
    assert_eq!(missing.code, 3);
    assert!(missing.stderr.contains("docker login"), "{}", missing.stderr);
    for (config, code) in [
        (format!(r#"{{"auths": {{"localhost:1": "{PASSWORD}"}}}}"#), 3),
        (format!(r#"{{"auths": {{"localhost:1": {{"auth": "{ENCODED}"}}}}}}"#), 2),
    ] {
        fs::write(directory.path().join("config.json"), config).unwrap();
        let outcome = asked();
        assert_eq!(outcome.code, code, "{outcome:?}");
        for text in [&outcome.stdout, &outcome.stderr] {
            assert!(!text.contains(PASSWORD) && !text.contains(ENCODED), "{text}");
        }
    }
}
