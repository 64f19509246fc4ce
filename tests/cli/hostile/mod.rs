//! Peers that mean no good, on the real ports: every check of them ends in time, with a verdict.
//!
//! Each peer has an address and a name of its own in one network namespace, so that several are
//! checked at once.

mod certificates;
mod engine;
mod name_servers;
mod peers;

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Command;

use edgeprobe_emulator::authority::{Authority, Validity};
use edgeprobe_emulator::dns::{Answer, NameServer, Zone};
use edgeprobe_emulator::strangers::{Page, Website};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::namespace::{self, CONTROL_ADDRESS};
use crate::program::{Outcome, PROGRAM, concurrently};
use certificates::Chain;
use name_servers::HostileNameServer;
use peers::{HostilePeer, Stage};

const CONTROL: &str = "mcr.microsoft.com";
/// The transports' ports.
const PORTS: [u16; 3] = [443, 5671, 8883];

/// What a check is given.
const TIMEOUT: &str = "2s";

/// When a check must have ended. What waits for its peer takes for ever; how promptly a deadline is
/// kept is not asked of a machine that runs dozens of tests beside it.
const LATEST_MS: f64 = 8_000.0;

/// The memory that a check may write to, in KiB. The address space also counts what the C library
/// reserves for each thread. A peer sends far more than this in its time.
const DATA: &str = "262144";
/// No peer can make a report larger than this, in bytes.
const LARGEST_REPORT: usize = 256 * 1024;

#[test]
fn before_the_handshake() {
    namespace::alone("hostile::before_the_handshake", || check_peers(Stage::Connection));
}

#[test]
fn as_a_proxy() {
    namespace::alone("hostile::as_a_proxy", || {
        let runtime = runtime();
        let hub = Authority::root("Root of the hostile").unwrap();
        let now = Validity::around(std::time::SystemTime::now());
        let hub = hub.issue(&["*.azure-devices.net"], now).unwrap();
        // The hub has an address, and nobody listens there.
        let address: IpAddr = Ipv4Addr::new(20, 49, 110, 9).into();
        namespace::add_address(address);
        let zone = Zone::default()
            .with("hub.azure-devices.net", Answer::Addresses(vec![address]))
            .with(CONTROL, Answer::Addresses(vec![address]));
        let (resolver, proxies) = runtime.block_on(async {
            let server = NameServer::start("127.0.0.1:53".parse().unwrap(), zone).await.unwrap();
            let resolver = server.address();
            std::mem::forget(server);
            let mut proxies = Vec::new();
            let turned = [Stage::Connection, Stage::Proxy];
            for (port, peer) in (4_000..).zip(turned.into_iter().flat_map(HostilePeer::all)) {
                let listener = listen(CONTROL_ADDRESS.parse().unwrap(), port).await;
                std::mem::forget(peer.serve(listener, &hub).unwrap());
                proxies.push((format!("http://edge:hunter2@{CONTROL_ADDRESS}:{port}"), peer.name));
            }
            (resolver, proxies)
        });
        let outcomes =
            concurrently(proxies, |(proxy, _)| check_by("hub", resolver, None, Some(proxy)));
        for ((_, name), outcome) in outcomes {
            assert_withstood(name, &outcome);
            assert!(!outcome.stdout.contains("hunter2"), "{name}");
        }
    });
}

#[test]
fn after_the_handshake() {
    namespace::alone("hostile::after_the_handshake", || check_peers(Stage::Tls));
}

#[test]
fn after_the_upgrade() {
    namespace::alone("hostile::after_the_upgrade", || check_peers(Stage::Upgrade));
}

#[test]
fn as_a_name_server() {
    namespace::alone("hostile::as_a_name_server", || {
        let runtime = runtime();
        let servers: Vec<(&str, SocketAddr)> = HostileNameServer::ALL
            .iter()
            .map(|server| (server.name, runtime.block_on(server.start())))
            .collect();
        let outcomes = concurrently(servers, |(_, address)| check("contoso", *address, None));
        for ((name, _), outcome) in outcomes {
            let report = assert_withstood(name, &outcome);
            let causes = report["verdict"]["causes"].as_array().unwrap();
            let blamed: Vec<&Value> = causes.iter().map(|cause| &cause["id"]).collect();
            assert!(blamed.iter().all(|id| *id == "dns-host-failure"), "{name}: {blamed:?}");
            assert!(!blamed.is_empty() || outcome.code == 3, "{name}");
        }
    });
}

#[test]
fn with_certificates_that_take_long() {
    namespace::alone("hostile::with_certificates_that_take_long", || {
        let runtime = runtime();
        let address = |number: u8| IpAddr::from(Ipv4Addr::new(20, 49, 110, number));
        let control_address: IpAddr = CONTROL_ADDRESS.parse().unwrap();
        let mut zone = Zone::default().with(CONTROL, Answer::Addresses(vec![control_address]));
        let mut hubs = Vec::new();
        let resolver = runtime.block_on(async {
            for (number, chain) in (10..).zip(Chain::ALL) {
                let label = format!("hub-{number}");
                let host = format!("{label}.azure-devices.net");
                zone = zone.clone().with(&host, Answer::Addresses(vec![address(number)]));
                let hub = chain.hub(&host);
                std::mem::forget([
                    hub.serve_web(listen(address(number), 443).await).unwrap(),
                    hub.serve_amqp(listen(address(number), 5671).await).unwrap(),
                    hub.serve_mqtt(listen(address(number), 8883).await).unwrap(),
                ]);
                hubs.push((chain, label));
            }
            let server = NameServer::start("127.0.0.1:53".parse().unwrap(), zone).await.unwrap();
            let address = server.address();
            std::mem::forget(server);
            address
        });
        let outcomes = concurrently(hubs, |(_, label)| check(label, resolver, None));
        for ((chain, label), outcome) in outcomes {
            let name = format!("{chain:?}");
            if chain != Chain::Namesakes {
                assert_withstood(&name, &outcome);
                continue;
            }
            // The chain is neither good nor bad, and the hub behind it answered.
            let report = assert_ended(&name, &outcome);
            assert_eq!((outcome.code, &report["verdict"]["status"]), (3, &"inconclusive".into()));
            let missing = report["verdict"]["not_tested"].to_string();
            assert!(missing.contains(&format!("{label}.azure-devices.net")), "{missing}");
            assert!(missing.contains("neither good nor bad"), "{missing}");
            let causes = report["verdict"]["causes"].to_string();
            assert!(!causes.contains("tls-intercepted") && !causes.contains("root-ca"), "{causes}");
        }
    });
}

