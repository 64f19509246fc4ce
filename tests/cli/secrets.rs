//! A device's connection string is taken where a hub is expected, and its key appears nowhere.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::Stdio;

use tempfile::TempDir;

use crate::program::{Outcome, PROGRAM, edgeprobe};

const KEY: &str = "c2VjcmV0LWtleQ==";
/// What a truncated key would still show.
const BEGINNING: &str = "c2Vj";
const WHOLE: &str =
    "HostName=contoso.azure-devices.net;DeviceId=gw1;SharedAccessKey=c2VjcmV0LWtleQ==";

/// Arguments of a check that nobody answers: of the loopback's discard port.
const NOBODY: [&str; 6] = ["--resolver", "127.0.0.1:9", "--timeout", "1s", "--ports", "none"];

#[track_caller]
fn assert_no_key(what: &str, outcome: &Outcome) {
    for text in [&outcome.stdout, &outcome.stderr] {
        assert!(!text.contains(BEGINNING), "{what}: the key is shown in\n{text}");
    }
}

/// A run with every diagnostic that there is.
fn run(arguments: &[&str], hub: Option<&str>) -> Outcome {
    let mut command = edgeprobe();
    command.env("EDGEPROBE_LOG", "trace").args(arguments);
    if let Some(hub) = hub {
        command.env("EDGEPROBE_HUB", hub);
    }
    Outcome::from_command(&mut command)
}

#[test]
fn the_host_name_of_a_connection_string_is_asked_for() {
    let mut arguments = vec!["check", "--format", "json"];
    arguments.extend(NOBODY);
    let by_environment = run(&arguments, Some(WHOLE));
    arguments.extend(["--hub", WHOLE]);
    for outcome in [by_environment, run(&arguments, None)] {
        assert_eq!(outcome.json()["target"]["hub"], "contoso.azure-devices.net");
        assert_no_key("json", &outcome);
    }
}

#[test]
fn no_format_and_no_diagnostic_shows_the_key() {
    for format in ["human", "json", "ndjson"] {
        let mut arguments = vec!["check", "--verbose", "--format", format, "--hub", WHOLE];
        arguments.extend(NOBODY);
        let outcome = run(&arguments, None);
        assert!(outcome.code < 3, "{outcome:?}");
        assert_no_key(format, &outcome);
    }
    let mut arguments = vec!["probe", "dns", "--hub", WHOLE];
    arguments.extend(NOBODY);
    assert_no_key("probe", &run(&arguments, None));
}

#[test]
fn no_file_holds_the_key() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("report.json");
    let mut arguments = vec!["check", "--format", "json", "--hub", WHOLE];
    arguments.extend(["--output", path.to_str().unwrap()]);
    arguments.extend(NOBODY);
    assert_no_key("with a file", &run(&arguments, None));
    let report = fs::read_to_string(&path).unwrap();
    assert!(report.contains("contoso.azure-devices.net") && !report.contains(BEGINNING));
}

#[test]
fn help_does_not_show_the_environment() {
    for arguments in [&["--help"][..], &["check", "--help"], &["check", "-h"], &["probe", "-h"]] {
        let outcome = run(arguments, Some(WHOLE));
        assert_eq!(outcome.code, 0);
        assert_no_key("help", &outcome);
    }
}

#[test]
fn no_error_about_a_connection_string_shows_its_key() {
    for malformed in [
        format!("HostName=;SharedAccessKey={KEY}"),
        format!("HostName=con toso;SharedAccessKey={KEY}"),
        format!("HostName contoso.azure-devices.net;SharedAccessKey={KEY}"),
        format!("DeviceId=gw1;SharedAccessKey={KEY}"),
        format!("SharedAccessKey={KEY}"),
        format!("SharedAccessKey={KEY};HostName=contoso"),
        format!("HostName={KEY}"),
        format!("https://x:{KEY}@contoso.azure-devices.net/"),
    ] {
        for outcome in
            [run(&["check", "--hub", &malformed], None), run(&["check"], Some(&malformed))]
        {
            assert_eq!(outcome.code, 3, "{malformed}");
            assert_no_key(&malformed, &outcome);
        }
    }
}

