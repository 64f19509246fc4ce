//! What else on this host claims addresses of an edge network's subnet.

use std::net::IpAddr;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::edge::EdgeNetwork;
use super::tables::{RouteKind, Tables};

/// A claim to addresses of the subnet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Overlap {
    /// What is claimed.
    #[schemars(with = "String")]
    pub network: IpNet,
    /// The interface that claims it; `None` for a route that rejects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    pub by: Claim,
}

/// How it is claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// By an address of this host and its network.
    Address,
    /// By a route.
    Route,
}

/// Every address and route of other interfaces that shares addresses with the network's subnet.
///
/// Default routes and the halves of one are not counted: they claim nothing in particular.
pub fn overlaps(tables: &Tables, network: &EdgeNetwork) -> Vec<Overlap> {
    let addresses = tables.addresses.iter().filter(|address| address.interface != network.bridge);
    let addresses = addresses.map(|address| Overlap {
        network: address.network.trunc(),
        interface: Some(address.interface.clone()),
        by: Claim::Address,
    });
    let routes = tables.routes.iter().filter(|route| {
        // A host's own addresses are counted as addresses.
        !route.leaves_by(&network.bridge)
            && !matches!(route.kind, RouteKind::Local | RouteKind::Throw)
            && route.destination.prefix_len() > 1
    });
    let routes = routes.map(|route| Overlap {
        network: route.destination,
        interface: route.interface().map(str::to_owned),
        by: Claim::Route,
    });
    addresses.chain(routes).filter(|claim| shares(claim.network, network.subnet)).collect()
}

/// Those of the addresses that lie inside the subnet, so that a container would look for them on
/// its own link.
pub fn swallowed(network: &EdgeNetwork, addresses: &[IpAddr]) -> Vec<IpAddr> {
    let own = |address: &IpAddr| network.gateway == Some(*address);
    let inside = addresses.iter().filter(|address| network.subnet.contains(*address));
    inside.filter(|address| !own(address)).copied().collect()
}

fn shares(one: IpNet, other: IpNet) -> bool {
    one.contains(&other) || other.contains(&one)
}

#[cfg(test)]
mod tests {
    use super::super::tables::LinkKind;
    use super::super::testing::{device, edge_network};
    use super::*;

    #[test]
    fn networks_above_and_below_the_subnet_are_claims_and_defaults_are_not() {
        let routes = ["172.16.0.0/12 dev tun0", "172.18.5.0/24 dev tun0", "0.0.0.0/1 dev tun0"];
        let tables = device(&[("tun0", LinkKind::Tun)], &routes, &[]);
        let found = overlaps(&tables, &edge_network());
        let networks: Vec<_> = found.iter().map(|claim| claim.network.to_string()).collect();
        assert_eq!(networks, ["172.16.0.0/12", "172.18.5.0/24"]);
        assert!(found.iter().all(|claim| claim.interface.as_deref() == Some("tun0")));
    }

    #[test]
    fn an_address_that_a_container_would_seek_on_its_own_link_is_swallowed() {
        let needed = ["172.18.9.9", "172.18.0.1", "10.0.0.1"].map(|text| text.parse().unwrap());
        assert_eq!(swallowed(&edge_network(), &needed), [needed[0]]);
    }
}
