//! The engine's networks, made safe to keep.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use edgeprobe_facts::engine::{
    Container, DEFAULT_NETWORKS, Network, NetworkSubnet, RUNTIME_NETWORK,
};
use ipnet::IpNet;
use serde::{Deserialize, Deserializer};

use crate::clean;
use crate::engine::client::few::{Few, Members, each};
use crate::engine::client::{Client, ClientError, LIST, Path};

/// How many networks are looked at, and how many of them, and subnets of each, are kept.
const LISTED: usize = 4096;
const NETWORKS: usize = 64;
const SUBNETS: usize = 16;

/// The longest name of an interface, in bytes (IFNAMSIZ without its end).
const INTERFACE_NAME: usize = 15;

/// The keys of the options that Docker's bridge driver takes. Podman's compatible API has them too.
const BRIDGE: &str = "com.docker.network.bridge.name";
const INTER_CONTAINER: &str = "com.docker.network.bridge.enable_icc";
const MASQUERADE: &str = "com.docker.network.bridge.enable_ip_masquerade";
const MTU: &str = "com.docker.network.driver.mtu";

/// The engine's networks by name.
#[derive(Debug, Default)]
pub(super) struct Networks {
    pub(super) list: Vec<Network>,
    /// How many more there are.
    pub(super) left_out: u32,
}

/// All of them.
pub(super) async fn all(client: &Client) -> Result<Networks, ClientError> {
    let mut networks: Networks = client.get(&Path::new("/networks"), LIST).await?;
    // The engine lists them in any order; reports should not differ for that.
    networks.list.sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
    Ok(networks)
}

impl<'de> Deserialize<'de> for Networks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut networks = Self::default();
        each(deserializer, |listed: Listed| {
            if networks.list.len() < LISTED {
                networks.list.push(network(listed));
            } else {
                networks.left_out = networks.left_out.saturating_add(1);
            }
        })?;
        Ok(networks)
    }
}

/// A network in the engine's list.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Listed {
    id: Option<String>,
    name: Option<String>,
    driver: Option<String>,
    #[serde(rename = "IPAM")]
    ipam: Option<Ipam>,
    internal: Option<bool>,
    options: Options,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Ipam {
    config: Few<Range, 64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Range {
    subnet: Option<String>,
    #[serde(rename = "IPRange")]
    given_out: Option<String>,
    gateway: Option<String>,
}

type Options = Members<String, 64>;

/// Keeps at most 64: the runtime's own and the engine's defaults before others, and of these the
/// ones with containers first. Says how many go.
pub(super) fn keep_the_first(networks: &mut Vec<Network>, containers: &[Container]) -> u32 {
    if networks.len() <= NETWORKS {
        return 0;
    }
    let has = |network: &Network, of: fn(&Container) -> bool| {
        containers.iter().any(|container| of(container) && container.is_on(&network.name))
    };
    let rank = |network: &Network| match network.name.as_str() {
        RUNTIME_NETWORK => 0,
        name if DEFAULT_NETWORKS.contains(&name) => 1,
        _ if has(network, |container| container.is_edge_agent() || container.is_edge_hub()) => 2,
        _ if has(network, |_| true) => 3,
        _ => 4,
    };
    networks.sort_by_cached_key(rank);
    let left_out = networks.split_off(NETWORKS).len();
    networks.sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
    u32::try_from(left_out).unwrap_or(u32::MAX)
}

/// Adds to each network the addresses of the containers that run on it.
///
/// The engine's list of networks does not have them, its list of containers does.
pub(super) fn add_members(networks: &mut [Network], containers: &[Container]) {
    for network in networks {
        let attached = containers.iter().flat_map(|container| &container.networks);
        let here = attached.filter(|attachment| attachment.network == network.name);
        network.members = here.flat_map(|attachment| attachment.addresses.clone()).collect();
        network.members.sort_unstable();
        network.members.dedup();
    }
}

/// Puts right the bridges' names for an engine that does not tell them: Podman counts its bridges,
/// and its compatible API leaves their names out. A bridge is known by the gateway's address then.
/// There is none before the first container runs on the network.
pub(super) fn find_bridges(networks: &mut [Network], interfaces: &[(String, IpAddr)]) {
    for network in networks.iter_mut().filter(|network| network.driver == "bridge") {
        let is_there = |name: &String| interfaces.iter().any(|(there, _)| there == name);
        if network.bridge.as_ref().is_some_and(is_there) {
            continue;
        }
        let has_gateway = |(_, address): &&(String, IpAddr)| {
            network.subnets.iter().any(|range| range.gateway == Some(*address))
        };
        let found = interfaces.iter().find(has_gateway).map(|(name, _)| name);
        network.bridge = found.filter(|name| is_interface_name(name)).cloned();
    }
}

/// The host's interfaces, each with each of its addresses.
pub(super) fn interfaces() -> Vec<(String, IpAddr)> {
    let addresses = |interface: netdev::Interface| {
        let (four, six) = (interface.ipv4.into_iter(), interface.ipv6.into_iter());
        let all = four.map(|net| net.addr().into()).chain(six.map(|net| net.addr().into()));
        all.map(move |address| (interface.name.clone(), address)).collect::<Vec<_>>()
    };
    netdev::get_interfaces().into_iter().flat_map(addresses).collect()
}

fn network(listed: Listed) -> Network {
    let options = listed.options;
    let id = clean::line(&listed.id.unwrap_or_default(), 64);
    let name = clean::line(&listed.name.unwrap_or_default(), 128);
    let driver = clean::line(&listed.driver.unwrap_or_default(), 32);
    let ranges = listed.ipam.map(|ipam| ipam.config.0).unwrap_or_default();
    let is_bridge = driver == "bridge";
    Network {
        bridge: is_bridge.then(|| bridge(&id, &name, &options)).flatten(),
        subnets: ranges.iter().filter_map(|range| subnet(range, is_bridge)).take(SUBNETS).collect(),
        mtu: options.get(MTU).and_then(|mtu| mtu.parse().ok()),
        masquerade: switch(&options, MASQUERADE),
        inter_container: switch(&options, INTER_CONTAINER),
        internal: listed.internal.unwrap_or_default(),
        members: Vec::new(),
        id,
        name,
        driver,
    }
}

/// The host's interface of a bridge network: the option's, else what the engine names it itself.
fn bridge(id: &str, name: &str, options: &Options) -> Option<String> {
    let given = options.get(BRIDGE).filter(|given| is_interface_name(given)).cloned();
    given.or_else(|| match name {
        "bridge" => Some("docker0".to_owned()),
        "podman" => Some("podman0".to_owned()),
        _ => {
            let digits = id.get(..12)?;
            digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| format!("br-{digits}"))
        }
    })
}

