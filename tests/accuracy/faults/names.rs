//! Names: resolvers of the host and of containers, and what they say.

use std::net::IpAddr;

use edgeprobe::verdict::CauseId;

use super::bridge::filtered;
use super::{Fault, anywhere, with_engine};
use crate::setting::Resolver;
use crate::world::{FilterAction, NOBODY, Peer, Says, World};

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "dns-host-dead-server",
        cause: CauseId::DnsHostFailure,
        slot: "resolver",
        fits: anywhere,
        inject: |world| *servers(world) = vec![NOBODY],
    },
    Fault {
        name: "resolver-silent",
        cause: CauseId::DnsHostFailure,
        slot: "resolver",
        fits: anywhere,
        inject: |world| all_say(world, Says::Nothing),
    },
    Fault {
        name: "resolver-fails",
        cause: CauseId::DnsHostFailure,
        slot: "resolver",
        fits: anywhere,
        inject: |world| all_say(world, Says::Servfail),
    },
    Fault {
        name: "resolver-refuses",
        cause: CauseId::DnsHostFailure,
        slot: "resolver",
        fits: anywhere,
        inject: |world| all_say(world, Says::Refused),
    },
    Fault {
        name: "resolver-closed",
        cause: CauseId::DnsHostFailure,
        slot: "resolver",
        fits: anywhere,
        inject: |world| all_say(world, Says::Closed),
    },
    Fault {
        name: "dns-container-dead-server",
        cause: CauseId::DnsContainerFailure,
        slot: "container-resolver",
        fits: with_engine,
        inject: |world| world.engine.as_mut().unwrap().dns = vec![NOBODY],
    },
    Fault {
        name: "container-questions-dropped",
        cause: CauseId::DnsContainerFailure,
        slot: "container-questions",
        fits: with_engine,
        inject: |world| filtered(world, FilterAction::Drop, &[53]),
    },
    Fault {
        name: "no-such-hub",
        cause: CauseId::HubNameUnknown,
        slot: "resolver",
        fits: anywhere,
        inject: |world| all_say(world, Says::NoSuchHub),
    },
    Fault {
        name: "sinkhole",
        cause: CauseId::DnsHijack,
        slot: "resolver",
        fits: anywhere,
        inject: |world| all_say(world, Says::Lie("0.0.0.0".parse().unwrap())),
    },
    Fault {
        name: "private-lie",
        cause: CauseId::DnsHijack,
        slot: "resolver",
        fits: anywhere,
        inject: |world| all_say(world, Says::Lie("10.1.2.3".parse().unwrap())),
    },
    Fault {
        name: "stale-hosts-entry",
        cause: CauseId::DnsHijack,
        slot: "hosts-file",
        fits: |setting| setting.resolver != Resolver::Stub,
        inject: |world| world.names.hosts_file = vec!["20.36.9.9".parse().unwrap()],
    },
    Fault {
        name: "name-of-another-site",
        cause: CauseId::NotIotHub,
        slot: "resolver",
        fits: anywhere,
        inject: |world| {
            let page: IpAddr = "198.41.0.9".parse().unwrap();
            world.peers.push((page, Peer::Page));
            all_say(world, Says::Lie(page));
        },
    },
];

/// The servers that answer in the end.
pub(super) fn servers(world: &mut World) -> &mut Vec<IpAddr> {
    let names = &mut world.names;
    if names.behind_stub.is_empty() { &mut names.configured } else { &mut names.behind_stub }
}

pub(super) fn all_say(world: &mut World, says: Says) {
    let servers = servers(world).clone();
    world.names.odd = servers.into_iter().map(|server| (server, says)).collect();
}