/// Checks every peer that turns hostile at this stage.
fn check_peers(stage: Stage) {
    let runtime = runtime();
    let folder = TempDir::new().unwrap();
    let authority = Authority::root("Root of the hostile").unwrap();
    let ca_file = folder.path().join("ca.pem");
    fs::write(&ca_file, authority.root_pem()).unwrap();
    let now = Validity::around(std::time::SystemTime::now());
    let hub = authority.issue(&["*.azure-devices.net"], now).unwrap();
    let control = authority.issue(&[CONTROL], now).unwrap();

    let control_address: IpAddr = CONTROL_ADDRESS.parse().unwrap();
    let mut zone = Zone::default().with(CONTROL, Answer::Addresses(vec![control_address]));
    let mut peers = Vec::new();
    let resolver = runtime.block_on(async {
        let listener = listen(control_address, 443).await;
        // They end with the runtime, and the namespace with this process.
        std::mem::forget(Website::new(&control, Page::Registry).unwrap().serve(listener).unwrap());
        for (number, peer) in (10..).zip(HostilePeer::all(stage)) {
            let address = Ipv4Addr::new(20, 49, 110, number).into();
            let label = format!("hub-{number}");
            zone = zone
                .clone()
                .with(&format!("{label}.azure-devices.net"), Answer::Addresses(vec![address]));
            for port in PORTS {
                std::mem::forget(peer.serve(listen(address, port).await, &hub).unwrap());
            }
            peers.push((label, peer.name));
        }
        let server = NameServer::start("127.0.0.1:53".parse().unwrap(), zone).await.unwrap();
        let address = server.address();
        std::mem::forget(server);
        address
    });
    let outcomes = concurrently(peers, |(label, _)| check(label, resolver, Some(&ca_file)));
    for ((_, name), outcome) in outcomes {
        assert_withstood(name, &outcome);
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

async fn listen(ip: IpAddr, port: u16) -> TcpListener {
    namespace::add_address(ip);
    TcpListener::bind(SocketAddr::new(ip, port)).await.unwrap()
}

/// A check by every transport, in little memory.
fn check(label: &str, resolver: SocketAddr, ca_file: Option<&std::path::Path>) -> Outcome {
    check_by(label, resolver, ca_file, None)
}

/// The same by a proxy.
fn check_by(
    label: &str,
    resolver: SocketAddr,
    ca_file: Option<&std::path::Path>,
    proxy: Option<&str>,
) -> Outcome {
    let mut command = Command::new("sh");
    command.env_clear();
    command.args(["-c", &format!("ulimit -d {DATA}; exec \"$@\""), "sh", PROGRAM]);
    command.args(["check", "--hub", &format!("{label}.azure-devices.net")]);
    command.args(["--resolver", &resolver.to_string(), "--timeout", TIMEOUT]);
    command.args(["--protocol", "amqp,amqp-ws,mqtt,mqtt-ws", "--ports", "none"]);
    command.args(["--skip", "engine", "--format", "json"]);
    if let Some(file) = ca_file {
        command.arg("--ca-file").arg(file);
    }
    if let Some(proxy) = proxy {
        command.args(["--proxy", proxy]);
    }
    Outcome::from_command(&mut assert_cmd::Command::from_std(command))
}

/// Ended in time and in order. The device is blocked, or the short `--timeout` left that open.
#[track_caller]
fn assert_withstood(name: &str, outcome: &Outcome) -> Value {
    let report = assert_ended(name, outcome);
    let status = report["verdict"]["status"].as_str().unwrap();
    let answer = (outcome.code, status);
    assert!([(2, "blocked"), (3, "inconclusive")].contains(&answer), "{name}: {}", outcome.stdout);
    report
}

/// Ended in time and in order, and said no more than it may.
#[track_caller]
fn assert_ended(name: &str, outcome: &Outcome) -> Value {
    assert_eq!(outcome.stderr, "", "{name}");
    assert!(outcome.stdout.len() < LARGEST_REPORT, "{name}: {} bytes", outcome.stdout.len());
    assert!(!outcome.stdout.contains('\u{1b}'), "{name}");
    let report = outcome.json();
    let verdict = &report["verdict"];
    let took = report["run"]["duration_ms"].as_f64().unwrap();
    assert!(took <= LATEST_MS, "{name}: {took} ms");
    let causes: Vec<&Value> =
        verdict["causes"].as_array().unwrap().iter().map(|cause| &cause["id"]).collect();
    println!("{name}: {took:.0} ms, {causes:?}, {}", verdict["summary"]);
    report
}
