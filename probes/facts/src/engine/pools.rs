//! Which subnet would the engine choose for a new network?

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts::{EngineFacts, EngineKind};
use super::settings::AddressPool;

/// Docker's pools when none are configured (moby, daemon/libnetwork/ipamutils).
const DOCKER: [([u8; 4], u8, u8); 7] = [
    ([172, 17, 0, 0], 16, 16),
    ([172, 18, 0, 0], 16, 16),
    ([172, 19, 0, 0], 16, 16),
    ([172, 20, 0, 0], 14, 16),
    ([172, 24, 0, 0], 14, 16),
    ([172, 28, 0, 0], 14, 16),
    ([192, 168, 0, 0], 16, 20),
];

/// Podman's pools when none are configured (containers.conf(5), `default_subnet_pools`).
const PODMAN: [([u8; 4], u8, u8); 5] = [
    ([10, 89, 0, 0], 16, 24),
    ([10, 90, 0, 0], 15, 24),
    ([10, 92, 0, 0], 14, 24),
    ([10, 96, 0, 0], 11, 24),
    ([10, 128, 0, 0], 9, 24),
];

/// Addresses that something on this host already uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    pub network: IpNet,
    /// Whether the engine looks for it, and keeps away from it, when it chooses.
    pub avoided: bool,
}

impl Claim {
    /// The claim of a name server of the host's resolv.conf, which every engine keeps away from.
    pub fn from_name_server(address: IpAddr) -> Self {
        Self { network: address.into(), avoided: true }
    }
}

/// The subnet that a new network would get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Prediction {
    #[schemars(with = "String")]
    pub subnet: IpNet,
    /// What on this host claims addresses of it without the engine's noticing.
    #[schemars(with = "Vec<String>")]
    pub conflicts: Vec<IpNet>,
}

impl EngineFacts {
    /// The pools that the engine cuts subnets from, in the order in which it tries them.
    pub fn address_pools(&self) -> Vec<AddressPool> {
        let mut pools = self.settings.default_address_pools.clone();
        if pools.is_empty() {
            return match self.kind {
                Some(EngineKind::Podman) => PODMAN.into_iter().filter_map(pool).collect(),
                Some(EngineKind::Docker) | None => DOCKER.into_iter().filter_map(pool).collect(),
            };
        }
        // Since 27 the engine sorts them; before, it keeps the order of its file.
        if !self.is_docker_before(27) {
            pools.sort_by_key(|pool| pool.base);
        }
        pools
    }

    /// The claim of a route of the host's main table; `on_link` when it has no gateway.
    ///
    /// Docker keeps away from on-link routes only (moby/libnetwork#2656, in 20.10.24 at the latest),
    /// before 20 from all. It never counts a default route. Podman looks at no route.
    pub fn claim_of_route(&self, destination: IpNet, on_link: bool) -> Claim {
        let looks_at_it = on_link || self.is_docker_before(20);
        let avoided = !self.is_podman() && destination.prefix_len() > 0 && looks_at_it;
        Claim { network: destination, avoided }
    }

    /// The claim of an interface's address and the subnet that it is in; none where the engine goes
    /// by routes.
    ///
    /// Podman keeps away from these alone (containers/common, libnetwork/util: `net.InterfaceAddrs`).
    pub fn claim_of_address(&self, network: IpNet) -> Option<Claim> {
        self.is_podman().then(|| Claim { network: network.trunc(), avoided: true })
    }

    fn is_podman(&self) -> bool {
        self.kind == Some(EngineKind::Podman)
    }
}

/// The subnet that the engine would choose for a new IPv4 network: the first of its pools that
/// shares no address with its networks or with what it avoids. `None` when the pools are used up.
///
/// Docker before 27 goes on from the last subnet that it gave, so that one that has removed
/// networks since it started may choose a later one.
pub fn predict_subnet(
    pools: &[AddressPool],
    networks: &[IpNet],
    claims: &[Claim],
) -> Option<Prediction> {
    let avoided = claims.iter().filter(|claim| claim.avoided).map(|claim| claim.network);
    let taken: Vec<Ipv4Net> = networks.iter().copied().chain(avoided).filter_map(ipv4).collect();
    let subnet = pools.iter().find_map(|pool| first_free(ipv4(pool.base)?, pool.size, &taken))?;

    let mut conflicts: Vec<IpNet> = claims
        .iter()
        // A default route or the half of one claims nothing in particular.
        .filter(|claim| !claim.avoided && claim.network.prefix_len() > 1)
        .filter(|claim| ipv4(claim.network).is_some_and(|network| overlap(network, subnet)))
        .map(|claim| claim.network)
        .collect();
    conflicts.sort_unstable();
    conflicts.dedup();
    Some(Prediction { subnet: subnet.into(), conflicts })
}

