//! Host and container network are asked at the same time, and in few round trips.

use std::collections::BTreeMap;
use std::time::Duration;

use edgeprobe_lab::{Lab, Topology};
use serde_json::Value;

use crate::report::{Report, list, number, text};
use crate::support::{EDGEPROBE, check, internet, machine};

const ROUND_TRIP: Duration = Duration::from_millis(100);

/// Resolving, and then the longest way of all: AMQP in a WebSocket in TLS.
const MOST_ROUND_TRIPS: u32 = 7;

#[test]
fn both_vantages_ask_at_the_same_time() {
    let Some(_machine) = machine() else { return };
    let report = check_far_away();
    assert_eq!(report.status(), "healthy", "{report:?}");
    let host = endpoints(&report, "host");
    let bridge = endpoints(&report, "bridge:azure-iot-edge");
    assert!(host.len() >= 3, "{:?}", host.keys());
    for (question, own) in host {
        // The control is asked from the network only where the hub does not answer.
        if text(&own["facts"]["role"]) != "hub" {
            continue;
        }
        let there = bridge.get(question).unwrap_or_else(|| panic!("only the host asks {question}"));
        assert!(overlap(own, there), "{question} is asked one after the other: {own} {there}");
    }
}

#[test]
fn a_healthy_check_takes_few_round_trips() {
    let Some(_machine) = machine() else { return };
    let report = check_far_away();
    assert_eq!(report.status(), "healthy", "{report:?}");
    for vantage in ["host", "bridge:azure-iot-edge"] {
        let resolving = u32::from(report.observations().any(|o| asked_for_names(o, vantage)));
        assert_eq!(resolving, 1, "no name is asked for from {vantage}");
        let longest =
            endpoints(&report, vantage).values().map(|o| round_trips(o)).max().unwrap_or_default();
        println!("{vantage}: {} round trips one after the other", resolving + longest);
        assert!(resolving + longest <= MOST_ROUND_TRIPS, "{vantage}: {resolving} + {longest}");
    }
    let round_trip = ROUND_TRIP.as_secs_f64() * 1000.0;
    let took = report.duration();
    println!("the run took {took:.0} ms: {:.1} times the round trip", took / round_trip);
}

fn check_far_away() -> Report {
    let topology = Topology { round_trip: ROUND_TRIP, ..Topology::NORMAL };
    let lab = Lab::build(topology, &internet()).unwrap();
    Report::from_output(&lab.device().run(&check(EDGEPROBE, &[])).unwrap())
}

/// The conversations of one vantage, by what they ask.
fn endpoints<'r>(report: &'r Report, vantage: &str) -> BTreeMap<&'r str, &'r Value> {
    report
        .observations()
        .filter(|o| text(&o["vantage"]) == vantage)
        .filter(|o| ["tls", "websocket", "https"].contains(&text(&o["probe"])))
        .map(|o| (text(&o["target"]), o))
        .collect()
}

fn asked_for_names(observation: &Value, vantage: &str) -> bool {
    text(&observation["probe"]) == "dns" && text(&observation["vantage"]) == vantage
}

fn overlap(one: &Value, other: &Value) -> bool {
    let begun = |o: &Value| number(&o["started_ms"]);
    let ended = |o: &Value| begun(o) + number(&o["duration_ms"]);
    begun(one) < ended(other) && begun(other) < ended(one)
}

/// The round trips that the protocols themselves need, one after the other.
fn round_trips(observation: &Value) -> u32 {
    let version = text(&observation["facts"]["tls"]["tls.protocol.version"]);
    let of = |step: &Value| match text(&step["step"]) {
        // RFC 8446 section 2, RFC 5246 section 7.3.
        "tls" if version != "TLSv1.3" => 2,
        "connect" | "tls" | "http" | "upgrade" | "amqp" | "mqtt" => 1,
        _ => 0,
    };
    list(&observation["steps"]).map(of).sum()
}
