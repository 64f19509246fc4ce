//! One archive for a support case: what is in it, and that it says the same elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;
use zip::ZipArchive;

use crate::check_logs::no_name;
use crate::installed::{config_toml, install};
use crate::internet::{HUB, roots, serve};
use crate::namespace::{HUB_ADDRESS, RESOLVER_ADDRESS, alone, with_internet};
use crate::program::{Outcome, edgeprobe, run};
use crate::renew::assert_up_to_date;
use crate::stand_in::{journalctl, no_journalctl};

/// Arguments with which nobody is asked for long, and no engine.
const NOBODY: [&str; 6] = ["--resolver", "127.0.0.1:9", "--timeout", "3s", "--ports", "none"];

const PORT: &str = "2023-01-24 12:32:45.904 +00:00 [ERR] - Bind for 0.0.0.0:443 failed: port is \
                    already allocated";

/// `bundle` in the folder, where no engine answers.
fn bundle(folder: &Path, arguments: &[&str]) -> Outcome {
    let mut command = edgeprobe();
    command.current_dir(folder).env("DOCKER_HOST", "tcp://127.0.0.1:9");
    Outcome::from_command(command.arg("bundle").args(arguments).args(NOBODY))
}

/// The entries of an archive with their texts.
pub(crate) fn entries(path: &Path) -> BTreeMap<String, String> {
    let mut archive = ZipArchive::new(fs::File::open(path).unwrap()).unwrap();
    (0..archive.len())
        .map(|index| {
            let mut member = archive.by_index(index).unwrap();
            let mut text = String::new();
            member.read_to_string(&mut text).unwrap();
            (member.name().unwrap().into_owned(), text)
        })
        .collect()
}

fn contents(entries: &BTreeMap<String, String>) -> Value {
    serde_json::from_str(&entries["contents.json"]).unwrap()
}

fn reason(contents: &Value, path: &str) -> String {
    let left_out = contents["left_out"].as_array().unwrap();
    let found = left_out.iter().find(|missing| missing["path"] == path);
    found.unwrap_or_else(|| panic!("{path}: {contents:#}"))["reason"].as_str().unwrap().to_owned()
}

fn only_archive(folder: &Path) -> std::path::PathBuf {
    let all = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut archives = all.filter(|path| path.extension().is_some_and(|it| it == "zip"));
    let first = archives.next().expect("an archive");
    assert_eq!(archives.next(), None);
    first
}

#[test]
fn everything_is_listed_and_what_is_missing_says_why() {
    alone("bundle::everything_is_listed_and_what_is_missing_says_why", || {
        let folder = TempDir::new().unwrap();
        let journal =
            format!("case \"$*\" in *--unit=aziot-edged*) echo '{PORT} password=PLANTED';; esac");
        if !journalctl(folder.path(), &journal) {
            return;
        }
        let outcome = bundle(folder.path(), &["--hub", HUB]);
        assert_eq!(outcome.code, 0, "{outcome:?}");
        let path = only_archive(folder.path());
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with("edgeprobe-") && outcome.stdout.starts_with(name), "{outcome:?}");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

        let entries = entries(&path);
        let contents = contents(&entries);
        assert_eq!(contents["schema"], "edgeprobe.bundle/1");
        let mut listed: BTreeSet<&str> = contents["entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["path"].as_str().unwrap())
            .collect();
        for entry in contents["entries"].as_array().unwrap() {
            let path = entry["path"].as_str().unwrap();
            assert_eq!(entry["bytes"], entries[path].len(), "{path}");
            assert!(entry["taken_at"].as_str().unwrap().ends_with('Z') && entry["source"] != "");
            assert!(entries["CONTENTS.txt"].contains(path), "{path}");
        }
        listed.extend(["CONTENTS.txt", "contents.json"]);
        assert_eq!(listed, entries.keys().map(String::as_str).collect());
        for there in [
            "report.json",
            "report.txt",
            "logs/aziot-edged.txt",
            "names/hosts",
            "network/sysctl.txt",
        ] {
            assert!(listed.contains(there), "{there}: {listed:?}");
        }
        assert_eq!(entries["logs/aziot-edged.txt"], format!("{PORT} password=…\n"));
        assert_eq!(reason(&contents, "logs/docker.txt"), "empty");
        assert_eq!(reason(&contents, "engine"), "failed");
        for missing in contents["left_out"].as_array().unwrap() {
            let path = missing["path"].as_str().unwrap();
            assert!(
                entries["CONTENTS.txt"].contains(path) && !entries.contains_key(path),
                "{path}"
            );
        }
        for told in ["verdict", "left out", "masked", "Look through it before you send it"] {
            assert!(outcome.stdout.contains(told), "{}", outcome.stdout);
        }
    });
}

