//! The engine and ports probes against a real dockerd.
//!
//! The engine runs in network, mount and process namespaces of its own, so that nothing of it
//! stays when the test ends, however it ends. Needs root, dockerd, busybox and util-linux.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "clippy.toml's leave covers no helpers"
)]

mod dockerd;
mod networks;
mod ports;

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use dockerd::remove_control_groups;

/// Set for the inner test: the directory that it may use.
const DIRECTORY: &str = "EDGEPROBE_TEST_DIRECTORY";

#[test]
fn a_real_engine_is_asked_and_its_containers_are_named() {
    in_namespaces("ports");
}

#[test]
fn a_real_engine_s_networks_are_known_and_its_choice_of_a_subnet_is_foretold() {
    in_namespaces("networks");
}

/// Runs the ignored test of this module in namespaces of its own.
fn in_namespaces(subject: &str) {
    let tools = ["dockerd", "docker", "busybox", "unshare", "nsenter", "timeout", "ip", "tar"];
    if !rustix::process::geteuid().is_root() {
        println!("skipped: not root");
        return;
    }
    if let Some(absent) = tools.iter().find(|tool| find(tool).is_none()) {
        println!("skipped: there is no {absent}");
        return;
    }
    let namespaces = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--"];
    let allowed = Command::new("unshare").args(namespaces).arg("true").output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        println!("skipped: namespaces are not allowed here");
        return;
    }
    // Short, since the engine's sockets are below it.
    let directory =
        env::temp_dir().join(format!("edgeprobe-dockerd-{}-{subject}", std::process::id()));
    fs::create_dir(&directory).unwrap();
    // The test itself is the first process of the namespace: when it ends, the kernel ends the
    // engine, its containerd and its containers.
    let output = Command::new("timeout")
        .args(["--kill-after=5", "120", "unshare"])
        .args(namespaces)
        .arg(env::current_exe().unwrap())
        .args(["--exact", &format!("{subject}::inside_the_namespaces")])
        .args(["--ignored", "--nocapture"])
        .env(DIRECTORY, &directory)
        .output();
    let removed = fs::remove_dir_all(&directory);
    remove_control_groups(&directory);
    let output = output.unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    removed.unwrap();
}

fn run(command: &mut Command) {
    output(command);
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|directory| directory.join(program)).find(|path| path.is_file())
}
