//! A check by a user without privileges: what the kernel tells everybody is enough for a verdict,
//! and what it is not enough for is told.

use edgeprobe_lab::{Lab, scenarios};

use crate::report::Report;
use crate::support::{NOBODY, PROGRAM, as_nobody, check, engine_group, installed, internet, turn};

#[test]
fn a_user_of_the_engine_asks_from_a_container_as_root_would() {
    let Some(_turn) = turn() else { return };
    let report = check_as_engine_user("healthy-runtime", &[]);
    assert_eq!((report.status(), report.exit_code), ("healthy", Some(0)), "{report:?}");
    assert_eq!(report.confidence(), "confirmed", "{:?}", report.not_tested());
    assert!(report.causes().is_empty(), "{:?}", report.causes());
    assert!(report.observations().any(from_own_container), "{report:?}");
}

#[test]
fn what_only_a_packet_can_tell_is_likely_for_a_user_of_the_engine() {
    let Some(_turn) = turn() else { return };
    let report = check_as_engine_user("forward-docker-user-drop", &[]);
    assert_eq!((report.status(), report.exit_code), ("blocked", Some(2)), "{report:?}");
    assert_eq!(report.causes(), ["forward-blocked"], "{report:?}");
    assert_eq!(report.confidence(), "likely");
    let followed = |line: &String| line.contains("vanish") && line.contains("as root");
    assert!(report.not_tested().iter().any(followed), "{:?}", report.not_tested());
}

#[test]
fn what_the_kernel_refuses_is_certain_for_a_user_of_the_engine() {
    let Some(_turn) = turn() else { return };
    let report = check_as_engine_user("vpn-source-rule-unreachable", &[]);
    assert_eq!((report.status(), report.exit_code), ("blocked", Some(2)), "{report:?}");
    assert_eq!(report.causes().first(), Some(&"vpn-override"), "{report:?}");
    assert_eq!(report.confidence(), "confirmed", "{report:?}");
}

/// A filter before the tunnel would be as silent.
#[test]
fn what_a_tunnel_may_swallow_is_likely_for_a_user_of_the_engine() {
    let Some(_turn) = turn() else { return };
    let report = check_as_engine_user("vpn-wg-quick", &[]);
    assert_eq!((report.status(), report.exit_code), ("blocked", Some(2)), "{report:?}");
    assert_eq!(report.causes().first(), Some(&"vpn-override"), "{report:?}");
    assert_eq!(report.confidence(), "likely", "{report:?}");
}

#[test]
fn a_user_who_wants_no_container_hears_what_was_not_tested() {
    let Some(_turn) = turn() else { return };
    let report = check_as_engine_user("healthy-runtime", &["--no-container"]);
    assert_eq!((report.status(), report.exit_code), ("inconclusive", Some(3)), "{report:?}");
    assert_eq!(report.confidence(), "likely");
    let bridge = |line: &String| line.contains("azure-iot-edge") && line.contains("as root");
    assert!(report.not_tested().iter().any(bridge), "{:?}", report.not_tested());
    assert!(!report.observations().any(from_own_container), "{report:?}");
}

#[test]
fn what_the_kernel_proves_needs_no_privilege_and_no_engine() {
    let Some(_turn) = turn() else { return };
    let faults =
        [("vpn-route-inside-subnet", "vpn-override"), ("ip-forward-off", "ip-forward-disabled")];
    for (scenario, cause) in faults {
        let report = check_as(scenario, &[], |_| NOBODY.to_owned());
        assert_eq!((report.status(), report.exit_code), ("blocked", Some(2)), "{scenario}");
        assert_eq!(report.causes().first(), Some(&cause), "{scenario}");
    }
}

#[test]
fn a_user_without_the_engines_socket_hears_that_the_container_network_is_unseen() {
    let Some(_turn) = turn() else { return };
    let report = check_as("healthy-runtime", &[], |_| NOBODY.to_owned());
    assert_eq!((report.status(), report.exit_code), ("inconclusive", Some(3)), "{report:?}");
    let alone = check_as("healthy-runtime", &["--vantage", "host"], |_| NOBODY.to_owned());
    assert_eq!((alone.status(), alone.exit_code), ("healthy", Some(0)), "{alone:?}");
    for part in ["container network", "engine's socket"] {
        let told = |line: &String| line.contains(part) && line.contains("as root");
        assert!(report.not_tested().iter().any(told), "{:?}", report.not_tested());
    }
}

fn from_own_container(observation: &serde_json::Value) -> bool {
    !observation["facts"]["means"]["own_container"].is_null()
}

fn check_as_engine_user(scenario: &str, more: &[&str]) -> Report {
    check_as(scenario, more, engine_group)
}

/// Checks as user nobody, with one group.
fn check_as(scenario: &str, more: &[&str], group: impl FnOnce(&Lab) -> String) -> Report {
    let scenario = scenarios::named(scenario).unwrap();
    let mut lab = Lab::build(scenario.topology, &internet()).unwrap();
    (scenario.fault)(&mut lab).unwrap();
    installed(&lab);
    let words = [&["--timeout", "12s"], more].concat();
    let group = group(&lab);
    let words = check(PROGRAM, &words);
    Report::from_output(&lab.device().run(&as_nobody(&group, &words)).unwrap())
}
