//! `vpn` on a device whose site closes a port: that is not the tunnel's doing, and says nothing
//! against it.

use std::fs;

use edgeprobe_emulator::Fault;
use serde_json::json;
use tempfile::TempDir;

use crate::bridged::{Engine, SUBNET};
use crate::internet::{HUB, roots, serve};
use crate::namespace::{RESOLVER_ADDRESS, configure, with_internet};
use crate::program::{Outcome, edgeprobe};
use crate::schema::assert_valid_report as assert_valid;

/// A tunnel that leads everything to the same internet, where its far end has this address.
const FULL_TUNNEL: [&str; 5] = [
    "link add link uplink name tun0 type macvlan",
    "addr add 10.8.0.2/24 dev tun0",
    "link set tun0 up",
    "route add 0.0.0.0/1 via 10.8.0.1 dev tun0",
    "route add 128.0.0.0/1 via 10.8.0.1 dev tun0",
];

/// A tunnel that leads to a company's own addresses.
const SPLIT_TUNNEL: [&str; 4] = [
    "tuntap add tun0 mode tun",
    "addr add 10.8.0.2/24 dev tun0",
    "link set tun0 up",
    "route add 10.99.0.0/16 dev tun0",
];

fn ask(command: &str, announced: &str, engine: &str, more: &[&str]) -> Outcome {
    ask_with(&[command], announced, engine, more)
}

/// A command of the program's on this device, which trusts these roots.
pub(crate) fn ask_with(command: &[&str], announced: &str, engine: &str, more: &[&str]) -> Outcome {
    let folder = TempDir::new().unwrap();
    let ca_file = folder.path().join("ca.pem");
    fs::write(&ca_file, roots(announced)).unwrap();
    let words = ["--hub", HUB, "--resolver", RESOLVER_ADDRESS, "--timeout", "6s"];
    let mut program = edgeprobe();
    program.env("DOCKER_HOST", engine).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    Outcome::from_command(
        program.args(command).args(words).arg("--ca-file").arg(&ca_file).args(more),
    )
}

/// The internet knows the way back to the container network.
pub(crate) fn knows_the_network() {
    configure(&[&format!("route add {SUBNET} via 198.41.0.2 dev internet")]);
}

#[test]
fn a_script_is_told_the_answer_that_the_exit_code_follows() {
    with_internet(
        "vpn::a_script_is_told_the_answer_that_the_exit_code_follows",
        serve(None),
        |announced| {
            let words = ["--format", "json"];
            let no_engine = "unix:///nonexistent/engine.sock";
            let answered = ask("vpn", announced, no_engine, &words);
            let report = answered.json();
            assert_eq!(report["verdict"]["status"], "blocked", "the engine is dead: {report:#}");
            assert_eq!((&report["vpn"]["answer"], answered.code), (&json!("no"), 0));
            assert_valid(&report);

            configure(&SPLIT_TUNNEL);
            let answered = ask("vpn", announced, no_engine, &words);
            let report = answered.json();
            assert_eq!((&report["vpn"]["answer"], answered.code), (&json!("undecided"), 3));
            assert!(report["vpn"]["summary"].to_string().contains("tun0"), "{report:#}");
            let lines = ask("vpn", announced, no_engine, &["--format", "ndjson"]).json_lines();
            assert_eq!(lines.last().unwrap()["vpn"]["answer"], "undecided");
        },
    );
}

#[test]
fn a_port_that_is_closed_behind_a_full_tunnel_is_not_the_tunnels_loss() {
    with_internet(
        "vpn::a_port_that_is_closed_behind_a_full_tunnel_is_not_the_tunnels_loss",
        |ready| {
            configure(&[
                "addr add 10.8.0.1/24 dev internet",
                // What comes by the tunnel to 5671 vanishes, which must be seen before the table
                // of the machine's own addresses.
                "rule add pref 6 lookup local",
                "rule del pref 0",
                "rule add pref 5 from 10.8.0.2 ipproto tcp dport 5671 blackhole",
            ]);
            serve(None)(ready);
        },
        |announced| {
            fs::write("/proc/sys/net/ipv4/conf/all/rp_filter", "0").unwrap();
            configure(&FULL_TUNNEL);
            let no_engine = "unix:///nonexistent/engine.sock";
            let host = ["--vantage", "host"];
            let vpn = ask("vpn", announced, no_engine, &host);
            assert!(!vpn.stdout.starts_with("YES"), "{}", vpn.stdout);
            assert!(vpn.stdout.contains("amqp-port-blocked"), "{}", vpn.stdout);
            let check =
                ask("check", announced, no_engine, &[&host[..], &["--ports", "none"]].concat());
            assert!(check.stdout.contains("amqp-port-blocked"), "{}", check.stdout);
            assert!(!check.stdout.contains("vpn-override"), "{}", check.stdout);
        },
    );
}

#[test]
fn a_split_tunnel_beside_a_network_that_uses_websockets_alone_overrides_nothing() {
    with_internet(
        "vpn::a_split_tunnel_beside_a_network_that_uses_websockets_alone_overrides_nothing",
        |ready| {
            knows_the_network();
            serve(None)(ready);
        },
        |announced| {
            let engine = Engine::with_a_network();
            configure(&SPLIT_TUNNEL);
            let vpn = ask("vpn", announced, &engine.host(), &["--protocol", "amqp-ws"]);
            assert!(vpn.stdout.starts_with("NO"), "{}{}", vpn.stdout, vpn.stderr);
            assert_eq!(vpn.code, 0);
        },
    );
}

#[test]
fn a_split_tunnel_at_a_site_that_drops_amqp_overrides_nothing() {
    with_internet(
        "vpn::a_split_tunnel_at_a_site_that_drops_amqp_overrides_nothing",
        |ready| {
            knows_the_network();
            serve(Some(Fault::AmqpPortBlocked))(ready);
        },
        |announced| {
            let engine = Engine::with_a_network();
            configure(&SPLIT_TUNNEL);
            let vpn = ask("vpn", announced, &engine.host(), &[]);
            assert!(vpn.stdout.starts_with("NO"), "{}{}", vpn.stdout, vpn.stderr);
            assert!(vpn.stdout.contains("amqp-port-blocked"), "{}", vpn.stdout);
            assert!(!vpn.stdout.contains("egress-blocked"), "{}", vpn.stdout);
            assert_eq!(vpn.code, 0);
        },
    );
}
