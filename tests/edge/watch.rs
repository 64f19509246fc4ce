//! A watch over a device with a real engine, while a VPN comes up.

use edgeprobe_lab::servers::Emulator;
use edgeprobe_lab::world::{CA_FILE, HUB_NAME};
use edgeprobe_lab::{Lab, scenarios};

use crate::support::{PROGRAM, as_nobody, engine_group, installed, internet, turn};

const WATCH: [&str; 9] =
    [PROGRAM, "vpn", "--watch", "--timeout", "12s", "--hub", HUB_NAME, "--ca-file", CA_FILE];

#[test]
fn a_vpn_that_comes_up_is_told_to_root() {
    let Some(_turn) = turn() else { return };
    watched(|_, words| words.to_vec());
}

#[test]
fn a_vpn_that_comes_up_is_told_to_a_user_of_the_engine() {
    let Some(_turn) = turn() else { return };
    watched(as_nobody);
}

/// Watches while wg-quick brings its tunnel up and its rules are taken away again.
fn watched(user: impl for<'w> Fn(&'w str, &'w [&'w str]) -> Vec<&'w str>) {
    let scenario = scenarios::named("vpn-wg-quick").unwrap();
    let internet: Emulator = internet();
    let mut lab = Lab::build(scenario.topology, &internet).unwrap();
    installed(&lab);
    let group = engine_group(&lab);
    let mut watch = lab.device().spawn(&user(&group, &WATCH)).unwrap();
    watch.wait_for("NO ").unwrap();
    (scenario.fault)(&mut lab).unwrap();
    watch.wait_for("+ route default dev wg0 table 51820").unwrap();
    let answer = watch.wait_for("YES").unwrap();
    assert!(answer.contains("WireGuard"), "{answer}");
    lab.sh("ip link delete wg0").unwrap();
    watch.wait_for("- link wg0").unwrap();
    watch.wait_for("NO ").unwrap();
}