/// The first subnet of this size in the pool that is free.
fn first_free(pool: Ipv4Net, size: u8, taken: &[Ipv4Net]) -> Option<Ipv4Net> {
    if size < pool.prefix_len() || size > 32 {
        return None;
    }
    let step = 1_u64 << (32 - size);
    let mut start = u64::from(u32::from(pool.network()));
    while start + step <= end(pool) {
        let address = Ipv4Addr::from(u32::try_from(start).ok()?);
        let candidate = Ipv4Net::new(address, size).ok()?;
        // A pool may hold millions of subnets, so each obstacle is skipped in one step.
        match taken
            .iter()
            .filter(|other| overlap(**other, candidate))
            .map(|other| end(*other))
            .max()
        {
            None => return Some(candidate),
            Some(past) => start = past.next_multiple_of(step),
        }
    }
    None
}

/// The number of the address after the last.
fn end(network: Ipv4Net) -> u64 {
    u64::from(u32::from(network.broadcast())) + 1
}

fn overlap(one: Ipv4Net, other: Ipv4Net) -> bool {
    one.contains(&other) || other.contains(&one)
}

fn ipv4(network: IpNet) -> Option<Ipv4Net> {
    match network {
        IpNet::V4(network) => Some(network.trunc()),
        IpNet::V6(_) => None,
    }
}

