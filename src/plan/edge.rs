//! The container networks that the runtime uses, as far as the engine knows them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use edgeprobe_facts::engine::{
    AskedFrom, Container, ContainerDns, EngineFacts, Network, container_resolvers, edge_networks,
};
use edgeprobe_facts::route::edge::EdgeNetwork;
use edgeprobe_facts::route::tables::{Address, LinkKind, Tables};
use edgeprobe_facts::vantage::{Means, Resident};
use edgeprobe_facts::{Vantage, clean};

/// Docker's own resolver, which listens inside every container on a network of the user's making.
const EMBEDDED: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 11)), 53);

/// A container network that the runtime uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    pub network: EdgeNetwork,
    /// The containers on it whose place may be used, the best first.
    pub residents: Vec<Resident>,
    dns: ContainerDns,
}

/// The device's resolver configuration, from which the engine derives its containers'.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResolverFiles {
    /// The text of /etc/resolv.conf.
    pub resolv_conf: String,
    /// The text of the file that names the servers behind systemd-resolved's stub.
    pub resolved: Option<String>,
}

impl Edge {
    pub fn vantage(&self) -> Vantage {
        Vantage::Bridge(clean::line(&self.network.name, 64))
    }

    /// The name servers that can be asked as a module would, from a place that was had by these
    /// means.
    pub(super) fn name_servers(&self, means: &Means) -> Vec<SocketAddr> {
        match means {
            Means::Container { .. } | Means::OwnContainer { .. } if self.dns.through_embedded => {
                vec![EMBEDDED]
            }
            _ => self.servers_on_the_way().collect(),
        }
    }

    /// The name servers whose answers must find their way back to the network. Those that the
    /// engine asks from the host are the host's own affair.
    pub(super) fn servers_on_the_way(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        self.dns
            .servers
            .iter()
            .filter(|server| server.asked_from == AskedFrom::Container)
            .map(|server| server.address)
            .filter(|address| !address.ip().is_loopback())
    }
}

/// The networks that the runtime uses, its own first.
pub(super) fn edges(
    engine: &EngineFacts,
    name: Option<&str>,
    resolver: &ResolverFiles,
) -> Vec<Edge> {
    let networks = edge_networks(&engine.networks, name);
    networks.into_iter().filter_map(|network| edge(engine, network, resolver)).collect()
}

/// The network as it is asked about; none for one without a bridge on this host or without IPv4.
fn edge(engine: &EngineFacts, network: &Network, resolver: &ResolverFiles) -> Option<Edge> {
    let range = network.subnets.iter().find(|range| range.subnet.addr().is_ipv4())?;
    let dns =
        container_resolvers(network, engine, &resolver.resolv_conf, resolver.resolved.as_deref());
    Some(Edge {
        network: EdgeNetwork {
            name: network.name.clone(),
            bridge: network.bridge.clone()?,
            subnet: range.subnet,
            gateway: range.gateway,
            mtu: network.mtu,
            members: network.members.clone(),
        },
        residents: residents(engine, &network.name),
        dns,
    })
}

/// The networks behind the bridges that Docker names: what can be known of them without asking the
/// engine.
pub(super) fn edges_of_the_kernel(tables: &Tables) -> Vec<Edge> {
    let bridges = tables.links.iter().filter(|link| link.kind == LinkKind::Bridge);
    bridges
        .filter_map(|link| Some((link, engines_name(&link.name)?)))
        .filter_map(|(link, name)| {
            let own = |address: &&Address| {
                address.interface == link.name && address.network.addr().is_ipv4()
            };
            let address = tables.addresses.iter().find(own)?;
            let network = EdgeNetwork {
                name,
                bridge: link.name.clone(),
                subnet: address.network.trunc(),
                gateway: Some(address.network.addr()),
                mtu: link.mtu,
                members: Vec::new(),
            };
            Some(Edge { network, residents: Vec::new(), dns: ContainerDns::default() })
        })
        .collect()
}

/// What the engine calls the network of a bridge: the default one by its own name, another by the
/// bridge's, which the engine made from its id.
fn engines_name(bridge: &str) -> Option<String> {
    let of_an_id = |id: &str| id.len() == 12 && id.chars().all(|c| c.is_ascii_hexdigit());
    match bridge.strip_prefix("br-") {
        Some(id) if of_an_id(id) => Some(bridge.to_owned()),
        _ => (bridge == "docker0").then(|| "bridge".to_owned()),
    }
}

/// The containers on the network that can be entered, Edge Agent first: its place is the very one
/// that matters.
fn residents(engine: &EngineFacts, network: &str) -> Vec<Resident> {
    let mut on_it: Vec<&Container> =
        engine.containers.iter().filter(|container| container.is_on(network)).collect();
    on_it.sort_by_key(|container| !container.is_edge_agent());
    on_it.into_iter().filter_map(|it| resident(it, it.is_edge_agent())).collect()
}

/// The container as one whose place may be entered; none for one that does not run.
fn resident(container: &Container, is_the_runtimes: bool) -> Option<Resident> {
    Some(Resident { name: container.name.clone(), pid: container.pid?, is_the_runtimes })
}

/// Edge Hub's own place, where it runs on a container network: it can fail where Edge Agent does not.
pub(super) fn edge_hub(engine: &EngineFacts, resolver: &ResolverFiles) -> Option<(Edge, Resident)> {
    let container = engine.containers.iter().find(|container| container.is_edge_hub())?;
    let own = resident(container, true)?;
    let mut networks = engine.networks.iter().filter(|network| container.is_on(&network.name));
    // Of several networks, the one that it was made for.
    let made_for = |network: &&Network| container.network_mode.as_deref() == Some(&*network.name);
    let first = networks.clone().find(made_for);
    let network = first.or_else(|| networks.next())?;
    Some((edge(engine, network, resolver)?, own))
}
