//! The uplinks, and the site's network beyond them.

use edgeprobe::verdict::CauseId;

use super::{Fault, anywhere};
use crate::setting::{Ipv6, Needs, Setting, Vpn};
use crate::world::{Block, HUB_ADDRESS, Middlebox, Peer, World, hub_ipv6};

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "host-no-default-route",
        cause: CauseId::HostOffline,
        slot: "uplink",
        fits: in_the_open,
        inject: |world| {
            world.without_routes(|route| route.destination.prefix_len() == 0 && route.table == 254);
        },
    },
    Fault {
        name: "host-dead-gateway",
        cause: CauseId::HostOffline,
        slot: "uplink",
        fits: in_the_open,
        inject: |world| {
            world.uplinks.iter_mut().filter(|it| it.of_the_site).for_each(|uplink| {
                uplink.gateway_answers = Some(false);
            });
        },
    },
    Fault {
        name: "wrong-uplink",
        cause: CauseId::WrongUplink,
        slot: "uplink",
        // A proxy on the router of that uplink would be stranded with it.
        fits: |setting| {
            in_the_open(setting) && setting.two_uplinks && setting.needs != Needs::Proxy
        },
        inject: |world| world.uplinks[0].alive = false,
    },
    Fault {
        name: "everything-dropped",
        cause: CauseId::EgressBlocked,
        slot: "site-firewall",
        fits: in_the_open,
        inject: |world| block(world, false, &[], false),
    },
    Fault {
        name: "egress-hub-dropped",
        cause: CauseId::EgressBlocked,
        slot: "site-firewall",
        fits: in_the_open,
        inject: |world| block(world, true, &[], false),
    },
    Fault {
        name: "hub-reset",
        cause: CauseId::EgressBlocked,
        slot: "site-firewall",
        fits: in_the_open,
        inject: |world| block(world, true, &[], true),
    },
    Fault {
        name: "amqp-port-dropped",
        cause: CauseId::AmqpPortBlocked,
        slot: "site-5671",
        fits: in_the_open,
        inject: |world| block(world, false, &[5671], false),
    },
    Fault {
        name: "amqp-reset",
        cause: CauseId::AmqpPortBlocked,
        slot: "site-5671",
        fits: in_the_open,
        inject: |world| block(world, false, &[5671], true),
    },
    Fault {
        name: "https-port-dropped",
        cause: CauseId::HttpsPortBlocked,
        slot: "site-443",
        fits: in_the_open,
        inject: |world| block(world, true, &[443], false),
    },
    Fault {
        name: "mqtt-dropped",
        cause: CauseId::MqttPortBlocked,
        slot: "site-8883",
        fits: in_the_open,
        inject: |world| block(world, false, &[8883], false),
    },
    Fault {
        name: "large-packets-lost",
        cause: CauseId::MtuBlackHole,
        slot: "mtu",
        fits: in_the_open,
        inject: |world| world.site.swallows_above = Some(1400),
    },
    Fault {
        name: "mtu-black-hole",
        cause: CauseId::MtuBlackHole,
        slot: "mtu",
        fits: in_the_open,
        inject: |world| {
            world.site.swallows_above = Some(1400);
            let routes = world.tables.routes.iter_mut();
            routes.filter(|it| it.destination.prefix_len() == 0).for_each(|it| it.mtu = Some(1280));
        },
    },
    Fault {
        name: "captive-portal-on-the-web",
        cause: CauseId::CaptivePortal,
        slot: "middlebox",
        fits: in_the_open,
        inject: |world| world.site.middlebox = Some(Middlebox::Portal),
    },
    Fault {
        name: "intercepted",
        cause: CauseId::TlsIntercepted,
        slot: "middlebox",
        fits: in_the_open,
        inject: |world| intercept(world, &[443, 5671, 8883], false),
    },
    Fault {
        name: "tls-intercepted-on-443",
        cause: CauseId::TlsIntercepted,
        slot: "middlebox",
        fits: in_the_open,
        inject: |world| intercept(world, &[443], false),
    },
    Fault {
        name: "tls-intercepted-by-a-trusted-root",
        cause: CauseId::TlsIntercepted,
        slot: "middlebox",
        fits: in_the_open,
        inject: |world| intercept(world, &[443, 5671, 8883], true),
    },
    Fault {
        name: "tls-filtered-by-name",
        cause: CauseId::TlsFiltered,
        slot: "middlebox",
        fits: in_the_open,
        inject: |world| {
            let ports = vec![443, 5671, 8883];
            world.site.middlebox = Some(Middlebox::NameFilter { ports });
        },
    },
    Fault {
        name: "name-filtered-on-443",
        cause: CauseId::TlsFiltered,
        slot: "middlebox",
        fits: in_the_open,
        inject: |world| {
            world.site.middlebox = Some(Middlebox::NameFilter { ports: vec![443] });
        },
    },
    Fault {
        name: "tls-filtered-by-version",
        cause: CauseId::TlsFiltered,
        slot: "middlebox",
        fits: in_the_open,
        inject: |world| world.site.middlebox = Some(Middlebox::VersionFilter),
    },
    Fault {
        name: "upgrade-refused",
        cause: CauseId::WebsocketBlocked,
        slot: "middlebox",
        fits: in_the_open,
        inject: |world| world.site.middlebox = Some(Middlebox::UpgradeFilter),
    },
    Fault {
        name: "broker-in-place-of-hub",
        cause: CauseId::NotIotHub,
        slot: "hub-peer",
        fits: anywhere,
        inject: |world| {
            for (_, peer) in world.peers.iter_mut().filter(|(_, peer)| *peer == Peer::Hub) {
                *peer = Peer::Broker;
            }
        },
    },
    Fault {
        name: "ipv6-broken",
        cause: CauseId::Ipv6Broken,
        slot: "ipv6",
        fits: |setting| setting.ipv6 == Ipv6::Works,
        inject: |world| world.uplinks[0].ipv6 = false,
    },
    Fault {
        name: "lossy",
        cause: CauseId::LossyLink,
        slot: "loss",
        fits: anywhere,
        inject: |world| world.packets_lost = 3,
    },
    Fault {
        name: "slow",
        cause: CauseId::HighLatency,
        slot: "delay",
        fits: in_the_open,
        inject: |world| world.uplinks.iter_mut().for_each(|uplink| uplink.round_trip_ms = 650.0),
    },
];

/// What the site does, a tunnel for everything hides from the device.
fn in_the_open(setting: &Setting) -> bool {
    setting.vpn != Vpn::Full
}

fn block(world: &mut World, hub_alone: bool, ports: &[u16], resets: bool) {
    let to = if hub_alone { vec![Some(HUB_ADDRESS), Some(hub_ipv6())] } else { vec![None] };
    let ports = ports.to_vec();
    world.site.blocks.extend(to.into_iter().map(|to| Block { to, ports: ports.clone(), resets }));
}

fn intercept(world: &mut World, ports: &[u16], trusted: bool) {
    let ports = ports.to_vec();
    world.site.middlebox = Some(Middlebox::Interceptor { ports, trusted });
}
