//! The model against the lab: each fault alone is judged as the recorded run on a real kernel.

use std::fs;

use edgeprobe::report::Report;

use crate::examine::{Case, shown};
use crate::faults::named;
use crate::setting::{Device, Setting, Vpn};

const TWO_UPLINKS: Setting = Setting { two_uplinks: true, ..Setting::USUAL };
const ENGINE_ALONE: Setting = Setting { device: Device::Engine, ..Setting::USUAL };

/// The recording and its device. The fault has the same name in the model and in the lab.
const RECORDINGS: &[(&str, Setting)] = &[
    ("address-pool-used-up", ENGINE_ALONE),
    ("amqp-dropped-on-bridge", Setting::USUAL),
    ("bridge-unreachable-table", Setting::USUAL),
    ("dns-container-dead-server", Setting::USUAL),
    ("dns-host-dead-server", Setting::USUAL),
    ("engine-silent", Setting::USUAL),
    ("forward-docker-user-drop", Setting::USUAL),
    ("forward-nft-drop", Setting::USUAL),
    ("forward-reject-admin", Setting::USUAL),
    ("healthy-engine-only", ENGINE_ALONE),
    ("healthy-full-tunnel", Setting { vpn: Vpn::Full, ..Setting::USUAL }),
    ("healthy-no-engine", Setting { device: Device::Bare, ..Setting::USUAL }),
    ("healthy-runtime", Setting { device: Device::Runtime, ..Setting::USUAL }),
    ("healthy-split-tunnel", Setting { vpn: Vpn::Split, ..Setting::USUAL }),
    ("host-dead-gateway", Setting::USUAL),
    ("ip-forward-off", Setting::USUAL),
    ("mtu-black-hole", Setting::USUAL),
    ("nat-flushed", Setting::USUAL),
    ("overlap-private-endpoint", Setting::USUAL),
    ("overlap-resolver", Setting::USUAL),
    ("port-held-by-container", Setting::USUAL),
    ("reverse-path-strict", TWO_UPLINKS),
    ("vpn-kill-switch-forward", Setting::USUAL),
    ("vpn-kill-switch-unreachable", Setting::USUAL),
    ("vpn-openvpn-def1", Setting::USUAL),
    ("vpn-openvpn-def1-dead", Setting::USUAL),
    ("vpn-route-inside-subnet", Setting::USUAL),
    ("vpn-source-rule-prohibit", Setting::USUAL),
    ("vpn-tailscale-exit-node", Setting::USUAL),
    ("vpn-wg-quick", Setting::USUAL),
    ("wrong-uplink", TWO_UPLINKS),
];

#[test]
fn the_model_is_judged_as_the_recorded_runs_of_the_lab() {
    let mut wrong = Vec::new();
    for (recording, setting) in RECORDINGS {
        let text = fs::read_to_string(format!("tests/golden/lab-{recording}.json")).unwrap();
        let recorded = serde_json::from_str::<Report>(&text).unwrap().verdict;
        let faults = match *recording {
            "forward-nft-drop" => vec![named("forward-docker-user-drop")],
            healthy if healthy.starts_with("healthy-") => Vec::new(),
            fault => vec![named(fault)],
        };
        let modelled = Case::new(*setting, &faults).verdict();
        let first = |verdict: &edgeprobe::verdict::Verdict| verdict.causes.first().map(|it| it.id);
        if (modelled.status, first(&modelled)) != (recorded.status, first(&recorded)) {
            wrong.push(format!("{recording}: {}, is {}", shown(&recorded), shown(&modelled)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