#[test]
fn the_schema_of_the_contents_list_is_up_to_date() {
    let generated = run(&["generate", "bundle-schema"]).stdout;
    assert_up_to_date("schema", &[("docs/bundle.schema.json", generated)]);
}

#[test]
fn the_contents_list_is_of_its_schema() {
    let generated = run(&["generate", "bundle-schema"]).stdout;
    let folder = TempDir::new().unwrap();
    let outcome = bundle(folder.path(), &["--hub", HUB, "--format", "json"]);
    let validator = jsonschema::validator_for(&serde_json::from_str(&generated).unwrap()).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&outcome.json()).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn it_says_the_same_elsewhere() {
    alone("bundle::it_says_the_same_elsewhere", || {
        let folder = TempDir::new().unwrap();
        let journal = format!("case \"$*\" in *=docker*) echo '{PORT}';; esac");
        if !journalctl(folder.path(), &journal) {
            return;
        }
        let outcome =
            bundle(folder.path(), &["--hub", HUB, "--output", "case.zip", "--format", "json"]);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
        let path = folder.path().join("case.zip");
        let entries = entries(&path);
        assert_eq!(outcome.stdout, entries["contents.json"]);
        let replayed = run(&["replay", path.to_str().unwrap(), "--format", "json"]);
        let recorded: Value = serde_json::from_str(&entries["report.json"]).unwrap();
        assert_eq!(replayed.json(), recorded);
        assert_eq!(recorded["verdict"]["status"], contents(&entries)["verdict"]["status"]);
        assert_eq!(replayed.code, 2, "the verdict's own: {replayed:?}");
        let piped = Outcome::from_command(
            edgeprobe().args(["replay", "-"]).write_stdin(fs::read(&path).unwrap()),
        );
        assert_eq!((piped.code, piped.stderr.as_str()), (2, ""));
        let logs = run(&["logs", path.to_str().unwrap(), "--format", "json"]).json();
        assert_eq!(logs["findings"][0]["signature"], "port-allocated", "{logs:#}");
        assert_eq!(
            logs["sources"].as_array().unwrap().len(),
            1,
            "the other texts are no logs: {logs:#}"
        );
    });
}

#[test]
fn the_runtime_s_own_logs_count_in_its_report() {
    alone("bundle::the_runtime_s_own_logs_count_in_its_report", || {
        let Some(_installed) = install(&[("aziot/config.toml", &config_toml(HUB))]) else { return };
        let folder = TempDir::new().unwrap();
        let journal = folder.path().join("journal");
        fs::write(&journal, no_name(90)).unwrap();
        let daemon = format!("case \"$*\" in *=aziot-edged*) cat '{}';; esac", journal.display());
        if !journalctl(folder.path(), &daemon) {
            return;
        }
        for anonymise in [&["--output", "case.zip"][..], &["--output", "case.zip", "--anonymise"]] {
            let outcome = bundle(folder.path(), anonymise);
            assert_eq!(outcome.code, 0, "{outcome:?}");
            let entries = entries(&folder.path().join("case.zip"));
            let report: Value = serde_json::from_str(&entries["report.json"]).unwrap();
            let causes = report["verdict"]["causes"].as_array().unwrap();
            let names = causes.iter().find(|cause| cause["id"] == "dns-host-failure");
            assert_eq!(names.unwrap()["logged"][0]["state"], "agrees", "{report:#}");
        }
    });
}

#[test]
fn what_is_no_archive_of_ours_is_said_to_be_none() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("case.zip");
    fs::write(&path, b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0").unwrap();
    let outcome = run(&["replay", path.to_str().unwrap()]);
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.contains("the archive has no report.json in it\nhint: "), "{outcome:?}");
}