/// Whether the kernel could have an interface of this name, and a person could be shown it.
fn is_interface_name(name: &str) -> bool {
    (1..=INTERFACE_NAME).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/')
}

fn subnet(range: &Range, is_bridge: bool) -> Option<NetworkSubnet> {
    let subnet = range.subnet.as_deref()?.parse::<IpNet>().ok()?.trunc();
    let given = range.gateway.as_deref().and_then(address);
    // For a subnet that was asked for without a gateway, the list has none, though there is one.
    let gateway = given.or_else(|| is_bridge.then(|| first_address(subnet, range)).flatten());
    Some(NetworkSubnet { subnet, gateway })
}

/// The address that the engine takes for the bridge when it is given none: the first of the range
/// that it hands out from, but for the network's own.
fn first_address(subnet: IpNet, range: &Range) -> Option<IpAddr> {
    let inside = range.given_out.as_deref().and_then(|text| text.parse::<IpNet>().ok());
    let first = inside.map_or(subnet.network(), |range| range.network());
    if first != subnet.network() {
        return Some(first);
    }
    match first {
        IpAddr::V4(first) => {
            u32::from(first).checked_add(1).map(|next| Ipv4Addr::from(next).into())
        }
        IpAddr::V6(first) => {
            u128::from(first).checked_add(1).map(|next| Ipv6Addr::from(next).into())
        }
    }
}

/// The engine writes a gateway that it chose itself with the length of its prefix.
fn address(text: &str) -> Option<IpAddr> {
    text.split('/').next()?.parse().ok()
}

