//! The healthy devices that faults are injected into.

use std::fmt;
use std::sync::LazyLock;

use edgeprobe_facts::endpoint::Transport;
use edgeprobe_facts::engine::ApiVersion;
use edgeprobe_facts::route::tables::LinkKind;

use crate::services::{PARTS, PROXY_ADDRESS, ProxySays, SiteProxy};
use crate::world::{
    Block, Engine, Holder, LAN_RESOLVER, Module, Network, PARENT_ADDRESS, Peer, STUB, User, World,
    hub_ipv6,
};

/// What there is of the engine and the runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Device {
    Bare,
    Engine,
    /// Edge Agent runs, Edge Hub does not yet.
    Agent,
    Runtime,
}

/// A VPN that does no harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vpn {
    None,
    /// It leads to the company's network alone.
    Split,
    /// It carries everything, the containers' traffic too.
    Full,
}

/// Where the device's names come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resolver {
    /// A server beyond the router.
    Public,
    /// The router itself.
    Router,
    /// systemd-resolved, with a server beyond the router.
    Stub,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ipv6 {
    /// The hub has no IPv6 address.
    None,
    /// The hub has one, the device has none.
    HubAlone,
    /// Both have, and it works.
    Works,
}

/// What the device depends on beside its hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Nothing that is configured.
    Nothing,
    /// The runtime is configured: an image that is not here yet, a registry, provisioning.
    Services,
    /// The same, on a site that lets out its proxy alone, of which every part is told.
    Proxy,
}

/// What Edge Agent connects to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Upstream {
    Hub,
    /// Another device, in nested edge.
    Parent,
}

/// One healthy device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) device: Device,
    pub(crate) user: User,
    pub(crate) protocols: &'static [Transport],
    pub(crate) two_uplinks: bool,
    pub(crate) vpn: Vpn,
    pub(crate) resolver: Resolver,
    pub(crate) ipv6: Ipv6,
    /// Whether the engine is older than 26, so that containers' questions leave from the container.
    pub(crate) old_engine: bool,
    /// Whether the firewall's rules can be listed.
    pub(crate) readable_rules: bool,
    pub(crate) needs: Needs,
    pub(crate) upstream: Upstream,
}

const PROTOCOLS: [&[Transport]; 4] = [
    &[Transport::Amqp, Transport::AmqpWs],
    &[Transport::AmqpWs],
    &[Transport::Mqtt, Transport::MqttWs],
    &[Transport::Amqp],
];

impl Setting {
    /// What the lab's device is, with Edge Agent running.
    pub(crate) const USUAL: Self = Self {
        device: Device::Agent,
        user: User::Root,
        protocols: PROTOCOLS[0],
        two_uplinks: false,
        vpn: Vpn::None,
        resolver: Resolver::Public,
        ipv6: Ipv6::None,
        old_engine: true,
        readable_rules: true,
        needs: Needs::Nothing,
        upstream: Upstream::Hub,
    };

