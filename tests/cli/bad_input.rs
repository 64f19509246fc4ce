//! What cannot be used is refused at once: one message, one hint, exit code 3, nothing written.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::program::{Outcome, PROGRAM, demo, edgeprobe, run};

const HUB: &str = "contoso.azure-devices.net";

/// The error and the hint of a command that is refused.
#[track_caller]
fn refused(arguments: &[&str]) -> (String, String) {
    read_refusal(&format!("{arguments:?}"), &run(arguments))
}

#[track_caller]
fn read_refusal(what: &str, outcome: &Outcome) -> (String, String) {
    assert_eq!(outcome.code, 3, "{what}: {outcome:?}");
    assert_eq!(outcome.stdout, "", "{what}");
    let lines: Vec<&str> = outcome.stderr.lines().collect();
    let [error, hint] = lines[..] else { panic!("{what}: not two lines: {}", outcome.stderr) };
    let error = error.strip_prefix("error: ").unwrap_or_else(|| panic!("{what}: {error}"));
    let hint = hint.strip_prefix("hint: ").unwrap_or_else(|| panic!("{what}: {hint}"));
    assert!(!error.is_empty() && !hint.is_empty(), "{what}");
    assert!(!outcome.stderr.contains('\u{1b}'), "{what}: {:?}", outcome.stderr);
    (error.to_owned(), hint.to_owned())
}

#[test]
fn what_is_no_hubs_name() {
    let long = format!("{}.net", "a".repeat(300));
    let long_label = format!("{}.azure-devices.net", "a".repeat(64));
    for (hub, part) in [
        ("", "empty"),
        ("   ", "empty"),
        (long.as_str(), "253"),
        (long_label.as_str(), "63"),
        ("con toso.azure-devices.net", "` `"),
        ("con_toso.azure-devices.net", "`_`"),
        ("-contoso.azure-devices.net", "hyphen"),
        ("contoso..net", "two dots"),
        ("kontöso.azure-devices.net", "`ö`"),
        ("contoso.azure-devices.net\u{1b}[31m", "control character"),
        ("contoso.azure-devices.net:443", "has a port"),
        ("contoso.azure-devices.net:amqps", "`:`"),
        ("https://contoso.azure-devices.net/devices", "is a URL"),
        ("contoso.azure-devices.net/devices", "is a URL"),
        ("20.49.110.2", "IP address"),
        ("::1", "IP address"),
        ("[fd00::1]", "IP address"),
        ("contoso", "not a full host name"),
    ] {
        let (error, _) = refused(&["check", &format!("--hub={hub}")]);
        assert!(error.contains(part), "{hub}: {error}");
        if !hub.is_empty() {
            let by_environment =
                Outcome::from_command(edgeprobe().env("EDGEPROBE_HUB", hub).arg("check"));
            assert_eq!(read_refusal(hub, &by_environment).0, error);
        }
    }
}

#[test]
fn the_hint_says_what_was_probably_meant() {
    for hub in [
        "https://contoso.azure-devices.net/x",
        "contoso.azure-devices.net/",
        "contoso.azure-devices.net:443",
        "contoso",
    ] {
        let (_, hint) = refused(&["check", "--hub", hub]);
        assert_eq!(hint, "try --hub contoso.azure-devices.net");
    }
    let (error, hint) = refused(&["check", "--hub", HUB, "--control", "https://mcr.example/v2"]);
    assert!(error.starts_with("--control: ") && !error.contains("hub"), "{error}");
    assert_eq!(hint, "try --control mcr.example");
}

#[test]
fn no_hub_at_all() {
    let (error, hint) = refused(&["check"]);
    assert_eq!(error, "no IoT Hub was named");
    assert!(hint.contains("--hub") && hint.contains("EDGEPROBE_HUB"));
    // A variable that is set to nothing names none.
    let unset = Outcome::from_command(edgeprobe().env("EDGEPROBE_HUB", "").arg("check"));
    assert_eq!(read_refusal("an empty variable", &unset).0, error);
}

