//! A key is planted wherever a device may have one, and no command shows it: neither as it is, nor
//! in base64 or percent-encoded, on no stream, in no form, in no file, with every diagnostic on.

use std::fs;
use std::path::PathBuf;

use assert_cmd::Command;

use crate::bundle::entries;
use crate::engine::{Answer, serve};
use crate::installed::install;
use crate::internet::HUB;
use crate::namespace::alone;
use crate::probe::NAMES;
use crate::program::{Outcome, edgeprobe};
use crate::stand_in::journalctl;

/// A key, with the characters that are encoded.
const KEY: &str = "PLANTED+key/PLANTED+key/PLANTED+key/PLANTED=";

/// What shows that a key was there: the word, what of it is in base64 wherever it begins in a text,
/// and what a key of its own in base64 begins with.
const TRACES: [&str; 4] = ["PLANTED", "UExBTlRFR", "BMQU5URU", "QTEFOVEVE"];

/// Keys in base64url and in hexadecimals, which no padding tells.
pub(crate) const URL_KEY: &str = "kX9-2bQv_7RmTz4cWn8YpL1sJ6hGd3fKaE5uVxBtC0o";
pub(crate) const HEX_KEY: &str = "3f9a1c7be204d8865b1fa07c93de42e13f9a1c7be204d8865b1fa07c93de42e1";

const PROXY: &str = "http://edge:PLANTED@127.0.0.1:9";

/// Proxies as people write them, with passwords that are not escaped.
const UNESCAPED: [&str; 4] = [
    "http://edge:p@PLANTED@127.0.0.1:9",
    "http://edge:pa/PLANTED@127.0.0.1:9",
    "edge:PLANTED@127.0.0.1:9",
    "http:/edge:PLANTED@127.0.0.1:9",
];

fn secrets() -> Vec<String> {
    vec![
        format!("HostName={HUB};DeviceId=gw1;SharedAccessKey={KEY}"),
        format!("SharedAccessKey%3D{}", KEY.replace('+', "%2B").replace('=', "%3D")),
        "SharedAccessSignature sr=contoso&sig=PLANTED%2B%3D&se=1".to_owned(),
        format!("https://account.blob.core.windows.net/x?sv=1&sig={KEY}"),
        PROXY.to_owned(),
        "Proxy-Authorization: Basic ZWRnZTpQTEFOVEVE".to_owned(),
        "-----BEGIN RSA PRIVATE KEY-----".to_owned(),
        "PLANTEDPLANTEDPLANTEDPLANTEDPLANTEDPLANTEDPLANTEDPLANTEDPLANTED".to_owned(),
        format!("{} module=x", "PLANTEDPLANTED".repeat(4)),
        "PLANTED".to_owned(),
        "-----END RSA PRIVATE KEY-----".to_owned(),
        "docker login -u me -p PLANTED contoso.azurecr.io".to_owned(),
        r#"{"auths":{"contoso.azurecr.io":{"auth":"bWU6UExBTlRFRA=="}}}"#.to_owned(),
        UNESCAPED.join(" refused, "),
        r#"{"password":"abc, PLANTED","X-Registry-Auth":["PLANTED"]}"#.to_owned(),
        "SharedAccessKey\u{1b}[0m=\u{1b}[32mPLANTED\u{1b}[0m".to_owned(),
        format!("symmetric_key = \"{KEY}\" Bind for 0.0.0.0:443 failed: port is already allocated"),
        format!("Edge agent attempting to connect to IoT Hub via Amqp_Tcp_Only... {KEY}"),
    ]
}

