//! A VPN on the host that overrides the edge network, or takes the host with it.

use edgeprobe::verdict::CauseId;
use edgeprobe_facts::route::tables::LinkKind;
use edgeprobe_facts::ruleset::Verdict;

use super::names::servers;
use super::{Fault, anywhere, edge, of_a_vpn, rule, with_engine};
use crate::setting::{Setting, Vpn};
use crate::world::{Filter, FilterAction, World};

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "vpn-openvpn-def1",
        cause: CauseId::VpnOverride,
        slot: "vpn",
        fits: beside_the_bridge,
        inject: |world| {
            def1(world, true);
            exempt(world, "tun0");
        },
    },
    Fault {
        name: "vpn-openvpn-def1-dead",
        cause: CauseId::VpnOverride,
        slot: "vpn",
        fits: no_vpn,
        inject: |world| def1(world, false),
    },
    Fault {
        name: "vpn-wg-quick",
        cause: CauseId::VpnOverride,
        slot: "vpn",
        fits: beside_the_bridge,
        inject: |world| {
            world.tunnel("wg0", LinkKind::Wireguard, "10.8.0.6/24", true);
            world.route("default dev wg0 table 51820");
            world.rule("32764: from all lookup 254 suppress_prefixlength 0");
            world.rule("32765: not from all fwmark 0xca6c lookup 51820");
            exempt(world, "wg0");
        },
    },
    Fault {
        name: "vpn-tailscale-exit-node",
        cause: CauseId::VpnOverride,
        slot: "vpn",
        fits: beside_the_bridge,
        inject: |world| {
            world.tunnel("tailscale0", LinkKind::Tun, "100.101.102.103/32", true);
            world.route("default dev tailscale0 table 52");
            world.rule("5210: from all fwmark 0x80000/0xff0000 lookup 254");
            world.rule("5230: from all fwmark 0x80000/0xff0000 lookup 253");
            world.rule("5250: from all fwmark 0x80000/0xff0000 unreachable");
            world.rule("5270: from all lookup 52");
        },
    },
    Fault {
        name: "vpn-kill-switch-unreachable",
        cause: CauseId::VpnOverride,
        slot: "vpn",
        fits: no_vpn,
        inject: |world| {
            world.tunnel("tun0", LinkKind::Tun, "10.8.0.6/24", false);
            world.route("unreachable default table 200");
            world.rule("49: from all lookup 254 suppress_prefixlength 0");
            world.rule("50: not from all fwmark 0xc8 lookup 200");
        },
    },
    Fault {
        name: "vpn-kill-switch-forward",
        cause: CauseId::VpnOverride,
        slot: "vpn",
        fits: beside_the_bridge,
        inject: |world| {
            def1(world, true);
            let text = "type filter hook forward priority 0; policy drop;".to_owned();
            world.firewall.filters.push(Filter {
                input: None,
                output: None,
                ports: Vec::new(),
                action: FilterAction::Drop,
                rule: of_a_vpn(rule("forward", text, Verdict::Drop)),
            });
        },
    },
    Fault {
        name: "vpn-route-inside-subnet",
        cause: CauseId::VpnOverride,
        slot: "vpn",
        fits: beside_the_bridge,
        inject: |world| {
            world.tunnel("tun0", LinkKind::Tun, "10.8.0.6/24", true);
            let inside = edge(world).subnet.to_string().replace("/16", "/24");
            world.route(&format!("{inside} dev tun0"));
        },
    },
    Fault {
        name: "vpn-source-rule-prohibit",
        cause: CauseId::VpnOverride,
        slot: "vpn",
        fits: beside_the_bridge,
        inject: |world| {
            world.tunnel("tun0", LinkKind::Tun, "10.8.0.6/24", true);
            let subnet = edge(world).subnet;
            world.route("10.20.0.0/16 dev tun0 table 90");
            world.rule(&format!("89: from {subnet} lookup 90"));
            world.rule(&format!("90: from {subnet} prohibit"));
        },
    },
    Fault {
        name: "vpn-names-for-the-host-alone",
        cause: CauseId::VpnOverride,
        slot: "resolver",
        // The company's name servers are where the tunnel leads, and know the host's address there.
        fits: |setting| with_engine(setting) && setting.vpn == Vpn::Split,
        inject: |world| {
            *servers(world) = vec!["10.20.0.53".parse().unwrap()];
            exempt(world, "tun0");
        },
    },
];

fn no_vpn(setting: &Setting) -> bool {
    anywhere(setting) && setting.vpn == Vpn::None
}

fn beside_the_bridge(setting: &Setting) -> bool {
    no_vpn(setting) && with_engine(setting)
}

/// OpenVPN's `redirect-gateway def1`.
fn def1(world: &mut World, carries: bool) {
    world.tunnel("tun0", LinkKind::Tun, "10.8.0.6/24", carries);
    world.route("62.4.17.2/32 via 192.168.1.1 dev eth0");
    world.route("0.0.0.0/1 via 10.8.0.1 dev tun0");
    world.route("128.0.0.0/1 via 10.8.0.1 dev tun0");
}

/// The client keeps the engine from translating what enters its tunnel.
fn exempt(world: &mut World, tunnel: &str) {
    for masquerade in &mut world.firewall.masquerades {
        masquerade.but.push(tunnel.to_owned());
    }
}
