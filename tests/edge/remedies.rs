//! What a report says to do is done, and cures the device.

use edgeprobe_lab::cure::{Treated, cure_all};
use edgeprobe_lab::{scenarios, table};

use crate::support::{internet, machine};
use crate::verdicts::{JOBS, judge};

/// One scenario for each command that a report can give and the lab can run; `edgeprobe-lab cure`
/// takes any.
const CURED: [&str; 18] = [
    "vpn-openvpn-def1",
    "vpn-openvpn-def1-dead",
    "vpn-wg-quick",
    "vpn-tailscale-exit-node",
    "vpn-route-inside-subnet",
    "vpn-kill-switch-forward",
    "vpn-source-rule-prohibit",
    "bridge-unreachable-table",
    "ip-forward-off",
    "ip-forward-off-on-bridge",
    "reverse-path-strict",
    "forward-policy-drop",
    "forward-nft-drop",
    "nat-flushed",
    "mtu-black-hole",
    "wrong-uplink",
    "port-held-by-container",
    "forward-dropped-and-port-held",
];

#[test]
fn what_a_report_says_to_do_cures_the_device() {
    let Some(_machine) = machine() else { return };
    let scenarios = CURED.map(|name| scenarios::named(name).unwrap());
    let all = cure_all(&scenarios, &internet(), &judge(), JOBS, |_| ());
    println!("{}", table::cures(&all));
    let ill: Vec<Treated> = all.into_iter().filter(|one| !one.is_cured()).collect();
    assert!(ill.is_empty(), "not cured:\n{}", table::cures(&ill));
}
