//! Each probe alone asks something, and all that it needs to have something to ask.

use edgeprobe_emulator::Fault;
use serde_json::Value;

use crate::bridged::{Engine, NETWORK};
use crate::installed::{config_toml, install};
use crate::internet::{HUB, serve};
use crate::namespace::with_internet;
use crate::vpn::{ask_with, knows_the_network};

/// Every name of a probe, by what the program itself says that it takes.
pub(crate) const NAMES: [&str; 16] = [
    "dns",
    "route",
    "tls",
    "websocket",
    "https",
    "ports",
    "clock",
    "engine",
    "edge-route",
    "route-tables",
    "vantage",
    "trace",
    "runtime",
    "hostname",
    "registry",
    "logs",
];

fn probe<'r>(report: &'r Value, probe: &str) -> Vec<&'r Value> {
    let name = probe.replace('-', "_");
    let all = report["observations"].as_array().unwrap().iter();
    all.filter(|observation| observation["probe"] == name.as_str()).collect()
}

#[test]
fn the_help_names_these_probes() {
    let help = crate::program::run(&["probe", "--help"]).stdout;
    for name in NAMES {
        assert!(help.contains(&format!("- {name}:")), "{name}: {help}");
    }
    let probes = help.split("Options:").next().unwrap();
    assert_eq!(probes.matches("\n          - ").count(), NAMES.len(), "{probes}");
}

#[test]
fn every_probe_alone_asks_something() {
    with_internet(
        "probe::every_probe_alone_asks_something",
        |ready| {
            knows_the_network();
            serve(None)(ready);
        },
        |announced| {
            let Some(_etc) = install(&[("aziot/config.toml", &config_toml(HUB))]) else { return };
            let engine = Engine::with_a_network();
            // No log says anything here; tests/cli/planted.rs has some.
            for name in NAMES.into_iter().filter(|name| *name != "logs") {
                let more = ["--network", NETWORK, "--protocol", "amqp,amqp-ws", "--format", "json"];
                let outcome = ask_with(&["probe", name], announced, &engine.host(), &more);
                let report = outcome.json();
                let asked = probe(&report, name);
                assert!(!asked.is_empty(), "{name}: {}{report:#}", outcome.stderr);
                // The registry is not in this internet.
                let well = outcome.code == 0 || name == "registry";
                assert!(well, "{name}: {} {report:#}", outcome.code);
            }
        },
    );
}

#[test]
fn a_check_of_some_probes_asks_what_they_stand_on() {
    with_internet(
        "probe::a_check_of_some_probes_asks_what_they_stand_on",
        |ready| {
            knows_the_network();
            serve(None)(ready);
        },
        |announced| {
            let engine = Engine::with_a_network();
            let more = ["--only", "edge-route,vantage", "--format", "json"];
            let report = ask_with(&["check"], announced, &engine.host(), &more).json();
            assert!(!probe(&report, "edge-route").is_empty(), "{report:#}");
            assert!(!probe(&report, "vantage").is_empty(), "{report:#}");
            assert!(probe(&report, "tls").is_empty(), "{report:#}");
        },
    );
}

#[test]
fn a_trace_shows_where_the_packet_vanishes() {
    with_internet(
        "probe::a_trace_shows_where_the_packet_vanishes",
        |ready| {
            knows_the_network();
            serve(Some(Fault::AmqpPortBlocked))(ready);
        },
        |announced| {
            let engine = Engine::with_a_network();
            let told = ask_with(&["probe", "trace"], announced, &engine.host(), &[]);
            assert!(
                told.stdout.contains("5671") && told.stdout.contains("uplink"),
                "{}",
                told.stdout
            );
        },
    );
}

#[test]
fn asked_from_the_bridge_alone_a_network_that_is_cut_off_is_not_well() {
    with_internet(
        "probe::asked_from_the_bridge_alone_a_network_that_is_cut_off_is_not_well",
        serve(None),
        |announced| {
            let engine = Engine::with_a_network();
            // The internet knows no way back, so that only the host reaches it.
            let bridge = ["--vantage", "bridge", "--format", "json"];
            let outcome = ask_with(&["probe", "tls"], announced, &engine.host(), &bridge);
            let report = outcome.json();
            assert_eq!(outcome.code, 2, "{report:#}");
            let from_the_bridge = |o: &&Value| o["vantage"] == format!("bridge:{NETWORK}").as_str();
            assert!(probe(&report, "tls").iter().all(from_the_bridge), "{report:#}");
            let host = ["--vantage", "host", "--format", "json"];
            let outcome = ask_with(&["probe", "tls"], announced, &engine.host(), &host);
            assert_eq!(outcome.code, 0, "{}", outcome.stdout);
        },
    );
}
