//! The parent of a child in nested edge.

use edgeprobe::verdict::CauseId;
use edgeprobe_facts::endpoint::Transport;

use super::Fault;
use super::names::all_say;
use crate::setting::{Setting, Vpn};
use crate::world::{Block, PARENT_ADDRESS, Peer, Says, World};

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "parent-silent",
        cause: CauseId::ParentUnreachable,
        slot: "parent",
        fits: in_the_open,
        inject: |world| close(world, &[], false),
    },
    Fault {
        name: "parent-refuses",
        cause: CauseId::ParentUnreachable,
        slot: "parent",
        fits: in_the_open,
        inject: |world| close(world, &[], true),
    },
    Fault {
        name: "nested-parent-web-dropped",
        cause: CauseId::ParentUnreachable,
        slot: "parent",
        fits: in_the_open,
        inject: |world| close(world, &[443], false),
    },
    Fault {
        name: "parent-second-port-closed",
        cause: CauseId::ParentUnreachable,
        slot: "parent-6617",
        fits: in_the_open,
        inject: |world| close(world, &[6617], true),
    },
    Fault {
        name: "another-server-in-place-of-parent",
        cause: CauseId::ParentUnreachable,
        slot: "parent-peer",
        fits: a_child,
        inject: |world| {
            let peers = world.peers.iter_mut();
            peers.filter(|(_, peer)| *peer == Peer::Parent).for_each(|(_, peer)| {
                *peer = Peer::Page;
            });
        },
    },
    Fault {
        name: "early-connects-lost",
        cause: CauseId::EdgeHubMqttDefect,
        slot: "parent-mqtt",
        fits: |setting| a_child(setting) && setting.protocols.contains(&Transport::Mqtt),
        inject: |world| world.early_connects_lost = 3,
    },
    Fault {
        name: "no-such-parent",
        cause: CauseId::ParentUnreachable,
        slot: "resolver",
        fits: a_child,
        inject: |world| all_say(world, Says::NoSuchHub),
    },
];

fn a_child(setting: &Setting) -> bool {
    setting.is_a_child()
}

/// What the site does, a tunnel for everything hides from the device.
fn in_the_open(setting: &Setting) -> bool {
    a_child(setting) && setting.vpn != Vpn::Full
}

fn close(world: &mut World, ports: &[u16], resets: bool) {
    world.site.blocks.push(Block { to: Some(PARENT_ADDRESS), ports: ports.to_vec(), resets });
}
