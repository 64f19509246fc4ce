//! A network of the engine, as a report keeps it, and the choice of those that the runtime uses.

use std::net::IpAddr;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The network that the runtime makes for its modules unless its configuration names another.
pub const RUNTIME_NETWORK: &str = "azure-iot-edge";

/// The names of the network that containers join when they name none: Docker's, Podman's, and
/// Docker's on Windows.
pub const DEFAULT_NETWORKS: [&str; 3] = ["bridge", "podman", "nat"];

/// One network of the engine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Network {
    /// The hexadecimal digits of its id.
    pub id: String,
    pub name: String,
    /// Who carries it, e.g. `bridge`, `host`, `null`, `macvlan`, `nat`.
    pub driver: String,
    /// At most 16.
    pub subnets: Vec<NetworkSubnet>,
    /// The host's interface that is its bridge, e.g. `docker0` or `br-0123456789ab`; absent for
    /// other drivers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bridge: Option<String>,
    /// What the engine is configured to give its containers, in bytes; absent for the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
    /// Whether the engine translates its containers' addresses; absent for the default, which is to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub masquerade: Option<bool>,
    /// Whether its containers may talk to each other; absent for the default, which is that they may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inter_container: Option<bool>,
    /// Whether it is kept from the world outside.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub internal: bool,
    /// The addresses of the containers that run on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<IpAddr>,
}

/// One range of a network's addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NetworkSubnet {
    #[schemars(with = "String")]
    pub subnet: IpNet,
    /// The host's own address on the network; for a bridge that was given none, the one that the
    /// engine takes by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<IpAddr>,
}

impl Network {
    /// Whether it is the network that a container joins when it names none.
    pub fn is_default(&self) -> bool {
        matches!(self.driver.as_str(), "bridge" | "nat")
            && DEFAULT_NETWORKS.contains(&self.name.as_str())
    }

    /// Whether its containers have IPv6 addresses.
    pub fn has_ipv6(&self) -> bool {
        self.subnets.iter().any(|range| matches!(range.subnet, IpNet::V6(_)))
    }
}

/// The networks that the runtime uses, where they exist: the one of this name, else
/// [`RUNTIME_NETWORK`], and after it the default bridge.
///
/// Before the runtime is installed the default bridge stands in for the other.
pub fn edge_networks<'a>(networks: &'a [Network], name: Option<&str>) -> Vec<&'a Network> {
    let name = name.unwrap_or(RUNTIME_NETWORK);
    let own = networks.iter().find(|network| network.name == name);
    let default = networks.iter().find(|network| network.is_default() && network.name != name);
    own.into_iter().chain(default).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(networks: &[(&str, &str)], name: Option<&str>) -> Vec<String> {
        let networks: Vec<_> = networks
            .iter()
            .map(|(name, driver)| Network {
                name: (*name).to_owned(),
                driver: (*driver).to_owned(),
                ..Network::default()
            })
            .collect();
        edge_networks(&networks, name).into_iter().map(|network| network.name.clone()).collect()
    }

    #[test]
    fn the_runtime_s_network_comes_before_the_default_bridge() {
        let all = [
            ("bridge", "bridge"),
            ("host", "host"),
            ("none", "null"),
            ("site", "bridge"),
            (RUNTIME_NETWORK, "bridge"),
        ];
        assert_eq!(names(&all, None), [RUNTIME_NETWORK, "bridge"]);
        assert_eq!(names(&all, Some("site")), ["site", "bridge"]);
        assert_eq!(names(&all, Some("bridge")), ["bridge"]);
    }

    #[test]
    fn the_default_bridge_stands_in_before_the_runtime_is_installed() {
        assert_eq!(names(&[("bridge", "bridge"), ("host", "host")], None), ["bridge"]);
        assert_eq!(names(&[("podman", "bridge")], None), ["podman"]);
        assert_eq!(names(&[("nat", "nat")], None), ["nat"]);
        assert!(names(&[("nat", "macvlan")], None).is_empty());
    }
}