#[test]
fn a_journal_that_never_ends_is_cut_when_the_time_is_up() {
    alone("bundle::a_journal_that_never_ends_is_cut_when_the_time_is_up", || {
        let folder = TempDir::new().unwrap();
        let journal = "case \"$*\" in *=docker*) echo first; exec sleep 600;; *=podman*) exec sleep 600;; esac";
        if !journalctl(folder.path(), journal) {
            return;
        }
        let begun = std::time::Instant::now();
        let outcome = bundle(folder.path(), &["--hub", HUB, "--output", "case.zip"]);
        assert_eq!(outcome.code, 0, "{outcome:?}");
        assert!(begun.elapsed().as_secs() < 30);
        let entries = entries(&folder.path().join("case.zip"));
        let contents = contents(&entries);
        let log = contents["entries"]
            .as_array()
            .unwrap()
            .iter()
            .find(|it| it["path"] == "logs/docker.txt");
        assert_eq!(log.unwrap()["truncated"], "timed_out");
        assert_eq!(entries["logs/docker.txt"], "first\n");
        assert_eq!(reason(&contents, "logs/podman.txt"), "timed_out");
    });
}

#[test]
fn it_needs_no_hub_and_no_tools() {
    alone("bundle::it_needs_no_hub_and_no_tools", || {
        let folder = TempDir::new().unwrap();
        let mut command = edgeprobe();
        command.current_dir(folder.path()).env("DOCKER_HOST", "tcp://127.0.0.1:9");
        if !no_journalctl() {
            return;
        }
        let outcome = Outcome::from_command(command.args([
            "bundle",
            "--ports",
            "none",
            "--registry",
            "none",
        ]));
        assert_eq!(outcome.code, 0, "{outcome:?}");
        let entries = entries(&only_archive(folder.path()));
        assert_eq!(reason(&contents(&entries), "logs/docker.txt"), "not_there");
        if outcome.stderr.contains("note: no IoT Hub was named") {
            let report: Value = serde_json::from_str(&entries["report.json"]).unwrap();
            assert_eq!(report["target"]["hub"], "");
            // Ports that are free are no device that is well.
            assert_ne!(report["verdict"]["status"], "healthy");
            assert!(!outcome.stdout.contains("unnamed"), "{outcome:?}");
        }
    });
}

#[test]
fn a_hub_s_name_that_is_none_is_what_the_case_is_about() {
    alone("bundle::a_hub_s_name_that_is_none_is_what_the_case_is_about", || {
        let config = "[provisioning]\nsource = \"manual\"\n\
                      connection_string = \"HostName=contoso;DeviceId=gw1;SharedAccessKey=c2Vj\"\n";
        let Some(_etc) = install(&[("aziot/config.toml", config)]) else { return };
        let folder = TempDir::new().unwrap();
        for more in [&[][..], &["--anonymise"]] {
            let outcome = bundle(folder.path(), &[more, &["--output", "case.zip"]].concat());
            assert_eq!(outcome.code, 0, "{outcome:?}");
            assert!(
                outcome.stderr.contains("the hub's name in /etc/aziot/config.toml"),
                "{outcome:?}"
            );
            let entries = entries(&folder.path().join("case.zip"));
            assert_eq!(reason(&contents(&entries), "report.json"), "failed");
            assert!(entries.contains_key("configuration/etc/aziot/config.toml"));
            assert!(contents(&entries).get("verdict").is_none());
        }
        let mistake = bundle(folder.path(), &["--control", "no name"]);
        assert_eq!(mistake.code, 3, "the options' own mistakes are told: {mistake:?}");
    });
}

