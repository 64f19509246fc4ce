//! A container, as a report keeps it.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::proxy::{NoProxyList, ProxyUrl};

/// The name of the runtime's Edge Hub, in all its versions.
pub const EDGE_HUB: &str = "edgeHub";

/// One container. Of its environment a few names and proxies are kept, of its labels nothing: they
/// hold secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Container {
    /// The 64 hexadecimal digits of its id.
    pub id: String,
    /// Its name, without the leading slash.
    pub name: String,
    /// The image that it was made from.
    pub image: String,
    /// Its addresses on the engine's networks.
    pub addresses: Vec<IpAddr>,
    /// The host's ports that it publishes.
    pub published: Vec<PublishedPort>,
    /// How it is networked: `default`, `host`, `none`, `container:ID` or a network's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_mode: Option<String>,
    /// The networks that it is attached to, by name; at most 16.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<Attachment>,
    /// The number of its first process, for the few containers that are looked at closely: the
    /// runtime's own, and others of each network until two of it are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// The file of its network namespace, e.g. `/var/run/docker/netns/0123456789ab`; as `pid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_namespace: Option<String>,
    /// The name of the IoT Hub that the runtime gave it; as `pid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iot_hub: Option<String>,
    /// What else the runtime tells it that bears on the network; of the runtime's own containers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Box<ContainerEnvironment>>,
    /// What its create options set of names and the kernel; of the runtime's own containers, where
    /// they set any of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_options: Option<Box<CreateOptions>>,
}

/// What a container's create options (`HostConfig`) change of how it finds names and how its kernel
/// sends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CreateOptions {
    /// `ExtraHosts`; at most 64.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extra_hosts: Vec<ExtraHost>,
    /// `Dns`: its name servers, in place of the engine's; at most 8.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dns: Vec<String>,
    /// `DnsSearch`; at most 16.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dns_search: Vec<String>,
    /// `DnsOptions`; at most 16.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dns_options: Vec<String>,
    /// `Sysctls` of the network, as `name=value`; at most 32.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sysctls: Vec<String>,
}

impl CreateOptions {
    /// Whether none of it is set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One entry of `ExtraHosts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExtraHost {
    pub name: String,
    /// An address, or `host-gateway`.
    pub address: String,
}

impl Container {
    /// Whether this is the runtime's Edge Hub, which may hold its own ports.
    pub fn is_edge_hub(&self) -> bool {
        self.name == EDGE_HUB
    }

    /// Whether this is the runtime's Edge Agent.
    pub fn is_edge_agent(&self) -> bool {
        self.name == "edgeAgent"
    }

    /// The host's own addresses that it publishes a port on; none where it is on all of them, or
    /// not published at all.
    pub fn addresses_of(&self, port: u16) -> Vec<IpAddr> {
        let published = self.published.iter().filter(|published| published.host_port == port);
        let mut addresses: Vec<IpAddr> = published.map(|published| published.address).collect();
        if addresses.iter().any(IpAddr::is_unspecified) {
            return Vec::new();
        }
        addresses.sort_unstable();
        addresses.dedup();
        addresses
    }

    /// Whether it has an address on the network of this name.
    pub fn is_on(&self, network: &str) -> bool {
        self.networks.iter().any(|on| on.network == network && !on.addresses.is_empty())
    }
}

/// The environment of a container of the runtime, as far as it concerns the network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ContainerEnvironment {
    /// `UpstreamProtocol`, in the spelling that was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream_protocol: Option<String>,
    /// `https_proxy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub https_proxy: Option<ProxyUrl>,
    /// `no_proxy`, cleaned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_proxy: Option<NoProxyList>,
    /// `IOTEDGE_GATEWAYHOSTNAME`: for edgeAgent since 1.2 its parent, for a module Edge Hub.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway_hostname: Option<String>,
    /// `IOTEDGE_PARENTHOSTNAME`: the parent device, in nested edge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_hostname: Option<String>,
    /// `EdgeDeviceHostName`: the device's own name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// `NetworkId`: the container network that edgeAgent puts modules on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// What cannot be understood, without its content.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

/// A container's place on one network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attachment {
    /// The network's name.
    pub network: String,
    /// The container's addresses there; none on the host's network.
    pub addresses: Vec<IpAddr>,
}

/// A host port that the engine forwards to a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublishedPort {
    /// The host's address; unspecified means all.
    pub address: IpAddr,
    /// The host's TCP port.
    pub host_port: u16,
    /// The container's TCP port.
    pub container_port: u16,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_on_all_addresses_is_on_none_of_its_own() {
        let published = |address: &str, host_port| PublishedPort {
            address: address.parse().unwrap(),
            host_port,
            container_port: 443,
        };
        let container = Container {
            published: vec![
                published("192.168.1.50", 443),
                published("192.168.1.50", 443),
                published("192.168.1.50", 8883),
                published("::", 8883),
            ],
            ..Container::default()
        };
        assert_eq!(container.addresses_of(443), ["192.168.1.50".parse::<IpAddr>().unwrap()]);
        assert_eq!(container.addresses_of(8883), [] as [IpAddr; 0]);
        assert_eq!(container.addresses_of(5671), [] as [IpAddr; 0]);
    }
}
