//! A device, its networks, and all that stands between it and its hub.
//!
//! A world says how things are, never how they look: what a run would see of it is the simulator's
//! business.

use std::net::{IpAddr, Ipv4Addr};

use edgeprobe_facts::endpoint::Transport;
use edgeprobe_facts::engine::{AddressPool, ApiVersion};
use edgeprobe_facts::route::tables::{Address, Link, LinkKind, MAIN_TABLE, Route, Tables};
use edgeprobe_facts::ruleset::FilterRule;
use ipnet::IpNet;

use crate::notation::{link, route, rule};
use crate::services::{DATA_ADDRESS, PROVISIONING_ADDRESS, REGISTRY_ADDRESS, Services};

pub(crate) const HUB: &str = "contoso.azure-devices.net";
/// The parent of a child in nested edge.
pub(crate) const PARENT: &str = "edge-l4.plant.example";
pub(crate) const CONTROL: &str = "mcr.microsoft.com";
pub(crate) const HUB_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(20, 49, 110, 2));
/// The parent is on the layer above, beyond the router.
pub(crate) const PARENT_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 40, 0, 2));
pub(crate) const CONTROL_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(13, 107, 42, 16));
pub(crate) const PUBLIC_RESOLVER: IpAddr = IpAddr::V4(Ipv4Addr::new(9, 9, 9, 9));
pub(crate) const LAN_RESOLVER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 1));
/// An address on the device's own network at which there is nobody.
pub(crate) const NOBODY: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 253));
pub(crate) const STUB: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 53));

pub(crate) fn hub_ipv6() -> IpAddr {
    "2603:1030::2".parse().unwrap()
}

#[derive(Clone, Debug)]
pub(crate) struct World {
    /// Who runs the check.
    pub(crate) user: User,
    /// Whether the device is a child in nested edge: its parent stands wherever a hub is spoken of.
    pub(crate) is_child: bool,
    /// The transports that Edge Agent may use, its first choice first.
    pub(crate) protocols: Vec<Transport>,
    /// How many of 30 packets the line loses: of each exchange that is answered all the same.
    pub(crate) packets_lost: u32,
    /// How many CONNECTs the hub's MQTT port loses that come with the end of the handshake.
    pub(crate) early_connects_lost: u32,
    /// The kernel's links, addresses, routes, rules and switches.
    pub(crate) tables: Tables,
    /// What lies behind each interface that leads out of the device.
    pub(crate) uplinks: Vec<Uplink>,
    pub(crate) firewall: Firewall,
    pub(crate) names: Names,
    /// Who answers at which address.
    pub(crate) peers: Vec<(IpAddr, Peer)>,
    /// What the site does with traffic that leaves it by one of its own uplinks.
    pub(crate) site: Site,
    pub(crate) engine: Option<Engine>,
    pub(crate) ports: Ports,
    /// Seconds that the device's clock is ahead of everybody else's.
    pub(crate) clock_ahead_s: f64,
    /// Whether the device's trust store lacks the root of the hub's chain.
    pub(crate) lacks_root: bool,
    /// What the device depends on beside the hub.
    pub(crate) services: Services,
}

/// What the user who runs the check may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum User {
    Root,
    /// May ask the engine, has no capability.
    Engines,
    Ordinary,
}

/// What lies behind an interface.
#[derive(Clone, Debug)]
pub(crate) struct Uplink {
    pub(crate) interface: String,
    pub(crate) gateway: Option<IpAddr>,
    /// Whether the gateway answers on its link; none where there is no gateway.
    pub(crate) gateway_answers: Option<bool>,
    /// Whether packets that leave with an address of the host are answered.
    pub(crate) alive: bool,
    /// Whether it is the site's own, so that the site's firewall sees what passes.
    pub(crate) of_the_site: bool,
    /// Whether it carries IPv6.
    pub(crate) ipv6: bool,
    pub(crate) round_trip_ms: f64,
}

/// The host's own firewall.
#[derive(Clone, Debug, Default)]
pub(crate) struct Firewall {
    pub(crate) filters: Vec<Filter>,
    /// The chain's policy, which the engine sets and which drops what no bridge has to do with.
    pub(crate) policy: Option<FilterRule>,
    pub(crate) masquerades: Vec<Masquerade>,
    /// The mark that is put on what comes in by a bridge.
    pub(crate) mark: u32,
    /// Whether its rules can be listed on this device by root.
    pub(crate) readable: bool,
}

/// A rule of the host's firewall for what is forwarded. It holds where all that is named holds.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    pub(crate) input: Option<String>,
    pub(crate) output: Option<String>,
    /// The TCP ports that it is for; all traffic where there is none.
    pub(crate) ports: Vec<u16>,
    pub(crate) action: FilterAction,
    pub(crate) rule: FilterRule,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FilterAction {
    Drop,
    /// Answers by ICMP with this code.
    Reject(u8),
    /// Answers TCP by a reset.
    Reset,
}

