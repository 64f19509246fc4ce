//! A check by a user without privileges: what the kernel tells everybody is enough for a verdict,
//! and what it is not enough for is told.

use edgeprobe_lab::{Lab, scenarios};

use crate::report::Report;
use crate::support::{PROGRAM, check, installed, internet, turn};

/// nobody and nogroup.
const NOBODY: &str = "65534";

/// The group that may use the engine's socket.
const ENGINE_GROUP: &str = "stat -c %g /run/docker.sock";

#[test]
fn a_user_of_the_engine_gets_a_verdict_and_hears_what_was_not_tested() {
    let Some(_turn) = turn() else { return };
    let report = check_as_engine_user("healthy-runtime");
    assert_eq!((report.status(), report.exit_code), ("healthy", Some(0)), "{report:?}");
    assert!(report.causes().is_empty(), "{:?}", report.causes());
    let bridge = |line: &String| line.contains("azure-iot-edge") && line.contains("as root");
    assert!(report.not_tested().iter().any(bridge), "{:?}", report.not_tested());
}

#[test]
fn what_the_kernel_proves_needs_no_privilege_and_no_engine() {
    let Some(_turn) = turn() else { return };
    let faults =
        [("vpn-route-inside-subnet", "vpn-override"), ("ip-forward-off", "ip-forward-disabled")];
    for (scenario, cause) in faults {
        let report = check_as(scenario, |_| NOBODY.to_owned());
        assert_eq!((report.status(), report.exit_code), ("blocked", Some(2)), "{scenario}");
        assert_eq!(report.causes().first(), Some(&cause), "{scenario}");
    }
}

#[test]
fn a_user_without_the_engines_socket_hears_that_the_container_network_is_unseen() {
    let Some(_turn) = turn() else { return };
    let report = check_as("healthy-runtime", |_| NOBODY.to_owned());
    assert_eq!((report.status(), report.exit_code), ("healthy", Some(0)), "{report:?}");
    for part in ["container network", "engine's socket"] {
        let told = |line: &String| line.contains(part) && line.contains("as root");
        assert!(report.not_tested().iter().any(told), "{:?}", report.not_tested());
    }
}

fn check_as_engine_user(scenario: &str) -> Report {
    check_as(scenario, |lab| lab.device().sh(ENGINE_GROUP).unwrap())
}

/// Checks as user nobody, with one group.
fn check_as(scenario: &str, group: impl FnOnce(&Lab) -> String) -> Report {
    let scenario = scenarios::named(scenario).unwrap();
    let mut lab = Lab::build(scenario.topology, &internet()).unwrap();
    (scenario.fault)(&mut lab).unwrap();
    installed(&lab);
    let group = group(&lab);
    let user = ["setpriv", "--reuid", NOBODY, "--regid", &group, "--clear-groups"];
    let words = check(PROGRAM, &["--timeout", "6s"]);
    Report::of(&lab.device().run(&[&user, words.as_slice()].concat()).unwrap())
}