    /// Every setting there is.
    pub(crate) fn all() -> &'static [Self] {
        static ALL: LazyLock<Vec<Setting>> = LazyLock::new(Setting::combinations);
        &ALL
    }

    fn combinations() -> Vec<Self> {
        let mut all = Vec::new();
        for device in [Device::Bare, Device::Engine, Device::Agent, Device::Runtime] {
            for user in [User::Root, User::Engines, User::Ordinary] {
                for protocols in PROTOCOLS {
                    for two_uplinks in [false, true] {
                        for vpn in [Vpn::None, Vpn::Split, Vpn::Full] {
                            for resolver in [Resolver::Public, Resolver::Router, Resolver::Stub] {
                                for ipv6 in [Ipv6::None, Ipv6::HubAlone, Ipv6::Works] {
                                    for (old_engine, readable_rules) in
                                        [(true, true), (false, true), (true, false)]
                                    {
                                        all.push(Self {
                                            device,
                                            user,
                                            protocols,
                                            two_uplinks,
                                            vpn,
                                            resolver,
                                            ipv6,
                                            old_engine,
                                            readable_rules,
                                            needs: Needs::Nothing,
                                            upstream: Upstream::Hub,
                                        });
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        let usual = all.iter().filter(|it| it.old_engine && it.readable_rules);
        let needs = |needs| move |it: &Self| Self { needs, ..*it };
        let services: Vec<Self> = usual.clone().map(needs(Needs::Services)).collect();
        // A proxy carries WebSocket alone, and a tunnel for everything leads past it.
        let proxied = usual.filter(|it| it.protocols == PROTOCOLS[1] && it.vpn != Vpn::Full);
        let proxied: Vec<Self> = proxied.map(needs(Needs::Proxy)).collect();
        let in_the_plant = all.iter().filter(|it| it.ipv6 == Ipv6::None);
        let children: Vec<Self> =
            in_the_plant.map(|it| Self { upstream: Upstream::Parent, ..*it }).collect();
        [all, services, proxied, children].concat()
    }

    pub(crate) fn is_a_child(&self) -> bool {
        self.upstream == Upstream::Parent
    }

    /// The device itself, healthy.
    pub(crate) fn world(self) -> World {
        let mut world = World::bare();
        world.user = self.user;
        world.protocols = self.protocols.to_vec();
        world.firewall.readable = self.readable_rules;
        if self.two_uplinks {
            world.uplink("eth1", "192.168.8.50/24", "192.168.8.1", 600);
        }
        match self.resolver {
            Resolver::Public => {}
            Resolver::Router => world.names.configured = vec![LAN_RESOLVER],
            Resolver::Stub => {
                world.names.behind_stub =
                    std::mem::replace(&mut world.names.configured, vec![STUB]);
            }
        }
        if self.is_a_child() {
            world.is_child = true;
            world.names.hub = vec![PARENT_ADDRESS];
            world.peers.push((PARENT_ADDRESS, Peer::Parent));
        }
        self.add_ipv6(&mut world);
        self.add_vpn(&mut world);
        self.add_engine(&mut world);
        self.add_needs(&mut world);
        world
    }

    fn add_needs(self, world: &mut World) {
        if self.needs == Needs::Nothing {
            return;
        }
        world.services.configured = true;
        "edge-device-7".clone_into(&mut world.services.hostname);
        if self.needs == Needs::Proxy {
            world.site.blocks.push(Block { to: None, ports: Vec::new(), resets: false });
            world.services.proxy = Some(SiteProxy {
                host: PROXY_ADDRESS.to_string(),
                told: PARTS.to_vec(),
                says: ProxySays::Yes,
            });
        }
    }

    fn add_ipv6(self, world: &mut World) {
        if self.ipv6 == Ipv6::None {
            return;
        }
        world.names.hub.push(hub_ipv6());
        world.peers.push((hub_ipv6(), Peer::Hub));
        if self.ipv6 == Ipv6::Works {
            world.route("::/0 via fe80::1 dev eth0 metric 1024");
            world.uplinks[0].ipv6 = true;
        }
    }

    fn add_vpn(self, world: &mut World) {
        if self.vpn == Vpn::None {
            return;
        }
        world.tunnel("tun0", LinkKind::Tun, "10.8.0.6/24", true);
        world.route("10.20.0.0/16 dev tun0");
        if self.vpn == Vpn::Full {
            world.route("62.4.17.2/32 via 192.168.1.1 dev eth0");
            world.route("0.0.0.0/1 via 10.8.0.1 dev tun0");
            world.route("128.0.0.0/1 via 10.8.0.1 dev tun0");
        }
    }

    fn add_engine(self, world: &mut World) {
        if self.device == Device::Bare {
            return;
        }
        let (version, oldest, newest) =
            if self.old_engine { ("20.10.24", 12, 41) } else { ("27.3.1", 24, 47) };
        world.engine = Some(Engine {
            answers: true,
            version: version.to_owned(),
            api: (ApiVersion::new(1, oldest), ApiVersion::new(1, newest)),
            dns: Vec::new(),
            pools: Vec::new(),
            networks: Vec::new(),
        });
        if self.device != Device::Engine {
            world.container_network("azure-iot-edge", "br-0123456789ab", "172.18");
            let module = |name: &str, last: u8, pid| Module {
                name: name.to_owned(),
                address: format!("172.18.0.{last}").parse().unwrap(),
                pid,
            };
            let edge: &mut Network = &mut world.engine.as_mut().unwrap().networks[0];
            edge.residents.push(module("edgeAgent", 2, 255));
            if self.device == Device::Runtime {
                edge.residents.push(module("edgeHub", 3, 398));
                world.ports.held = [443, 5671, 8883].map(|port| (port, Holder::EdgeHub)).to_vec();
            }
        }
        world.container_network("bridge", "docker0", "172.17");
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocols: Vec<_> = self.protocols.iter().map(ToString::to_string).collect();
        write!(
            f,
            "{:?}, {:?}, {}, {} uplink(s), VPN {:?}, resolver {:?}, IPv6 {:?}, {} engine, rules {}, needs {:?}{}",
            self.device,
            self.user,
            protocols.join("+"),
            1 + u8::from(self.two_uplinks),
            self.vpn,
            self.resolver,
            self.ipv6,
            if self.old_engine { "old" } else { "new" },
            if self.readable_rules { "readable" } else { "unreadable" },
            self.needs,
            if self.is_a_child() { ", a child" } else { "" },
        )
    }
}