#[test]
fn mistakes_are_told_and_leave_no_file() {
    let folder = TempDir::new().unwrap();
    for (arguments, told) in [
        (&["--output", "-", "--format", "json"][..], "both want standard output"),
        (&["--since", "yesterday"], "--since: `yesterday` is neither a duration nor a time"),
        (&["--output", "/nowhere/case.zip"], "cannot write /nowhere/case.zip"),
        (&["--hub", "contoso"], "hint:"),
    ] {
        let outcome = bundle(folder.path(), arguments);
        assert_eq!(outcome.code, 3, "{arguments:?}: {outcome:?}");
        assert!(outcome.stderr.contains(told), "{arguments:?}: {outcome:?}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn an_archive_goes_to_standard_output_and_the_summary_beside_it() {
    let folder = TempDir::new().unwrap();
    let mut command = edgeprobe();
    command.current_dir(folder.path()).env("DOCKER_HOST", "tcp://127.0.0.1:9");
    command.args(["bundle", "--hub", HUB, "--output", "-"]).args(NOBODY);
    let output = command.output().unwrap();
    assert!(output.status.success() && output.stdout.starts_with(b"PK"));
    assert!(String::from_utf8(output.stderr).unwrap().contains("Look through it"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn an_anonymised_one_has_the_same_verdict_and_nobody_s_names() {
    let test = "bundle::an_anonymised_one_has_the_same_verdict_and_nobody_s_names";
    with_internet(test, serve(Some(edgeprobe_emulator::Fault::TlsIntercepted)), |announced| {
        let folder = TempDir::new().unwrap();
        let ca_file = folder.path().join("ca.pem");
        fs::write(&ca_file, roots(announced)).unwrap();
        let own = fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim().to_owned();
        let journal = format!(
            "case \"$*\" in *=docker*) echo 'gw1 {own} HostName={HUB};DeviceId=gw-device-7 {HUB_ADDRESS}:443 \
             /home/alice contoso-hub db.fabrikam.local %2Fgw-device-7'; \
             echo 'Attempting to connect to IoT Hub for client leaf42/reader via AMQP...'; \
             echo 'lost client reader9/$edgeHub, then leaf42';; esac"
        );
        if !journalctl(folder.path(), &journal) {
            return;
        }
        let bundle = |more: &[&str]| {
            let mut command = edgeprobe();
            command.current_dir(folder.path()).env("USER", "alice");
            command.args([
                "bundle",
                "--hub",
                HUB,
                "--resolver",
                RESOLVER_ADDRESS,
                "--skip",
                "engine",
            ]);
            command.args(["--ca-file", ca_file.to_str().unwrap()]).args(more);
            Outcome::from_command(&mut command)
        };
        let plain = bundle(&["--output", "plain.zip"]);
        let other = bundle(&["--output", "other.zip", "--anonymise"]);
        assert_eq!((plain.code, other.code), (0, 0), "{plain:?} {other:?}");
        let plain = entries(&folder.path().join("plain.zip"));
        let other = entries(&folder.path().join("other.zip"));
        let names = |entries: &BTreeMap<String, String>| -> BTreeSet<String> {
            // Neighbours come and go.
            entries.keys().filter(|path| !path.contains("neighbours")).cloned().collect()
        };
        assert_eq!(names(&plain), names(&other));
        let verdict = |entries: &BTreeMap<String, String>| {
            let verdict = contents(entries)["verdict"].clone();
            (verdict["status"].clone(), verdict["confidence"].clone(), verdict["causes"].clone())
        };
        assert_eq!(verdict(&plain), verdict(&other));
        assert_eq!(verdict(&plain).2, serde_json::json!(["tls-intercepted"]));
        let gone = [
            "contoso",
            HUB_ADDRESS,
            RESOLVER_ADDRESS,
            "198.41.0.2",
            "gw-device-7",
            "alice",
            "fabrikam",
            "leaf42",
            "reader9",
        ];
        let log = &plain["logs/docker.txt"];
        for (path, text) in &other {
            for name in gone {
                assert!(!text.contains(name), "{name} in {path}: {text}");
            }
            let alone = text.split(|c: char| !c.is_ascii_alphanumeric());
            assert!(own.len() < 3 || alone.clone().all(|word| word != own), "{own} in {path}");
        }
        assert!(log.contains("alice") && other["logs/docker.txt"].contains(".azure-devices.net"));
        // The same images everywhere: the hub's in the report is that in the log.
        let report: Value = serde_json::from_str(&other["report.json"]).unwrap();
        let hub = report["target"]["hub"].as_str().unwrap();
        assert!(other["logs/docker.txt"].contains(hub), "{hub}: {}", other["logs/docker.txt"]);
        let replayed = folder.path().join("other.zip");
        assert_eq!(run(&["replay", replayed.to_str().unwrap()]).code, 2);
    });
}