/// The files of a device below /etc.
fn files() -> Vec<(&'static str, String)> {
    let toml = format!(
        "hostname = \"gw1\"\n# old: {KEY}\n[provisioning]\nsource = \"manual\"\n\
         connection_string = \"HostName={HUB};DeviceId=gw1;SharedAccessKey={KEY}\"\n\
         [provisioning.attestation]\nsymmetric_key = {{ value = \"{KEY}\" }}\n\
         [provisioning.other]\nsymmetric_key = \"\"\"\n{KEY}\n\"\"\"\nblob = '''\n{URL_KEY}\n'''\n\
         [agent.env]\nUpstreamProtocol = \"AmqpWs\"\nhttps_proxy = \"{PROXY}\"\nMYSTERY = \"PLANTED\"\n\
         no_proxy = \"plc01,{PROXY},PLANTED@x\"\n\
         [agent.config]\nimage = \"me:PLANTED@contoso.azurecr.io/agent:1.5\"\n\
         [agent.config.auth]\nserveraddress = \"me:PLANTED@contoso.azurecr.io\"\nusername = \"me\"\n\
         password = \"PLANTED\"\n"
    );
    let yaml = format!(
        "provisioning:\n  source: manual\n  device_connection_string: \"HostName={HUB};SharedAccessKey={KEY}\"\n\
         folded: >-\n    {KEY}\n  literal: |\n    {KEY}\n    {HEX_KEY}\n\
         agent:\n  env:\n    SECRET: PLANTED\n  config:\n    auth:\n      password: PLANTED\n"
    );
    let unit = format!(
        "[Service]\nEnvironment=\"https_proxy={PROXY}\" \"TOKEN=PLANTED x\"\nExecStart=/bin/true --key PLANTED\n"
    );
    let daemon = format!(
        r#"{{"proxies":{{"https-proxy":"{PROXY}","http-proxy":"{}","no-proxy":"plc02,{PROXY}"}},
            "insecure-registries":["me:PLANTED@registry.plant:5000","http://me:PLANTED@other.plant"],
            "registry-mirrors":["https://me:PLANTED@mirror.plant"],"log-opts":{{"splunk-token":"PLANTED"}},"mtu":1400}}"#,
        UNESCAPED[1]
    );
    vec![
        ("aziot/config.toml", toml),
        ("aziot/edged/config.d/site.toml", "[agent.env]\nAPI_KEY = \"PLANTED\"\n".to_owned()),
        ("iotedge/config.yaml", yaml),
        ("environment", format!("https_proxy={}\nTOKEN=PLANTED\n", UNESCAPED[0])),
        ("systemd/system/aziot-edged.service", unit.clone()),
        ("systemd/system/aziot-edged.service.d/proxy.conf", unit.clone()),
        ("systemd/system/docker.service.d/proxy.conf", unit.replace(PROXY, UNESCAPED[2])),
        ("docker/daemon.json", daemon),
    ]
}

