//! A device on which the runtime is installed: its configuration says what is to be asked.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::internet::{HUB, roots, serve};
use crate::namespace::{RESOLVER_ADDRESS, alone, with_internet};
use crate::program::{Outcome, PROGRAM, edgeprobe, run};

const KEY: &str = "c2VjcmV0LWtleQ==";

/// Arguments with which nothing is asked for long.
const NOBODY: [&str; 8] = [
    "--resolver",
    "127.0.0.1:9",
    "--timeout",
    "1s",
    "--ports",
    "none",
    "--skip",
    "engine,vantage,https,clock",
];

pub(crate) fn config_toml(hub: &str) -> String {
    format!(
        "[provisioning]\nsource = \"manual\"\n\
         connection_string = \"HostName={hub};DeviceId=gw1;SharedAccessKey={KEY}\"\n\n\
         [agent.env]\nUpstreamProtocol = \"AMQPWS\"\n\n\
         [moby_runtime]\nnetwork = \"site-edge\"\n"
    )
}

/// Lays files over this namespace's own /etc. Nothing where that is not permitted.
pub(crate) fn install(files: &[(&str, &str)]) -> Option<TempDir> {
    let folder = TempDir::new().unwrap();
    for (path, content) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    make_readable(folder.path());
    let layers = format!("lowerdir={}:/etc", folder.path().display());
    let mounted =
        Command::new("mount").args(["-t", "overlay", "-o", &layers, "lab", "/etc"]).output();
    if mounted.is_ok_and(|output| output.status.success()) {
        return Some(folder);
    }
    eprintln!("skipped: files may not be laid over /etc here");
    None
}

fn make_readable(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
}

fn check(arguments: &[&str]) -> Outcome {
    run(&[&["check"], arguments, &NOBODY[..]].concat())
}

#[test]
fn a_check_needs_no_options() {
    with_internet("installed::a_check_needs_no_options", serve(None), |announced| {
        let Some(folder) = install(&[("aziot/config.toml", &config_toml(HUB))]) else { return };
        let ca_file = folder.path().join("ca.pem");
        fs::write(&ca_file, roots(announced)).unwrap();
        let arguments = [
            "check",
            "--ca-file",
            ca_file.to_str().unwrap(),
            "--resolver",
            RESOLVER_ADDRESS,
            "--skip",
            "engine",
        ];
        let outcome = run(&[&arguments[..], &["--format", "json"]].concat());
        let report = outcome.json();
        // The runtime is here, and nothing was asked from where its modules run.
        assert_eq!(outcome.code, 3, "{report:#}");
        assert!(report["verdict"]["summary"].as_str().unwrap().contains("This host reaches"));
        let host_alone = run(&[&arguments[..], &["--vantage", "host"]].concat());
        assert_eq!(host_alone.code, 0, "{host_alone:?}");
        let target = &report["target"];
        assert_eq!(target["hub"], HUB);
        assert_eq!(target["protocols"], serde_json::json!(["amqp-ws"]), "and no other counts");
        assert_eq!(target["network"], "site-edge");
        for part in ["hub", "protocols", "network"] {
            assert_eq!(target["sources"][part], "/etc/aziot/config.toml", "{part}");
        }
        assert_eq!(report["run"]["phase"], "installed");
        let told = run(&arguments).stdout;
        assert!(told.contains(&format!("{HUB} from /etc/aziot/config.toml")), "{told}");
        assert!(!outcome.stdout.contains(KEY) && !told.contains(KEY));
    });
}

#[test]
fn what_is_given_comes_before_what_is_configured() {
    alone("installed::what_is_given_comes_before_what_is_configured", || {
        let Some(_folder) =
            install(&[("aziot/config.toml", &config_toml("file.azure-devices.net"))])
        else {
            return;
        };
        let target = |hub: &[&str], variable: Option<&str>| {
            let mut command = edgeprobe();
            command.args(["check", "--format", "json"]).args(hub).args(NOBODY);
            if let Some(variable) = variable {
                command.env("EDGEPROBE_HUB", variable);
            }
            Outcome::from_command(&mut command).json()["target"].clone()
        };
        let by_file = target(&[], None);
        assert_eq!(by_file["hub"], "file.azure-devices.net");
        let by_variable = target(&[], Some("variable.azure-devices.net"));
        assert_eq!(by_variable["hub"], "variable.azure-devices.net");
        assert_eq!(by_variable["sources"]["hub"], "EDGEPROBE_HUB");
        let options = ["--hub", "option.net", "--protocol", "mqtt,amqp", "--network", "mine"];
        let by_option = target(&options, Some("variable.azure-devices.net"));
        assert_eq!(by_option["hub"], "option.net");
        assert_eq!(by_option["protocols"], serde_json::json!(["mqtt", "amqp"]));
        assert_eq!(
            (&by_option["network"], &by_option["sources"]["hub"]),
            (&"mine".into(), &"--hub".into())
        );
    });
}