#[test]
fn an_engine_s_address_that_cannot_be_used() {
    for (given, shown) in [("ssh://user:secret@edge-7", "ssh://…"), ("edge-7", "not a URL")] {
        let outcome = Outcome::from_command(
            edgeprobe().env("DOCKER_HOST", given).args(["check", "--hub", HUB]),
        );
        let (error, _) = read_refusal(given, &outcome);
        assert!(error.contains("DOCKER_HOST") && error.contains(shown), "{error}");
        assert!(!outcome.stderr.contains("secret"), "{outcome:?}");
        // What does not ask the engine does not mind.
        let other = ["probe", "hostname", "--hub", HUB, "--hostname", "edge-7"];
        let outcome = Outcome::from_command(edgeprobe().env("DOCKER_HOST", given).args(other));
        assert_eq!(outcome.code, 0, "{outcome:?}");
    }
}

#[test]
fn a_file_that_is_read_is_not_replaced() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("edgeAgent.log");
    fs::write(&file, "a line\n").unwrap();
    let logs = format!("--logs={}", path(&file));
    let ca_file = ["--hub", HUB, "--ca-file", path(&file)];
    let asked = |command: &[&'static str]| [command, &ca_file].concat();
    for arguments in [
        vec!["logs", path(&file)],
        vec!["replay", path(&file)],
        vec!["check", "--hub", HUB, &logs],
        vec!["vpn", "--hub", HUB, "--baseline", path(&file)],
        asked(&["check"]),
        asked(&["vpn"]),
        asked(&["probe", "tls"]),
        asked(&["bundle"]),
    ] {
        let (error, hint) = refused(&[&arguments[..], &["--output", path(&file)]].concat());
        assert!(error.contains("would replace"), "{error}");
        assert!(hint.contains("--output"), "{hint}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "a line\n");
    }
    // Nor one that is to be written by another option, by whatever path it is named.
    let (new, other) = (folder.path().join("new"), folder.path().join("./new"));
    let both = ["vpn", "--hub", HUB, "--baseline", path(&new), "--output", path(&other)];
    assert!(refused(&both).0.contains("would replace"));
    assert!(!new.exists());
}

#[test]
fn a_demonstration_names_the_fault_that_was_meant() {
    let (_, hint) = refused(&["demo", "--fault", "port_in_us"]);
    assert!(hint.contains("edgeprobe demo --fault port-in-use"), "{hint}");
    let (_, hint) = refused(&["demo", "--fault", "vpn-override"]);
    assert!(hint.contains("edgeprobe demo --list"), "{hint}");
    assert!(refused(&["demo", "--list", "--format", "json"]).0.contains("--format"));
}

#[test]
fn what_cannot_be_a_time_a_port_or_a_name_is_refused_in_its_own_words() {
    assert!(refused(&["logs", "--since", "-2h", "x.log"]).0.contains("`-2h`"));
    assert!(refused(&["check", "--hub", HUB, "--resolver", "1.1.1.1:0"]).0.contains("1.1.1.1:0"));
    assert!(refused(&["logs", "--container", ""]).0.contains("--container"));
    assert!(refused(&["logs", "--journal", ""]).0.contains("--journal"));
}

#[test]
fn a_baseline_that_cannot_be_kept_is_known_before_anything_is_asked() {
    let (error, hint) = refused(&["vpn", "--hub", HUB, "--baseline", "/nonexistent/before.json"]);
    assert!(error.contains("/nonexistent/before.json"), "{error}");
    assert!(hint.contains("--baseline") && !hint.contains("--output"), "{hint}");
    #[cfg(unix)]
    refused(&["vpn", "--hub", HUB, "--baseline", "/dev/zero"]);
}

#[test]
fn what_is_no_parents_name() {
    for (parent, part) in [
        ("", "empty"),
        ("edge_l4.plant.example", "`_`"),
        ("https://edge-l4.plant.example/", "is a URL"),
        ("HostName=contoso.azure-devices.net;SharedAccessKey=c2VjcmV0", "names a hub"),
    ] {
        let (error, hint) = refused(&["check", "--hub", HUB, &format!("--parent={parent}")]);
        assert!(error.starts_with("--parent: ") && error.contains(part), "{parent}: {error}");
        assert!(hint.contains("parent") && !error.contains("c2VjcmV0"), "{hint}");
    }
}

#[test]
fn a_name_that_is_probably_not_the_hubs_gets_a_hint_and_a_check() {
    for (hub, meant) in [
        ("contoso.azure-device.net", "try --hub contoso.azure-devices.net"),
        ("contoso.privatelink.azure-devices.net", "devices use contoso.azure-devices.net"),
        ("global.azure-devices-provisioning.net", "assigns a hub"),
    ] {
        let outcome = run(&["check", "--hub", hub, "--only", "ports", "--ports", "none"]);
        assert!(outcome.stderr.contains(meant), "{hub}: {}", outcome.stderr);
        assert!(outcome.stdout.contains("INCONCLUSIVE"), "{hub}: {}", outcome.stdout);
    }
    let right = run(&["check", "--hub", HUB, "--only", "ports", "--ports", "none"]);
    assert!(!right.stderr.contains("hint"), "{}", right.stderr);
}

#[test]
fn files_without_certificates() {
    let folder = TempDir::new().unwrap();
    let key = a_private_key();
    for (name, content, part) in [
        ("missing.pem", None, "No such file"),
        ("empty.pem", Some(&b""[..]), "no certificate"),
        ("garbage.pem", Some(&b"\x00\xff\xfe garbage"[..]), "no certificate"),
        ("key.pem", Some(key.as_bytes()), "private key"),
        (
            "broken.pem",
            Some(&b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"[..]),
            "certificate",
        ),
    ] {
        let path = folder.path().join(name);
        if let Some(content) = content {
            fs::write(&path, content).unwrap();
        }
        let (error, _) = refused(&["check", "--hub", HUB, "--ca-file", path.to_str().unwrap()]);
        assert!(error.starts_with("--ca-file: ") && error.contains(part), "{name}: {error}");
        assert!(!error.contains("PRIVATE"), "{error}");
    }
    let (error, _) = refused(&["check", "--hub", HUB, "--ca-file", path(folder.path())]);
    assert!(error.contains("directory"), "{error}");
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_not_waited_for() {
    let folder = TempDir::new().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [path(&pipe), "/dev/zero"] {
        let (error, _) = refused(&["check", "--hub", HUB, "--ca-file", path]);
        assert!(error.contains("not a regular file"), "{path}: {error}");
        let mut by_variable = edgeprobe();
        by_variable.env("SSL_CERT_FILE", path).args(["check", "--hub", HUB]);
        let (error, hint) = read_refusal(path, &Outcome::from_command(&mut by_variable));
        assert!(error.starts_with("SSL_CERT_FILE: "), "{path}: {error}");
        assert!(error.contains("not a regular file") && hint.contains("SSL_CERT_FILE"), "{hint}");
    }
}

#[test]
fn a_key_in_the_place_of_another_value_is_not_shown() {
    const KEY: &str = "kf3Jx0PqLr8TnVb2YwZs5Ue7Hc1Mg4Ad9Ri6Ok+QyE=";
    let options = [
        "--timeout",
        "--resolver",
        "--ports",
        "--protocol",
        "--only",
        "--skip",
        "--format",
        "--color",
        "--lang",
        "--vantage",
        "--control",
        "--parent",
        "--registry",
        "--provisioning",
        "--hub",
        "--proxy",
        "--network",
        "--hostname",
    ];
    for option in options {
        for key in [KEY, KEY.trim_end_matches('='), &KEY.replace(['+', '='], "Z")] {
            let given = format!("{option}={key}");
            let mut arguments = vec!["check", given.as_str()];
            if option != "--hub" {
                arguments.extend(["--hub", HUB]);
            }
            // What is taken for a name is refused by another option.
            if option != "--timeout" {
                arguments.push("--timeout=0s");
            }
            let outcome = run(&arguments);
            assert_eq!(outcome.code, 3, "{given}: {outcome:?}");
            let shown = (outcome.stderr + &outcome.stdout).to_ascii_lowercase();
            assert!(!shown.contains("kf3jx0pq"), "{given}: {shown}");
        }
    }
    for arguments in [["logs", "--since", KEY, "x.log"], ["demo", "--fault", KEY, "--quiet"]] {
        let outcome = run(&arguments);
        assert!(outcome.code == 3 && !outcome.stderr.contains("kf3Jx0Pq"), "{outcome:?}");
    }
}

/// A private key in the form that people confuse with a certificate; it belongs to nobody.
fn a_private_key() -> String {
    let body = "MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
    format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")
}

#[test]
fn options_that_cannot_be_read() {
    for (option, value, part) in [
        ("--resolver", "dns.example", "not an IP address"),
        ("--resolver", "10.0.0.53:dns", "not an IP address"),
        ("--resolver", "10.0.0.53:99999", "not an IP address"),
        ("--resolver", "", "not an IP address"),
        ("--resolver", "user:SECRET@10.0.0.53", "not an IP address"),
        ("--hostname", "HostName=h;SharedAccessKey=SECRET", "contain `=`"),
        ("--network", "HostName=h;SharedAccessKey=SECRET", "contain `=`"),
        ("--network", "a;SECRET", "or `;`"),
        ("--network", "", "empty"),
        ("--network", " ", "empty"),
        ("--timeout", "soon", "not a duration"),
        ("--timeout", "10", "not a duration"),
        ("--timeout", "-1s", "not a duration"),
        ("--timeout", "0s", "out of range"),
        ("--timeout", "1day", "out of range"),
        ("--ports", "0", "no port"),
        ("--ports", "443,https", "`https`"),
        ("--ports", "65536", "no port"),
        ("--ports", "443,,8883", "no port"),
        ("--protocol", "http", "'http'"),
        ("--protocol", "amqp,,mqtt", "none was supplied"),
        ("--only", "dsn", "'dsn'"),
        ("--skip", "dsn", "'dsn'"),
        ("--format", "xml", "'xml'"),
        ("--color", "blue", "'blue'"),
        ("--control", "a b", "--control"),
    ] {
        let given = format!("{option}={value}");
        let (error, _) = refused(&["check", "--hub", HUB, &given]);
        assert!(error.contains(option) && error.contains(part), "{given}: {error}");
        assert!(!error.contains("SECRET"), "{given}: {error}");
    }
}

#[test]
fn command_lines_that_make_no_sense() {
    refused(&["frobnicate"]);
    refused(&["check", "--hubb", HUB]);
    refused(&["check", HUB]);
    refused(&["check", "--hub"]);
    refused(&["check", "--hub", HUB, "--only", "dns", "--skip", "tls"]);
    refused(&["probe", "--hub", HUB]);
    refused(&["probe", "nothing", "--hub", HUB]);
    refused(&["replay"]);
    refused(&["demo", "--fault"]);
    refused(&["demo", "--list", "--fault", "dns-hijack"]);
    let (_, hint) = refused(&["chekc"]);
    assert!(hint.contains("check"), "{hint}");
}

#[test]
fn files_that_are_no_report() {
    let folder = TempDir::new().unwrap();
    let whole = &demo(None, "json").stdout;
    let newer = whole.replacen("edgeprobe.report/1", "edgeprobe.report/2", 1);
    let incomplete = r#"{"schema": "edgeprobe.report/1", "verdict": {}}"#;
    let odd = "{\"schema\": \"\\u001b[31mred\"}";
    let deep = "[".repeat(100_000);
    for (name, content, part) in [
        ("empty", &b""[..], "is empty"),
        ("truncated", &whole.as_bytes()[..whole.len() / 2], "ends in the middle"),
        ("text", b"HEALTHY (likely)", "is not JSON"),
        ("foreign", br#"{"swagger": "2.0"}"#, "is not an edgeprobe report"),
        ("array", b"[1, 2, 3]", "is not an edgeprobe report"),
        ("null", b"null", "is not an edgeprobe report"),
        ("schema", br#"{"schema": "edgeprobe.logs/1"}"#, "is not an edgeprobe report"),
        ("escape", odd.as_bytes(), "is not an edgeprobe report"),
        ("number", br#"{"schema": 1}"#, "is not an edgeprobe report"),
        ("newer", newer.as_bytes(), "newer than"),
        ("incomplete", incomplete.as_bytes(), "not a complete report"),
        ("binary", b"\xfe\xfe\x00\x01{}", "UTF-8"),
        ("half", b"\xff\xfe\x00\xd8", "is not JSON"),
        ("deep", deep.as_bytes(), "is not JSON"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        let (error, _) = refused(&["replay", path.to_str().unwrap()]);
        assert!(error.contains(part), "{name}: {error}");
    }
    assert!(refused(&["replay", "/nowhere/report.json"]).0.contains("No such file"));
    assert!(refused(&["replay", path(folder.path())]).0.contains("directory"));
    assert!(refused(&["replay", "/dev/zero"]).0.contains("not a regular file"));
    let huge = folder.path().join("huge");
    fs::File::create(&huge).unwrap().set_len(1 << 40).unwrap();
    assert!(refused(&["replay", path(&huge)]).0.contains("16 MiB"));
    let piped = Outcome::from_command(edgeprobe().args(["replay", "-"]).write_stdin("{"));
    assert!(read_refusal("-", &piped).0.starts_with("standard input ends in the middle"));
}

#[test]
fn output_that_cannot_be_written_is_known_before_anything_is_asked() {
    let folder = TempDir::new().unwrap();
    let missing = folder.path().join("missing/report.json");
    let file = folder.path().join("file");
    fs::write(&file, "kept").unwrap();
    let below_a_file = file.join("report.json");
    for output in [missing.as_path(), folder.path(), &below_a_file] {
        // Nothing answers there: a check would take its whole timeout.
        let (error, _) = refused(&[
            "check",
            "--hub",
            HUB,
            "--resolver",
            "127.0.0.1:1",
            "--format",
            "json",
            "--output",
            path(output),
        ]);
        assert!(error.starts_with("cannot write "), "{error}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "kept");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
}

#[test]
fn a_folder_without_permission_is_told_of() {
    let Some(nobody) = as_nobody() else {
        eprintln!("skipped: only root can become an ordinary user with setpriv");
        return;
    };
    let folder = TempDir::new().unwrap();
    let program = folder.path().join("edgeprobe");
    fs::copy(PROGRAM, &program).unwrap();
    open_to_all(folder.path());
    let locked = folder.path().join("locked");
    fs::create_dir(&locked).unwrap();
    let output = locked.join("report.json");
    fs::write(&output, "kept").unwrap();
    let ran = Command::new("setpriv")
        .args(nobody)
        .arg(&program)
        .args(["check", "--hub", HUB, "--output", path(&output)])
        .env_clear()
        .output()
        .unwrap();
    let outcome = Outcome {
        code: ran.status.code().unwrap(),
        stdout: String::from_utf8(ran.stdout).unwrap(),
        stderr: String::from_utf8(ran.stderr).unwrap(),
    };
    assert!(read_refusal("locked", &outcome).0.contains("ermission denied"), "{outcome:?}");
    assert_eq!(fs::read_to_string(&output).unwrap(), "kept");
    assert_eq!(fs::read_dir(&locked).unwrap().count(), 1);
}

/// The options that make `setpriv` run a program as an ordinary user, where that is possible.
fn as_nobody() -> Option<[&'static str; 3]> {
    let options = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    let tried = Command::new("setpriv").args(options).arg("true").output();
    tried.is_ok_and(|output| output.status.success()).then_some(options)
}

fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}
