//! What is collected on a device is judged elsewhere as it was there.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::process::Command;

use edgeprobe_lab::world::CA_FILE;
use edgeprobe_lab::{Lab, Topology, scenarios};
use serde_json::Value;

use crate::support::{EDGEPROBE, PROGRAM, installed, internet, turn};

/// The key in the configuration of the lab's device.
const KEY: &str = "bGFi";

fn entries(path: &Path) -> BTreeMap<String, String> {
    let mut archive = zip::ZipArchive::new(File::open(path).unwrap()).unwrap();
    (0..archive.len())
        .map(|index| {
            let mut member = archive.by_index(index).unwrap();
            let mut text = String::new();
            member.read_to_string(&mut text).unwrap();
            (member.name().unwrap().into_owned(), text)
        })
        .collect()
}

/// The status and the causes that `replay` finds, away from the device.
fn replayed(path: &Path) -> (Value, Vec<Value>) {
    let output =
        Command::new(EDGEPROBE).args(["replay", "--format", "json"]).arg(path).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let causes = report["verdict"]["causes"].as_array().unwrap();
    let ids = causes.iter().map(|cause| cause["id"].clone()).collect();
    (report["verdict"]["status"].clone(), ids)
}

#[test]
fn a_device_with_an_engine_is_judged_elsewhere_as_it_was_there() {
    let Some(_turn) = turn() else { return };
    let folder = tempfile::tempdir().unwrap();
    for name in ["deployed-without-amqp-ws", "vpn-wg-quick"] {
        let scenario = scenarios::named(name).unwrap();
        let mut lab = Lab::build(Topology { ..scenario.topology }, &internet()).unwrap();
        (scenario.fault)(&mut lab).unwrap();
        installed(&lab);
        let mut told = Vec::new();
        for more in [&[][..], &["--anonymise"]] {
            let path = folder.path().join(format!("{name}{}.zip", more.len()));
            let output = path.to_str().unwrap();
            let mut words = vec![PROGRAM, "bundle", "--ca-file", CA_FILE, "--output", output];
            words.extend(["--timeout", "6s"]);
            if scenario.names_hub {
                words.extend(["--hub", edgeprobe_lab::world::HUB_NAME]);
            }
            words.extend(more);
            let collected = lab.device().run(&words).unwrap();
            assert_eq!(collected.status.code(), Some(0), "{}", collected.stderr);
            let entries = entries(&path);
            let report: Value = serde_json::from_str(&entries["report.json"]).unwrap();
            assert_eq!(replayed(&path).0, report["verdict"]["status"]);
            told.push(replayed(&path));
            for there in [
                "engine/containers/edgeAgent.json",
                "engine/networks/azure-iot-edge.json",
                "network/routes.txt",
                "network/rules.txt",
                "firewall/iptables.txt",
                "network/sysctl.txt",
                "engine/version.json",
            ] {
                assert!(entries.contains_key(there), "{there}: {}", entries["CONTENTS.txt"]);
            }
            for (entry, text) in &entries {
                assert!(!text.contains(KEY), "{entry}");
                assert!(
                    more.is_empty() || !text.contains("lab-hub") && !text.contains("20.49.110.2"),
                    "{entry}: {text}"
                );
            }
        }
        // On a busy machine one run may be slow where the other was not.
        let first =
            |(status, causes): &(Value, Vec<Value>)| (status.clone(), causes.first().cloned());
        assert_eq!(first(&told[0]), first(&told[1]), "{name}");
        let expected = if name == "vpn-wg-quick" { "vpn-override" } else { "amqp-port-blocked" };
        assert_eq!(told[0].1.first(), Some(&Value::from(expected)), "{told:?}");
    }
}
