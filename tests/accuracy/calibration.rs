//! The model beside the lab: each fault alone must be judged as the recorded run on a real kernel.

use std::fs;

use edgeprobe::report::Report;

use crate::examine::{Case, shown};
use crate::faults::named;
use crate::setting::{Device, Setting, Vpn};

const TWO_UPLINKS: Setting = Setting { two_uplinks: true, ..Setting::USUAL };
const ENGINE_ALONE: Setting = Setting { device: Device::Engine, ..Setting::USUAL };

/// The recording, the device that it is of, and the fault in the model; none for a healthy device.
const RECORDINGS: &[(&str, Setting, Option<&str>)] = &[
    ("address-pool-used-up", ENGINE_ALONE, Some("pools-used-up")),
    ("amqp-dropped-on-bridge", Setting::USUAL, Some("amqp-dropped-on-bridge")),
    ("bridge-unreachable-table", Setting::USUAL, Some("bridge-unreachable-rule")),
    ("dns-container-dead-server", Setting::USUAL, Some("container-resolver-dead")),
    ("dns-host-dead-server", Setting::USUAL, Some("resolver-dead")),
    ("engine-silent", Setting::USUAL, Some("engine-silent")),
    ("forward-docker-user-drop", Setting::USUAL, Some("forward-dropped")),
    ("forward-nft-drop", Setting::USUAL, Some("forward-dropped")),
    ("forward-reject-admin", Setting::USUAL, Some("forward-prohibited")),
    ("healthy-engine-only", ENGINE_ALONE, None),
    ("healthy-full-tunnel", Setting { vpn: Vpn::Full, ..Setting::USUAL }, None),
    ("healthy-no-engine", Setting { device: Device::Bare, ..Setting::USUAL }, None),
    ("healthy-runtime", Setting { device: Device::Runtime, ..Setting::USUAL }, None),
    ("healthy-split-tunnel", Setting { vpn: Vpn::Split, ..Setting::USUAL }, None),
    ("host-dead-gateway", Setting::USUAL, Some("gateway-dead")),
    ("ip-forward-off", Setting::USUAL, Some("ip-forward-off")),
    ("mtu-black-hole", Setting::USUAL, Some("large-packets-lost-from-containers")),
    ("nat-flushed", Setting::USUAL, Some("nat-flushed")),
    ("overlap-private-endpoint", Setting::USUAL, Some("hub-inside-subnet")),
    ("overlap-resolver", Setting::USUAL, Some("resolver-inside-subnet")),
    ("port-held-by-container", Setting::USUAL, Some("port-held-by-container")),
    ("reverse-path-strict", TWO_UPLINKS, Some("reverse-path-strict")),
    ("vpn-kill-switch-forward", Setting::USUAL, Some("kill-switch-filter")),
    ("vpn-kill-switch-unreachable", Setting::USUAL, Some("kill-switch-routes")),
    ("vpn-openvpn-def1", Setting::USUAL, Some("openvpn-def1")),
    ("vpn-openvpn-def1-dead", Setting::USUAL, Some("openvpn-def1-dead")),
    ("vpn-route-inside-subnet", Setting::USUAL, Some("vpn-route-inside-subnet")),
    ("vpn-source-rule-prohibit", Setting::USUAL, Some("vpn-source-rule")),
    ("vpn-tailscale-exit-node", Setting::USUAL, Some("tailscale-exit-node")),
    ("vpn-wg-quick", Setting::USUAL, Some("wg-quick")),
    ("wrong-uplink", TWO_UPLINKS, Some("preferred-uplink-dead")),
];

#[test]
fn the_model_is_judged_as_the_recorded_runs_of_the_lab() {
    let mut wrong = Vec::new();
    for (recording, setting, fault) in RECORDINGS {
        let text = fs::read_to_string(format!("tests/golden/lab-{recording}.json")).unwrap();
        let recorded = serde_json::from_str::<Report>(&text).unwrap().verdict;
        let faults: Vec<_> = fault.iter().map(|name| named(name)).collect();
        let modelled = Case::new(*setting, &faults).verdict();
        let first = |verdict: &edgeprobe::verdict::Verdict| verdict.causes.first().map(|it| it.id);
        if (modelled.status, first(&modelled)) != (recorded.status, first(&recorded)) {
            wrong.push(format!("{recording}: {}, is {}", shown(&recorded), shown(&modelled)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
