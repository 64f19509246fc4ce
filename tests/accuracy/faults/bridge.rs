//! The container network: forwarding, filters, translation, routes, overlaps.

use edgeprobe::verdict::CauseId;
use edgeprobe_facts::route::tables::ReversePathFilter;
use edgeprobe_facts::ruleset::{FilterRule, Verdict};

use super::{Fault, edge, rule, with_engine};
use crate::setting::{Device, Ipv6, Needs, Resolver, Setting, Vpn};
use crate::world::{Filter, FilterAction, Peer, World};

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "ip-forward-off",
        cause: CauseId::IpForwardDisabled,
        slot: "forwarding",
        fits: with_engine,
        inject: |world| {
            world.tables.ip_forward = Some(false);
            world.tables.links.iter_mut().for_each(|link| link.forwarding = Some(false));
        },
    },
    Fault {
        name: "ip-forward-off-on-bridge",
        cause: CauseId::IpForwardDisabled,
        slot: "forwarding",
        fits: with_engine,
        inject: |world| {
            let bridge = edge(world).bridge.clone();
            let mut links = world.tables.links.iter_mut();
            links.find(|link| link.name == bridge).unwrap().forwarding = Some(false);
        },
    },
    Fault {
        name: "forward-docker-user-drop",
        cause: CauseId::ForwardBlocked,
        slot: "forward",
        fits: with_engine,
        inject: |world| filtered(world, FilterAction::Drop, &[]),
    },
    Fault {
        name: "forward-reject-admin",
        cause: CauseId::ForwardBlocked,
        slot: "forward",
        fits: with_engine,
        inject: |world| filtered(world, FilterAction::Reject(13), &[]),
    },
    Fault {
        name: "forward-reject-port",
        cause: CauseId::ForwardBlocked,
        slot: "forward",
        fits: with_engine,
        inject: |world| filtered(world, FilterAction::Reject(3), &[]),
    },
    Fault {
        name: "forward-reset",
        cause: CauseId::ForwardBlocked,
        slot: "forward",
        fits: with_engine,
        inject: |world| filtered(world, FilterAction::Reset, &[443, 5671, 8883]),
    },
    Fault {
        name: "answers-dropped",
        cause: CauseId::ForwardBlocked,
        slot: "forward",
        fits: with_engine,
        inject: |world| {
            let bridge = edge(world).bridge.clone();
            for uplink in world.uplinks.clone() {
                let text = format!("-A FORWARD -i {} -o {bridge} -j DROP", uplink.interface);
                world.firewall.filters.push(Filter {
                    input: Some(uplink.interface),
                    output: Some(bridge.clone()),
                    ports: Vec::new(),
                    action: FilterAction::Drop,
                    rule: rule("FORWARD", text, Verdict::Drop),
                });
            }
        },
    },
    Fault {
        name: "amqp-dropped-on-bridge",
        cause: CauseId::AmqpPortBlocked,
        slot: "forward",
        fits: with_engine,
        inject: |world| filtered(world, FilterAction::Drop, &[5671]),
    },
    Fault {
        name: "nat-flushed",
        cause: CauseId::NatMissing,
        slot: "masquerade",
        fits: with_engine,
        inject: |world| world.firewall.masquerades.clear(),
    },
    Fault {
        name: "reverse-path-strict",
        cause: CauseId::ReversePathFilter,
        slot: "policy",
        // The mark would lead packets for a proxy on the other link astray as well.
        fits: |setting| {
            with_engine(setting)
                && setting.two_uplinks
                && setting.vpn != Vpn::Full
                && setting.needs != Needs::Proxy
        },
        inject: |world| {
            world.firewall.mark = 79;
            world.rule("100: from all fwmark 79 lookup 79");
            world.route("default via 192.168.8.1 dev eth1 table 79");
            let mut links = world.tables.links.iter_mut();
            let strict = Some(ReversePathFilter::Strict);
            links.find(|link| link.name == "eth1").unwrap().rp_filter = strict;
        },
    },
    Fault {
        name: "bridge-unreachable-table",
        cause: CauseId::BridgeNoRoute,
        slot: "policy",
        // Beside a VPN that is up a rule that rejects is taken for the VPN's.
        fits: |setting| with_engine(setting) && setting.vpn == Vpn::None,
        inject: |world| {
            let subnet = edge(world).subnet;
            world.rule(&format!("100: from {subnet} unreachable"));
        },
    },
    Fault {
        name: "bridge-led-to-dead-uplink",
        cause: CauseId::BridgeNoRoute,
        slot: "policy",
        fits: |setting| with_engine(setting) && setting.two_uplinks,
        inject: |world| {
            let subnet = edge(world).subnet;
            world.rule(&format!("100: from {subnet} lookup 100"));
            world.route("default via 192.168.8.1 dev eth1 table 100");
            world.uplinks.iter_mut().find(|it| it.interface == "eth1").unwrap().alive = false;
        },
    },
    Fault {
        name: "overlap-private-endpoint",
        cause: CauseId::SubnetOverlap,
        slot: "hub-address",
        fits: |setting| of_the_runtime(setting) && setting.ipv6 == Ipv6::None,
        inject: |world| {
            let address = "172.18.5.4".parse().unwrap();
            world.names.hub = vec![address];
            world.names.private_link = true;
            let upstream = if world.is_child { Peer::Parent } else { Peer::Hub };
            world.peers.push((address, upstream));
            world.route("172.18.5.0/24 via 192.168.1.1 dev eth0");
        },
    },
    Fault {
        name: "overlap-resolver",
        cause: CauseId::SubnetOverlap,
        slot: "resolver",
        fits: |setting| of_the_runtime(setting) && setting.resolver == Resolver::Public,
        inject: |world| {
            world.names.configured = vec!["172.18.7.53".parse().unwrap()];
            world.route("172.18.7.0/24 via 192.168.1.1 dev eth0");
        },
    },
];

fn of_the_runtime(setting: &Setting) -> bool {
    matches!(setting.device, Device::Agent | Device::Runtime)
}

/// Stops what the runtime's network sends, or of it what goes to these ports.
pub(super) fn filtered(world: &mut World, action: FilterAction, ports: &[u16]) {
    let bridge = edge(world).bridge.clone();
    let (target, verdict) = match action {
        FilterAction::Drop => ("DROP", Verdict::Drop),
        FilterAction::Reject(_) | FilterAction::Reset => ("REJECT", Verdict::Reject),
    };
    let text = format!("-A DOCKER-USER -i {bridge} -j {target}");
    let rule: FilterRule = rule("DOCKER-USER", text, verdict);
    let ports = ports.to_vec();
    world.firewall.filters.push(Filter { input: Some(bridge), output: None, ports, action, rule });
}