/// The translation of a container network's addresses.
#[derive(Clone, Debug)]
pub(crate) struct Masquerade {
    pub(crate) subnet: IpNet,
    /// Interfaces that are exempt.
    pub(crate) but: Vec<String>,
}

/// The device's resolvers, and what each name server says.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    /// The servers of resolv.conf.
    pub(crate) configured: Vec<IpAddr>,
    /// The servers behind systemd-resolved's stub.
    pub(crate) behind_stub: Vec<IpAddr>,
    /// What the hosts file says of the hub.
    pub(crate) hosts_file: Vec<IpAddr>,
    /// The hub's true addresses, as an honest server names them.
    pub(crate) hub: Vec<IpAddr>,
    /// Whether the name leads through a private endpoint's zone.
    pub(crate) private_link: bool,
    /// What servers do that do not tell the truth; all others do, if they are there.
    pub(crate) odd: Vec<(IpAddr, Says)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    /// Nothing, though the machine is there.
    Nothing,
    /// That its port is closed.
    Closed,
    Servfail,
    Refused,
    /// That the hub does not exist; of other names the truth.
    NoSuchHub,
    /// This for the hub; of other names the truth.
    Lie(IpAddr),
}

/// Who answers at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Hub,
    /// A parent's Edge Hub: what a hub serves, and 6617, by an authority of its own.
    Parent,
    /// Another site of Microsoft's, with HTTPS alone.
    Control,
    /// A broker and a web server with a good certificate for the hub's name, that are not IoT Hub.
    Broker,
    /// A page for all that its name server lied about.
    Page,
    /// A registry, the host of its data, or the provisioning service: HTTPS alone.
    Service,
}

/// What the site's network does beyond the device.
#[derive(Clone, Debug, Default)]
pub(crate) struct Site {
    pub(crate) blocks: Vec<Block>,
    pub(crate) middlebox: Option<Middlebox>,
    /// The largest packet that passes, where the word that it is too large gets lost.
    pub(crate) swallows_above: Option<u32>,
}

/// A rule of the site's firewall.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    /// All addresses where there is none.
    pub(crate) to: Option<IpAddr>,
    /// All ports where there is none.
    pub(crate) ports: Vec<u16>,
    pub(crate) resets: bool,
}

/// A box on the way that looks into what passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Middlebox {
    /// Answers every HTTPS and TLS connection with its own page.
    Portal,
    /// Ends TLS on these ports and puts its own certificate in place of the peer's.
    Interceptor { ports: Vec<u16>, trusted: bool },
    /// Resets handshakes that name the hub, on these ports.
    NameFilter { ports: Vec<u16> },
    /// Resets handshakes that offer TLS 1.3.
    VersionFilter,
    /// Answers WebSocket upgrades itself.
    UpgradeFilter,
}

#[derive(Clone, Debug)]
pub(crate) struct Engine {
    pub(crate) answers: bool,
    pub(crate) version: String,
    /// The oldest and the newest version of its API.
    pub(crate) api: (ApiVersion, ApiVersion),
    /// The name servers of its daemon.json.
    pub(crate) dns: Vec<IpAddr>,
    pub(crate) pools: Vec<AddressPool>,
    pub(crate) networks: Vec<Network>,
}

impl Engine {
    pub(crate) fn accepts(&self, version: ApiVersion) -> bool {
        (self.api.0..=self.api.1).contains(&version)
    }
}

/// A container network.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    pub(crate) name: String,
    pub(crate) bridge: String,
    pub(crate) subnet: IpNet,
    pub(crate) gateway: IpAddr,
    pub(crate) residents: Vec<Module>,
}

/// A running container.
#[derive(Clone, Debug)]
pub(crate) struct Module {
    pub(crate) name: String,
    pub(crate) address: IpAddr,
    pub(crate) pid: u32,
}

/// The ports that Edge Hub maps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ports {
    pub(crate) held: Vec<(u16, Holder)>,
    /// Ports that the system lets nobody bind, root included.
    pub(crate) refused: Vec<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    EdgeHub,
    Process { name: String, pid: u32 },
    Container { name: String },
}