/// What an engine answers that has the key in its containers' environments, labels, commands and
/// logs, or in each of its errors.
pub(crate) fn answer(path: &str, refuses: bool) -> Answer {
    let network = |id: &str| {
        serde_json::json!({"Name": "azure-iot-edge", "Id": id, "Driver": "bridge", "Scope": "local",
        "IPAM": {"Config": [{"Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1"}]},
        "Options": {}, "Containers": {}, "Labels": {"token": KEY}})
    };
    let container = serde_json::json!({"Id": "cafe01", "Name": "/edgeAgent", "Args": ["--key", KEY],
        "State": {"Status": "running", "Running": true, "Pid": 0, "Error": format!("sig={KEY}")},
        "Config": {"Image": "me:PLANTED@contoso.azurecr.io/agent:1.5", "Cmd": ["run", KEY],
            "Env": [format!("EdgeHubConnectionString=HostName={HUB};SharedAccessKey={KEY}"),
                format!("https_proxy={PROXY}"), format!("HTTP_PROXY={}", UNESCAPED[3]),
                format!("NO_PROXY=plc03,{PROXY}"), format!("MYSTERY={KEY}"), "SHORT=PLANTED",
                format!("IOTEDGE_IOTHUBHOSTNAME={HUB}"), "IOTEDGE_MODULEGENERATIONID=PLANTED"],
            "Labels": {"net.azure-devices.edge.owner": "Microsoft.Azure.Devices.Edge.Agent", "secret": "PLANTED"}},
        "HostConfig": {"LogConfig": {"Type": "splunk", "Config": {"splunk-token": "PLANTED"}}},
        "NetworkSettings": {"Networks": {"azure-iot-edge": {"IPAddress": "172.18.0.2"}}}});
    let summary = serde_json::json!([{"Id": "cafe01", "Names": ["/edgeAgent"], "Image": "me:PLANTED@contoso.azurecr.io/agent:1.5",
        "Command": format!("run {KEY}"), "Labels": {"secret": "PLANTED"},
        "NetworkSettings": {"Networks": {"azure-iot-edge": {"IPAddress": "172.18.0.2"}}}},
        // Nobody can say what it is.
        {"Id": "cafe02", "Names": ["/broken"], "Labels": {"net.azure-devices.edge.owner": "x"}}]);
    if refuses && path != "_ping" {
        let message = serde_json::json!({ "message": format!("no: SharedAccessKey={KEY}") });
        return Answer { status: "403 Forbidden", ..Answer::json(&message) };
    }
    let body = match path {
        "_ping" => "OK".to_owned(),
        "version" => {
            r#"{"Version":"27.1.1","ApiVersion":"1.44","MinAPIVersion":"1.24"}"#.to_owned()
        }
        "info" => {
            serde_json::json!({"ServerVersion": "27.1.1", "HttpsProxy": PROXY, "HttpProxy": UNESCAPED[0], "NoProxy": format!("plc04,{PROXY}"), "Labels": [KEY],
            "Warnings": [format!("WARNING: password={KEY}")]})
            .to_string()
        }
        // Two of one name, which an engine finds by their ids alone.
        "networks" => serde_json::json!([network("ab12"), network("ab13")]).to_string(),
        "networks/ab12" | "networks/ab13" => network(&path[9..]).to_string(),
        "networks/azure-iot-edge" => {
            let message = "network azure-iot-edge is ambiguous (2 matches found on name)";
            let body = serde_json::json!({ "message": message });
            return Answer { status: "400 Bad Request", ..Answer::json(&body) };
        }
        "containers/cafe02/json" => {
            let body = serde_json::json!({"message": "layer does not exist"});
            return Answer { status: "500 Internal Server Error", ..Answer::json(&body) };
        }
        "containers/json" => summary.to_string(),
        "containers/cafe01/json" | "containers/edgeAgent/json" => container.to_string(),
        "containers/edgeAgent/logs" | "containers/cafe01/logs" => {
            let log = secrets().join("\n") + "\n";
            let length = u32::try_from(log.len()).unwrap().to_be_bytes();
            // Docker's frames: the stream, and the length.
            let head: Vec<u8> = [1, 0, 0, 0].into_iter().chain(length).collect();
            return Answer {
                kind: "application/vnd.docker.multiplexed-stream",
                body: [&head, log.as_bytes()].concat(),
                ..Answer::default()
            };
        }
        "images/json" => {
            serde_json::json!([{"RepoTags": ["me:PLANTED@contoso.azurecr.io/agent:1.5"]}]).to_string()
        }
        _ => return Answer::unknown(),
    };
    Answer { body: body.into_bytes(), ..Answer::default() }
}

struct Device {
    folder: tempfile::TempDir,
}

impl Device {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        serve(&folder.path().join("engine.sock"), |path| answer(path, false));
        serve(&folder.path().join("refusing.sock"), |path| answer(path, true));
        fs::write(folder.path().join("planted.log"), secrets().join("\n")).unwrap();
        let docker = folder.path().join(".docker");
        fs::create_dir(&docker).unwrap();
        let auths = r#"{"auths":{"contoso.azurecr.io":{"auth":"bWU6UExBTlRFRA==","identitytoken":"PLANTED"}}}"#;
        fs::write(docker.join("config.json"), auths).unwrap();
        let journal = format!("cat '{}'", folder.path().join("planted.log").display());
        let _noted = journalctl(folder.path(), &journal);
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A command on this device, with every diagnostic.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = edgeprobe();
        command
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env("EDGEPROBE_LOG", "trace")
            .env("DOCKER_HOST", format!("unix://{}", self.path("engine.sock").display()))
            .env("IOTEDGE_TOKEN", KEY)
            .env("https_proxy", PROXY)
            .env("no_proxy", format!("plc05,{PROXY},PLANTED@x"))
            .env("EDGEPROBE_HUB", format!("HostName={HUB};DeviceId=gw1;SharedAccessKey={KEY}"))
            .args(arguments);
        command
    }
}

#[track_caller]
fn assert_no_key(what: &str, text: &str) {
    for trace in TRACES.into_iter().chain([&URL_KEY[..12], &HEX_KEY[..12]]) {
        if let Some(at) = text.find(trace) {
            let around: String = text
                .chars()
                .skip(text[..at].chars().count().saturating_sub(80))
                .take(200)
                .collect();
            panic!("{what} shows {trace}: {around}");
        }
    }
}

