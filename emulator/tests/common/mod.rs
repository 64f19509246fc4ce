//! What several tests need: an internet on loopback, and clients that nobody here wrote.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    unreachable_pub
)]

use std::io::Write;
use std::process::{Output, Stdio};
use std::time::Duration;

use edgeprobe_emulator::{Fault, Internet, Scenario};
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

pub const HUB: &str = "emulated.azure-devices.net";

/// Longer than anything here takes, shorter than anybody's patience.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub async fn internet(fault: Option<Fault>) -> Internet {
    let scenario = Scenario { fault, ..Scenario::on_loopback(HUB) };
    Internet::start(scenario).await.unwrap()
}

/// The roots of the device's store in a file.
pub fn roots_file(internet: &Internet) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(internet.layout().device_roots_pem.as_bytes()).unwrap();
    file
}

/// Runs a tool to its end with this input; `None`, and a note, where there is no such tool.
pub async fn run(tool: &str, arguments: &[&str], input: &[u8]) -> Option<Output> {
    let spawned = Command::new(tool)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let Ok(mut child) = spawned else {
        eprintln!("skipped: there is no {tool} here");
        return None;
    };
    let mut stdin = child.stdin.take().unwrap();
    // A tool that has ended already does not read its input.
    let _ = stdin.write_all(input).await;
    drop(stdin);
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await;
    Some(output.expect("the tool ends in time").unwrap())
}

/// Asks for a page of the hub with curl and says its answer, the head included.
pub async fn curl(internet: &Internet, path: &str, more: &[&str]) -> Option<Output> {
    let layout = internet.layout();
    let roots = roots_file(internet);
    let url = format!("https://{HUB}:{}{path}", layout.ports.web);
    let resolve = format!("{HUB}:{}:127.0.0.1", layout.ports.web);
    let mut arguments =
        vec!["--silent", "--show-error", "--include", "--http1.1", "--noproxy", "*"];
    arguments.extend(["--max-time", "5", "--resolve", &resolve, "--cacert"]);
    arguments.push(roots.path().to_str().unwrap());
    arguments.extend(more);
    arguments.push(&url);
    run("curl", &arguments, b"").await
}