impl World {
    /// A device with one uplink and no engine, on which everything works.
    pub(crate) fn bare() -> Self {
        let mut tables = Tables { ip_forward: Some(true), complete: true, ..Tables::default() };
        tables.rules = [0, 32766, 32767]
            .into_iter()
            .zip([255, MAIN_TABLE, 253])
            .map(|(priority, table)| rule(&format!("{priority}: from all lookup {table}")))
            .collect();
        let ipv6 = tables.rules.iter().take(2).cloned();
        let ipv6: Vec<_> =
            ipv6.map(|it| edgeprobe_facts::route::tables::Rule { ipv6: true, ..it }).collect();
        tables.rules.extend(ipv6);
        let mut world = Self {
            user: User::Root,
            is_child: false,
            protocols: vec![Transport::Amqp, Transport::AmqpWs],
            packets_lost: 0,
            early_connects_lost: 0,
            tables,
            uplinks: Vec::new(),
            firewall: Firewall { readable: true, ..Firewall::default() },
            names: Names {
                configured: vec![PUBLIC_RESOLVER],
                behind_stub: Vec::new(),
                hosts_file: Vec::new(),
                hub: vec![HUB_ADDRESS],
                private_link: false,
                odd: Vec::new(),
            },
            peers: vec![(HUB_ADDRESS, Peer::Hub), (CONTROL_ADDRESS, Peer::Control)],
            site: Site::default(),
            engine: None,
            ports: Ports::default(),
            clock_ahead_s: 0.0,
            lacks_root: false,
            services: Services::default(),
        };
        for address in [REGISTRY_ADDRESS, DATA_ADDRESS, PROVISIONING_ADDRESS] {
            world.peers.push((address, Peer::Service));
        }
        world.join(link("lo", LinkKind::Loopback, 65_536), "127.0.0.1/8");
        world.uplink("eth0", "192.168.1.50/24", "192.168.1.1", 100);
        world
    }

    /// The name of what Edge Agent connects to.
    pub(crate) fn upstream(&self) -> &'static str {
        if self.is_child { PARENT } else { HUB }
    }

    /// Whether somebody is what Edge Agent is to connect to.
    pub(crate) fn is_upstream(&self, peer: Peer) -> bool {
        peer == if self.is_child { Peer::Parent } else { Peer::Hub }
    }

    /// Adds an interface with its address and the kernel's own routes for it.
    pub(crate) fn join(&mut self, link: Link, address: &str) {
        let network: IpNet = address.parse().unwrap();
        let name = link.name.clone();
        if network.prefix_len() < network.max_prefix_len() && name != "lo" {
            let on_link = network.trunc();
            self.route(&format!("{on_link} dev {name} src {}", network.addr()));
        }
        self.route(&format!("local {}/32 dev {name} table 255", network.addr()));
        self.tables.addresses.push(Address { interface: name, network });
        self.tables.links.push(link);
    }

    /// Adds a network card with a router behind it.
    pub(crate) fn uplink(&mut self, name: &str, address: &str, gateway: &str, metric: u32) {
        self.join(link(name, LinkKind::Ethernet, 1500), address);
        self.route(&format!("default via {gateway} dev {name} metric {metric}"));
        self.uplinks.push(Uplink {
            interface: name.to_owned(),
            gateway: Some(gateway.parse().unwrap()),
            gateway_answers: Some(true),
            alive: true,
            of_the_site: true,
            ipv6: false,
            round_trip_ms: 20.0,
        });
    }

    /// Adds a tunnel. `carries` says whether what the host sends into it is answered.
    pub(crate) fn tunnel(&mut self, name: &str, kind: LinkKind, address: &str, carries: bool) {
        self.join(link(name, kind, 1420), address);
        self.uplinks.push(Uplink {
            interface: name.to_owned(),
            gateway: None,
            gateway_answers: None,
            alive: carries,
            of_the_site: false,
            ipv6: false,
            round_trip_ms: 35.0,
        });
    }

    pub(crate) fn route(&mut self, text: &str) {
        self.tables.routes.push(route(text));
    }

    pub(crate) fn rule(&mut self, text: &str) {
        self.tables.rules.push(rule(text));
        self.tables.rules.sort_by_key(|rule| (rule.ipv6, rule.priority));
    }

    /// The routes of the main table that lead everywhere.
    pub(crate) fn without_routes(&mut self, drop: impl Fn(&Route) -> bool) {
        self.tables.routes.retain(|route| !drop(route));
    }

    pub(crate) fn uplink_of(&self, interface: &str) -> Option<&Uplink> {
        self.uplinks.iter().find(|uplink| uplink.interface == interface)
    }

    /// The network that the runtime's modules run on.
    pub(crate) fn edge(&self) -> Option<&Network> {
        let networks = &self.engine.as_ref()?.networks;
        networks.iter().find(|network| network.name == "azure-iot-edge").or(networks.first())
    }

    /// The network of this name.
    pub(crate) fn network(&self, name: &str) -> Option<&Network> {
        self.engine.as_ref()?.networks.iter().find(|network| network.name == name)
    }

    /// Adds a container network, with the engine's rules for it.
    pub(crate) fn container_network(&mut self, name: &str, bridge: &str, prefix: &str) {
        self.join(link(bridge, LinkKind::Bridge, 1500), &format!("{prefix}.0.1/16"));
        let subnet: IpNet = format!("{prefix}.0.0/16").parse().unwrap();
        self.firewall.masquerades.push(Masquerade { subnet, but: Vec::new() });
        let network = Network {
            name: name.to_owned(),
            bridge: bridge.to_owned(),
            subnet,
            gateway: format!("{prefix}.0.1").parse().unwrap(),
            residents: Vec::new(),
        };
        self.engine.as_mut().unwrap().networks.push(network);
    }
}