fn pool((base, prefix, size): ([u8; 4], u8, u8)) -> Option<AddressPool> {
    Some(AddressPool { base: Ipv4Net::new(base.into(), prefix).ok()?.into(), size })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::EngineSettings;

    fn nets(texts: &[&str]) -> Vec<IpNet> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn docker(version: &str) -> EngineFacts {
        EngineFacts {
            version: Some(version.to_owned()),
            kind: Some(EngineKind::Docker),
            ..EngineFacts::default()
        }
    }

    /// What an engine predicts with these networks and these routes, on-link or by a gateway.
    fn predict(engine: &EngineFacts, networks: &[&str], on_link: &[&str], via: &[&str]) -> String {
        let claims = nets(on_link)
            .into_iter()
            .map(|route| engine.claim_of_route(route, true))
            .chain(nets(via).into_iter().map(|route| engine.claim_of_route(route, false)))
            .collect::<Vec<_>>();
        predict_subnet(&engine.address_pools(), &nets(networks), &claims)
            .map_or_else(|| "exhausted".to_owned(), |prediction| prediction.subnet.to_string())
    }

    #[test]
    fn the_first_free_subnet_is_taken() {
        let engine = docker("27.3.1");
        assert_eq!(predict(&engine, &[], &[], &[]), "172.17.0.0/16");
        assert_eq!(predict(&engine, &["172.17.0.0/16"], &[], &[]), "172.18.0.0/16");
        assert_eq!(
            predict(&engine, &["172.17.0.0/16", "172.19.0.0/16"], &["172.18.4.0/24"], &[]),
            "172.20.0.0/16"
        );
    }

    #[test]
    fn within_the_last_pool_the_subnets_are_smaller() {
        let engine = docker("27.3.1");
        let all = ["172.16.0.0/12"];
        assert_eq!(predict(&engine, &all, &[], &[]), "192.168.0.0/20");
        assert_eq!(predict(&engine, &all, &["192.168.1.0/24"], &[]), "192.168.16.0/20");
        let claims = ["192.168.0.0/18", "192.168.70.0/24"];
        assert_eq!(predict(&engine, &all, &claims, &[]), "192.168.80.0/20");
    }

    #[test]
    fn two_halves_of_everything_exhaust_the_pools() {
        let halves = ["0.0.0.0/1", "128.0.0.0/1"];
        assert_eq!(predict(&docker("27.3.1"), &[], &halves, &[]), "exhausted");
        // By a gateway only old engines mind.
        assert_eq!(predict(&docker("19.03.12+azure"), &[], &[], &halves), "exhausted");
        assert_eq!(predict(&docker("20.10.24+dfsg1"), &[], &[], &halves), "172.17.0.0/16");
    }

    #[test]
    fn a_default_route_claims_nothing() {
        for version in ["20.10.24", "28.0.1"] {
            assert_eq!(predict(&docker(version), &[], &["0.0.0.0/0"], &[]), "172.17.0.0/16");
        }
    }

    #[test]
    fn what_the_engine_does_not_look_at_is_a_conflict() {
        let engine = docker("27.3.1");
        let claims: Vec<_> = nets(&["172.16.0.0/12", "10.0.0.0/8", "0.0.0.0/1", "0.0.0.0/0"])
            .into_iter()
            .map(|route| engine.claim_of_route(route, false))
            .collect();
        let prediction = predict_subnet(&engine.address_pools(), &[], &claims).unwrap();
        assert_eq!(prediction.subnet.to_string(), "172.17.0.0/16");
        assert_eq!(prediction.conflicts, nets(&["172.16.0.0/12"]));
    }

    #[test]
    fn a_name_server_is_avoided() {
        let engine = docker("27.3.1");
        let claim = Claim::from_name_server("172.17.0.10".parse().unwrap());
        let prediction = predict_subnet(&engine.address_pools(), &[], &[claim]).unwrap();
        assert_eq!(prediction.subnet.to_string(), "172.18.0.0/16");
    }

    #[test]
    fn configured_pools_replace_the_engine_s_own() {
        let settings = EngineSettings {
            default_address_pools: vec![
                AddressPool { base: "10.200.0.0/16".parse().unwrap(), size: 24 },
                AddressPool { base: "10.100.0.0/23".parse().unwrap(), size: 24 },
            ],
            ..EngineSettings::default()
        };
        let old = EngineFacts { settings, ..docker("26.1.0") };
        assert_eq!(predict(&old, &["10.200.0.0/24"], &[], &[]), "10.200.1.0/24");
        let new = EngineFacts { version: Some("27.0.0".to_owned()), ..old };
        assert_eq!(predict(&new, &["10.100.0.0/24"], &[], &[]), "10.100.1.0/24");
        assert_eq!(predict(&new, &["10.100.0.0/23"], &[], &[]), "10.200.0.0/24");
        assert_eq!(predict(&new, &["10.0.0.0/8"], &[], &[]), "exhausted");
    }

    #[test]
    fn a_pool_of_millions_of_subnets_is_searched_at_once() {
        let settings = EngineSettings {
            default_address_pools: vec![AddressPool {
                base: "0.0.0.0/0".parse().unwrap(),
                size: 32,
            }],
            ..EngineSettings::default()
        };
        let engine = EngineFacts { settings, ..docker("27.0.0") };
        let taken = ["0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3", "224.0.0.0/4", "240.0.0.0/5"];
        assert_eq!(predict(&engine, &taken, &[], &[]), "248.0.0.0/32");
    }

    #[test]
    fn a_pool_that_makes_no_sense_gives_nothing() {
        for (base, size) in [("10.0.0.0/16", 8), ("10.0.0.0/16", 200), ("fd00::/48", 64)] {
            let pool = AddressPool { base: base.parse().unwrap(), size };
            assert_eq!(predict_subnet(&[pool], &[], &[]), None);
        }
    }

    #[test]
    fn podman_has_pools_of_its_own() {
        let engine = EngineFacts { kind: Some(EngineKind::Podman), ..docker("4.9.3") };
        assert_eq!(predict(&engine, &["10.88.0.0/16"], &[], &[]), "10.89.0.0/24");
    }

    #[test]
    fn podman_keeps_away_from_addresses_and_from_no_route() {
        let engine = EngineFacts { kind: Some(EngineKind::Podman), ..docker("4.9.3") };
        let halves = ["0.0.0.0/1", "128.0.0.0/1"];
        assert_eq!(predict(&engine, &[], &halves, &[]), "10.89.0.0/24");
        let claim = engine.claim_of_address("10.89.0.7/23".parse().unwrap()).unwrap();
        let prediction = predict_subnet(&engine.address_pools(), &[], &[claim]).unwrap();
        assert_eq!(prediction.subnet.to_string(), "10.89.2.0/24");
        // Docker knows an address by its route.
        assert_eq!(docker("27.3.1").claim_of_address("10.89.0.7/23".parse().unwrap()), None);
    }
}