#[test]
fn a_connection_string_in_the_wrong_place_is_not_repeated() {
    for arguments in [
        &["check", WHOLE][..],
        &[WHOLE],
        &["explain", WHOLE],
        &["replay", WHOLE],
        &["demo", "--fault", WHOLE],
        &["demo", "--output", &format!("/nowhere/{WHOLE}")],
        &["check", "--hub", "a.net", "--resolver", WHOLE],
        &["check", "--hub", "a.net", "--protocol", WHOLE],
        &["check", "--hub", "a.net", "--only", WHOLE],
        &["check", "--hub", "a.net", "--ports", WHOLE],
        &["check", "--hub", "a.net", "--ports", &format!("SharedAccessKey={KEY}")],
        &["check", "--hub", "a.net", "--timeout", WHOLE],
        &["check", "--hub", "a.net", "--timeout", &format!("SharedAccessKey={KEY}")],
        &["check", "--hub", "a.net", "--ca-file", WHOLE],
        &["check", "--hub", "a.net", "--control", &format!("SharedAccessKey={KEY}")],
        &["check", &format!("--{WHOLE}")],
    ] {
        let outcome = run(arguments, None);
        assert_eq!(outcome.code, 3, "{arguments:?}: {outcome:?}");
        assert_no_key(&format!("{arguments:?}"), &outcome);
    }
}

#[test]
fn a_key_leaves_the_command_line_and_the_memory_goes_to_no_file() {
    let folder = TempDir::new().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("edgeprobe");
    fs::copy(PROGRAM, &program).unwrap();
    // With dumps allowed, and as an ordinary user where this is root's to choose.
    let script = "ulimit -c unlimited; user=; [ $(id -u) = 0 ] && user='setpriv --reuid=65534 \
                  --regid=65534 --clear-groups'; exec $user \"$0\" \"$@\"";
    let mut command = std::process::Command::new("/bin/sh");
    command.args(["-c", script]).arg(&program).args(["check", "--hub", WHOLE]).args(NOBODY);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let place = format!("/proc/{}", child.id());
    let read = |name: &str| fs::read_to_string(format!("{place}/{name}")).unwrap_or_default();
    let is_hidden = || {
        let line = read("cmdline");
        let limits = read("limits");
        let cores = limits.lines().find(|line| line.starts_with("Max core file size"));
        line.contains("SharedAccessKey=…")
            && !line.contains(BEGINNING)
            && cores.is_some_and(|line| line.split_whitespace().filter(|word| *word == "0").count() == 2)
            // What nobody may dump belongs to root in /proc.
            && fs::metadata(format!("{place}/environ")).is_ok_and(|file| file.uid() == 0)
    };
    while !is_hidden() {
        let ended = child.try_wait().unwrap();
        assert!(ended.is_none(), "it ended before its memory was closed: {ended:?}");
        std::thread::yield_now();
    }
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.starts_with("note: the command line contains a key"), "{told}");
    assert!(told.contains("\nhint: ") && !told.contains(BEGINNING), "{told}");
}

/// A proxy's URL whose password begins as the key does.
const PROXY: &str = "http://edge:c2VjcmV0@127.0.0.1:9";

#[test]
fn a_proxy_s_password_is_shown_nowhere() {
    for format in ["human", "json", "ndjson"] {
        for variable in [None, Some("https_proxy"), Some("HTTPS_PROXY")] {
            let mut command = edgeprobe();
            command.env("EDGEPROBE_LOG", "trace");
            command.args(["check", "--verbose", "--hub", "a.azure-devices.net"]);
            command.args(["--format", format]).args(NOBODY);
            match variable {
                None => command.args(["--proxy", PROXY]),
                Some(name) => command.env(name, PROXY),
            };
            let outcome = Outcome::from_command(&mut command);
            assert!(outcome.code < 3, "{outcome:?}");
            assert!(outcome.stdout.contains("***@127.0.0.1:9"), "{}", outcome.stdout);
            assert_no_key(format, &outcome);
        }
    }
}

#[test]
fn no_error_about_a_proxy_shows_its_password() {
    for malformed in [
        "http://edge:c2VjcmV0@",
        "http://edge:c2VjcmV0@a b:3128",
        "socks5://edge:c2VjcmV0@127.0.0.1:9",
        "edge:c2VjcmV0@127.0.0.1:port",
        "http://edge:c2VjcmV0@127.0.0.1:99999",
        "",
    ] {
        let mut arguments = vec!["check", "--hub", "a.net", "--proxy", malformed];
        arguments.extend(NOBODY);
        let outcome = run(&arguments, None);
        assert_eq!(outcome.code, 3, "{malformed}: {outcome:?}");
        assert!(outcome.stderr.contains("--proxy") && outcome.stderr.contains("hint:"));
        assert_no_key(malformed, &outcome);
    }
    let mut command = edgeprobe();
    command.env("https_proxy", "socks5://edge:c2VjcmV0@p:1").args(["check", "--hub", "a.net"]);
    let outcome = Outcome::from_command(command.args(NOBODY));
    assert_eq!(outcome.code, 3, "{outcome:?}");
    assert!(outcome.stderr.contains("https_proxy"), "{}", outcome.stderr);
    assert_no_key("environment", &outcome);
    let ignored = Outcome::from_command(command.args(["--proxy", "none"]));
    assert!(ignored.code < 3, "{ignored:?}");
}