#[test]
fn a_broken_configuration_is_told_of_and_stops_nothing() {
    alone("installed::a_broken_configuration_is_told_of_and_stops_nothing", || {
        let broken = config_toml(HUB).replace("[moby_runtime]", &format!("[moby_runtime {KEY}"));
        let Some(_folder) = install(&[("aziot/config.toml", &broken)]) else { return };
        let outcome = check(&[]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (3, ""));
        assert!(outcome.stderr.starts_with("error: no IoT Hub was named"), "{}", outcome.stderr);
        assert!(
            outcome
                .stderr
                .contains("could not read /etc/aziot/config.toml (syntax error in line 8)"),
            "{}",
            outcome.stderr
        );
        let given = check(&["--hub", HUB]);
        assert_eq!(given.code, 2, "the hub is asked all the same: {given:?}");
        assert!(given.stdout.contains("What /etc/aziot/config.toml says"), "{}", given.stdout);
        for text in [&outcome.stderr, &given.stdout, &given.stderr] {
            assert!(!text.contains(KEY), "{text}");
        }
    });
}

#[test]
fn a_configuration_with_another_s_name_is_refused_with_its_place() {
    alone("installed::a_configuration_with_another_s_name_is_refused_with_its_place", || {
        let Some(_folder) = install(&[("aziot/config.toml", &config_toml("contoso"))]) else {
            return;
        };
        let outcome = check(&[]);
        assert_eq!(outcome.code, 3);
        let expected = "error: the hub's name in /etc/aziot/config.toml: `contoso` is not a full";
        assert!(outcome.stderr.starts_with(expected), "{}", outcome.stderr);
    });
}

#[test]
fn an_ordinary_user_is_told_what_root_could_read() {
    alone("installed::an_ordinary_user_is_told_what_root_could_read", || {
        use std::os::unix::fs::PermissionsExt;
        let Some(folder) = install(&[("aziot/config.toml", &config_toml(HUB))]) else { return };
        let config = Path::new("/etc/aziot/config.toml");
        let below = folder.path().join("aziot/config.toml");
        fs::set_permissions(below, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(config.exists());
        let program = folder.path().join("edgeprobe");
        fs::copy(PROGRAM, &program).unwrap();
        let ran = Command::new("setpriv")
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(&program)
            .arg("check")
            .args(NOBODY)
            .env_clear()
            .output();
        let Ok(ran) = ran else { return eprintln!("skipped: there is no setpriv") };
        let told = String::from_utf8(ran.stderr).unwrap();
        if told.contains("setpriv:") {
            return eprintln!("skipped: only root can become an ordinary user with setpriv");
        }
        assert_eq!(ran.status.code(), Some(3), "{told}");
        assert!(told.contains("/etc/aziot/config.toml (run as root)"), "{told}");
    });
}

#[test]
fn the_probe_shows_what_was_found() {
    alone("installed::the_probe_shows_what_was_found", || {
        let environment = "https_proxy=http://user:c2VjcmV0@proxy.corp:3128\n";
        let files =
            [("aziot/config.toml", config_toml(HUB)), ("environment", environment.to_owned())];
        let files = files.each_ref().map(|(path, content)| (*path, content.as_str()));
        let Some(_folder) = install(&files) else { return };
        let outcome = run(&["probe", "runtime"]);
        assert_eq!(outcome.code, 0, "{outcome:?}");
        for line in [
            "the runtime's configuration was found",
            "generation: toml",
            &format!("hub.value: {HUB}"),
            "upstream_protocol.value: AMQPWS",
            "http://***@proxy.corp:3128",
        ] {
            assert!(outcome.stdout.contains(line), "{line} is not in\n{}", outcome.stdout);
        }
        assert!(!outcome.stdout.contains("c2VjcmV0"), "{}", outcome.stdout);
    });
}

#[test]
fn without_a_runtime_the_hint_says_where_it_was_looked_for() {
    alone("installed::without_a_runtime_the_hint_says_where_it_was_looked_for", || {
        let outcome = check(&[]);
        assert_eq!(outcome.code, 3);
        for place in ["--hub", "EDGEPROBE_HUB", "/etc/aziot", "/etc/iotedge", "/var/snap"] {
            assert!(outcome.stderr.contains(place), "{place}: {}", outcome.stderr);
        }
        assert_eq!(run(&["probe", "runtime"]).code, 3);
    });
}