#[test]
fn no_command_shows_a_key() {
    alone("planted::no_command_shows_a_key", || {
        let files = files();
        let files: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let Some(_etc) = install(&files) else { return };
        let device = Device::new();
        let quick =
            ["--resolver", "127.0.0.1:9", "--timeout", "4s", "--ports", "none", "--no-container"];
        let with = |arguments: &[&'static str]| [arguments, &quick].concat();
        let mut commands: Vec<Vec<&str>> = vec![
            with(&["check", "--verbose", "--registry-credentials"]),
            with(&["check", "--format", "json", "--output", "report.json"]),
            with(&["check", "--format", "ndjson", "--proxy", PROXY]),
            with(&["check", "--lang", "fr", "--verbose"]),
            with(&["check", "--logs", "--format", "json"]),
            with(&["vpn"]),
            with(&["vpn", "--format", "json"]),
            with(&["vpn", "--format", "ndjson", "--vantage", "bridge"]),
            with(&["bundle", "--output", "plain.zip", "--registry-credentials"]),
            with(&["bundle", "--output", "json.zip", "--format", "json", "--proxy", PROXY]),
            with(&["bundle", "--output", "other.zip", "--anonymise", "--lang", "fr"]),
            vec!["logs"],
            vec!["logs", "--format", "json"],
            vec!["logs", "planted.log"],
            vec!["logs", "--container", "edgeAgent", "--format", "json"],
            vec!["logs", "--journal", "docker"],
            vec!["logs", "plain.zip"],
            vec!["replay", "report.json", "--verbose"],
            vec!["replay", "plain.zip", "--format", "json"],
            vec!["replay", "other.zip"],
            vec!["explain"],
            vec!["explain", "proxy-rejects"],
            vec!["demo"],
            vec!["demo", "--format", "json", "--fault", "port-in-use"],
        ];
        for probe in NAMES {
            commands.push(with(&["probe", probe]));
        }
        for arguments in commands {
            let what = arguments.join(" ");
            let outcome = Outcome::from_command(&mut device.command(&arguments));
            assert_no_key(&what, &outcome.stdout);
            assert_no_key(&what, &outcome.stderr);
            let unasked = what.starts_with("probe logs") && outcome.code == 3;
            assert!(!unasked, "{what}: {}", outcome.stdout);
        }
        let refusing = format!("unix://{}", device.path("refusing.sock").display());
        for arguments in [
            with(&["check", "--verbose"]),
            with(&["check", "--verbose", "--logs"]),
            with(&["bundle", "--output", "refused.zip"]),
            with(&["probe", "engine"]),
            vec!["logs", "--container", "edgeAgent"],
            vec!["logs"],
        ] {
            let outcome =
                Outcome::from_command(device.command(&arguments).env("DOCKER_HOST", &refusing));
            assert_no_key(&arguments.join(" "), &(outcome.stdout + &outcome.stderr));
        }
        assert_no_key("report.json", &fs::read_to_string(device.path("report.json")).unwrap());
        for archive in ["plain.zip", "json.zip", "other.zip", "refused.zip"] {
            let entries = entries(&device.path(archive));
            for (path, text) in &entries {
                assert_no_key(&format!("{archive}: {path}"), path);
                assert_no_key(&format!("{archive}: {path}"), text);
            }
            if archive == "refused.zip" {
                continue;
            }
            // What is shown to hold no key must have been there.
            for there in [
                "configuration/etc/aziot/config.toml",
                "configuration/etc/docker/daemon.json",
                "configuration/etc/systemd/system/aziot-edged.service.d/proxy.conf",
                "engine/containers/edgeAgent.json",
                "engine/networks/azure-iot-edge.json",
                "engine/networks/azure-iot-edge-2.json",
                "logs/edgeAgent_log.txt",
                "logs/docker.txt",
            ] {
                assert!(
                    entries.contains_key(there),
                    "{there} is not in {archive}: {:?}",
                    entries["CONTENTS.txt"]
                );
            }
            let container = &entries["engine/containers/edgeAgent.json"];
            assert!(container.contains("MYSTERY=…") && container.contains("172."), "{container}");
            assert!(entries["contents.json"].contains("engine/containers/broken"), "left out");
        }
    });
}
