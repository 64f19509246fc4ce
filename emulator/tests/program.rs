//! The program, on real ports in a network namespace of its own.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_edgeprobe-emulator");

/// Sets the addresses up, serves, and asks for a page once the emulator is ready.
const LAB: &str = r#"
set -e
ip link set lo up
for address in 20.49.110.2 9.9.9.9 13.107.42.16; do ip address add "$address/32" dev lo; done
exec "$EMULATOR" --hub lab.azure-devices.net --hub-address 20.49.110.2 \
    --resolver-address 9.9.9.9 --control-address 13.107.42.16 --ca-out "$CA" "$@"
"#;

fn in_namespace(ca: &str, more: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--net", "sh", "-c", LAB, "sh"]).args(more);
    command.env("EMULATOR", PROGRAM).env("CA", ca);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn namespaces_can_be_made() -> bool {
    let made = Command::new("unshare")
        .args(["--map-root-user", "--net", "ip", "link", "set", "lo", "up"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !made {
        eprintln!("skipped: no network namespace with ip can be made here");
    }
    made
}

#[test]
fn it_serves_real_ports_until_standard_input_closes() {
    if !namespaces_can_be_made() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    for more in [&[][..], &["--fault", "egress-blocked"], &["--fault", "dns-hijack"]] {
        let mut child = in_namespace(ca.to_str().unwrap(), more).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        if line.is_empty() {
            let mut said = String::new();
            child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            panic!("the emulator did not start with {more:?}: {said}");
        }
        let served: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(served["amqp_port"], 5671);
        assert_eq!(served["resolver"], "9.9.9.9:53");
        let pem = std::fs::read_to_string(&ca).unwrap();
        assert_eq!(pem.matches("BEGIN CERTIFICATE").count(), 2);

        drop(child.stdin.take());
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn it_says_what_it_cannot_do() {
    let output = Command::new(PROGRAM)
        .args(["--hub", "lab.azure-devices.net", "--hub-address", "192.0.2.1"])
        .args(["--resolver-address", "192.0.2.1", "--control-address", "192.0.2.1"])
        .args(["--ca-out", "unused.pem"])
        .output()
        .unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("192.0.2.1:5671") && said.contains("hint: "), "{said}");
}