fn switch(options: &Options, key: &str) -> Option<bool> {
    options.get(key).and_then(|value| match value.as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use edgeprobe_facts::engine::Attachment;

    use super::*;

    fn read(json: &str) -> Network {
        network(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn a_network_is_read_from_docker_s_list() {
        let network = read(
            r#"{"Name": "azure-iot-edge", "Driver": "bridge", "Internal": false,
                "Id": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                "IPAM": {"Config": [{"Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1"},
                    {"Subnet": "fd00:1::/64", "Gateway": "fd00:1::1/64"}, {"Subnet": "x"}]},
                "Options": {"com.docker.network.driver.mtu": "1400",
                    "com.docker.network.bridge.enable_ip_masquerade": "false"},
                "Labels": {"token": "secret"}}"#,
        );
        assert_eq!(network.bridge.as_deref(), Some("br-0123456789ab"));
        let subnets: Vec<_> = network
            .subnets
            .iter()
            .map(|range| (range.subnet.to_string(), range.gateway.unwrap().to_string()))
            .collect();
        assert_eq!(
            subnets,
            [("172.18.0.0/16", "172.18.0.1"), ("fd00:1::/64", "fd00:1::1")]
                .map(|(subnet, gateway)| (subnet.to_owned(), gateway.to_owned()))
        );
        assert_eq!(network.mtu, Some(1400));
        assert_eq!((network.masquerade, network.inter_container), (Some(false), None));
        assert!(!serde_json::to_string(&network).unwrap().contains("secret"));
    }

    #[test]
    fn a_bridge_whose_name_the_engine_keeps_to_itself_is_known_by_its_address() {
        let edge = r#"{"Name": "edge", "Driver": "bridge", "Id": "0123456789abcdef",
            "IPAM": {"Config": [{"Subnet": "10.89.0.0/24", "Gateway": "10.89.0.1"}]}}"#;
        let named_among = |interfaces: &[(&str, &str)]| {
            let interface = |(name, address): &(&str, &str)| {
                ((*name).to_owned(), address.parse::<IpAddr>().unwrap())
            };
            let interfaces: Vec<_> = interfaces.iter().map(interface).collect();
            let mut networks = [read(edge)];
            find_bridges(&mut networks, &interfaces);
            let [network] = networks;
            network.bridge
        };
        let uplink = ("eth0", "192.0.2.10");
        assert_eq!(named_among(&[uplink, ("podman1", "10.89.0.1")]).as_deref(), Some("podman1"));
        let own_name = ("br-0123456789ab", "10.89.0.1");
        assert_eq!(named_among(&[own_name]).as_deref(), Some("br-0123456789ab"));
        assert_eq!(named_among(&[uplink]), None);
    }

    #[test]
    fn a_bridge_without_a_gateway_in_the_list_has_the_first_address() {
        let gateway = |driver: &str, range: &str| {
            let json = format!(r#"{{"Driver": "{driver}", "IPAM": {{"Config": [{{{range}}}]}}}}"#);
            read(&json).subnets[0].gateway.map(|gateway| gateway.to_string())
        };
        let subnet = r#""Subnet": "172.25.0.0/16""#;
        assert_eq!(gateway("bridge", subnet).as_deref(), Some("172.25.0.1"));
        assert_eq!(gateway("macvlan", subnet), None);
        let range = |range: &str| format!(r#"{subnet}, "IPRange": "{range}""#);
        assert_eq!(gateway("bridge", &range("172.25.5.0/24")).as_deref(), Some("172.25.5.0"));
        assert_eq!(gateway("bridge", &range("172.25.0.0/24")).as_deref(), Some("172.25.0.1"));
        let ipv6 = r#""Subnet": "fd00:1::/64""#;
        assert_eq!(gateway("bridge", ipv6).as_deref(), Some("fd00:1::1"));
    }

    #[test]
    fn the_bridge_is_named_as_the_engine_names_it() {
        let named = |name: &str, driver: &str, option: &str| {
            read(&format!(
                r#"{{"Name": "{name}", "Driver": "{driver}", "Id": "0123456789abcdef",
                    "Options": {{"com.docker.network.bridge.name": "{option}"}}}}"#
            ))
            .bridge
        };
        assert_eq!(named("bridge", "bridge", "bridge0").as_deref(), Some("bridge0"));
        assert_eq!(named("bridge", "bridge", "").as_deref(), Some("docker0"));
        assert_eq!(named("podman", "bridge", "").as_deref(), Some("podman0"));
        assert_eq!(named("edge", "bridge", "../x").as_deref(), Some("br-0123456789ab"));
        assert_eq!(named("edge", "bridge", "sixteen-letters!").as_deref(), Some("br-0123456789ab"));
        assert_eq!(named("lan", "macvlan", ""), None);
        assert_eq!(read(r#"{"Name": "x", "Driver": "bridge", "Id": "short"}"#).bridge, None);
    }

    #[test]
    fn of_too_many_networks_the_runtime_s_and_the_default_ones_are_kept() {
        let named = |name: &str| Network { name: name.to_owned(), ..Network::default() };
        let mut networks: Vec<Network> =
            (0..100).map(|number| named(&format!("a{number:03}"))).collect();
        networks.extend([named(RUNTIME_NETWORK), named("bridge"), named("site")]);
        let addresses = vec!["172.30.0.2".parse().unwrap()];
        let attachment = Attachment { network: "site".to_owned(), addresses };
        let on_it = Container { networks: vec![attachment], ..Container::default() };
        assert_eq!(keep_the_first(&mut networks, &[on_it]), 39);
        assert_eq!(networks.len(), NETWORKS);
        for kept in [RUNTIME_NETWORK, "bridge", "site", "a000"] {
            assert!(networks.iter().any(|network| network.name == kept), "{kept}");
        }
        assert!(networks.is_sorted_by_key(|network| network.name.clone()));
        assert_eq!(keep_the_first(&mut networks, &[]), 0);
    }

    #[test]
    fn members_are_the_addresses_of_the_running_containers() {
        let attachment = |network: &str, address: &str| Attachment {
            network: network.to_owned(),
            addresses: vec![address.parse().unwrap()],
        };
        let containers = [
            Container {
                networks: vec![attachment("edge", "172.18.0.3"), attachment("site", "10.0.0.2")],
                ..Container::default()
            },
            Container { networks: vec![attachment("edge", "172.18.0.2")], ..Container::default() },
        ];
        let mut networks = [read(r#"{"Name": "edge"}"#), read(r#"{"Name": "other"}"#)];
        add_members(&mut networks, &containers);
        let members: Vec<_> = networks[0].members.iter().map(ToString::to_string).collect();
        assert_eq!(members, ["172.18.0.2", "172.18.0.3"]);
        assert!(networks[1].members.is_empty());
    }
}
