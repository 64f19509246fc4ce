//! The ports probe as a user that may neither bind low ports nor see other users' processes.
//!
//! The outer test is root and holds a port; it runs a copy of itself as nobody, which probes it.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "clippy.toml's leave covers no helpers"
)]

use std::env;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use edgeprobe_facts::ports::{BindResult, PortFacts};
use edgeprobe_facts::{Facts, Observation, Outcome, Token, Vantage};
use edgeprobe_probes::{Timeline, ports};

/// Set for the inner test: the port that root holds, and one that is free.
const PORTS: &str = "EDGEPROBE_TEST_PORTS";

#[test]
fn without_privilege_the_kernel_s_tables_answer() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: not root");
        return;
    }
    let (Some((_held, held)), Some((listener, free))) = (low_port(), low_port()) else {
        println!("skipped: no port below 1024 can be held");
        return;
    };
    drop(listener);
    let directory = env::temp_dir().join(format!("edgeprobe-nobody-{}", std::process::id()));
    fs::create_dir(&directory).unwrap();
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
    let copy = directory.join("test");
    fs::copy(env::current_exe().unwrap(), &copy).unwrap();
    let output = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"])
        .arg(copy)
        .args(["--exact", "as_nobody", "--ignored", "--nocapture"])
        .env(PORTS, format!("{held} {free}"))
        .output();
    fs::remove_dir_all(directory).unwrap();
    let Ok(output) = output else {
        println!("skipped: there is no setpriv");
        return;
    };
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[tokio::test]
#[ignore = "runs as the user that the other test makes it"]
async fn as_nobody() {
    let Ok(ports) = env::var(PORTS) else { return };
    let (held, free) = ports.split_once(' ').unwrap();

    let (observation, facts) = probe(held.parse().unwrap()).await;
    assert!(!facts.may_bind);
    assert!(facts.binds.iter().all(|bind| bind.result == BindResult::NotPermitted));
    assert_eq!(observation.token(), Some(Token::AddressInUse), "{observation:#?}");
    let expected =
        format!("127.0.0.1:{held} is held by a process of user root (run as root to see which)");
    assert_eq!(observation.failure.unwrap().detail, expected);

    let (observation, facts) = probe(free.parse().unwrap()).await;
    assert!(!facts.may_bind);
    assert_eq!(observation.outcome, Outcome::Pass, "{observation:#?}");
}

async fn probe(port: u16) -> (Observation, PortFacts) {
    let timeline = Timeline::start(Duration::from_secs(30));
    let observation = ports::probe(timeline, &Vantage::Host, port, &[], &[]).await;
    let Facts::Ports(facts) = observation.facts.clone() else { panic!("not a port") };
    (observation, facts)
}

/// A listener on a privileged port that was free, and the port.
fn low_port() -> Option<(TcpListener, u16)> {
    (600..1024).find_map(|port| Some((TcpListener::bind(("127.0.0.1", port)).ok()?, port)))
}
