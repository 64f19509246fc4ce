//! The network that the engine has still to make for the runtime.

use edgeprobe_facts::dns::Resolver;
use edgeprobe_facts::engine::{
    Claim, EngineFacts, Network, NetworkSubnet, Prediction, RUNTIME_NETWORK, predict_subnet,
};
use edgeprobe_facts::route::tables::{MAIN_TABLE, RouteKind, Tables};
use edgeprobe_facts::{Facts, Observation, Outcome, Probe, Role, clean};
use ipnet::IpNet;

use super::Evidence;

/// What the engine would do if it had to make the runtime's network now.
pub(crate) struct PlannedNetwork<'o> {
    pub(crate) name: String,
    /// The engine's settings and networks, the host's routes, and the configuration that gives the
    /// subnet.
    pub(crate) seen: Vec<&'o Observation>,
    /// The subnet that it would have; none when no pool is left.
    pub(crate) prediction: Option<Prediction>,
    /// Whether the configuration gives the subnet, so that the engine searches no pool.
    pub(crate) is_configured: bool,
    /// The engine's network that has addresses of the configured subnet: the engine refuses it.
    pub(crate) refused_for: Option<String>,
}

impl<'o> Evidence<'o> {
    /// The runtime's network that is to come; none where it is there, or where the engine or the
    /// routes could not be seen.
    pub(crate) fn planned_network(&self) -> Option<PlannedNetwork<'o>> {
        let host = self.host();
        let engine = host.of(Probe::Engine).find(|seen| seen.outcome == Outcome::Pass)?;
        let (routes_seen, tables) = self.tables()?;
        let Facts::Engine(facts) = &engine.facts else { return None };
        let name = self.target.network.as_deref().unwrap_or(RUNTIME_NETWORK);
        if facts.networks.iter().any(|network| network.name == name) {
            return None;
        }
        let claims = self.claims(facts, tables);
        let mut planned = PlannedNetwork {
            name: clean::line(name, 64),
            seen: vec![engine, routes_seen],
            prediction: None,
            is_configured: false,
            refused_for: None,
        };
        if let Some((seen, subnet)) = self.configured_subnet(name) {
            planned.seen.push(seen);
            planned.is_configured = true;
            planned.refused_for = holder(&facts.networks, subnet);
            planned.prediction = Some(given(subnet, &claims));
        } else {
            let taken = facts.networks.iter().flat_map(|network| &network.subnets);
            let taken: Vec<IpNet> = taken.map(|range| range.subnet).collect();
            planned.prediction = predict_subnet(&facts.address_pools(), &taken, &claims);
        }
        Some(planned)
    }

    /// The addresses that are in use on this device, and which of them the engine heeds.
    fn claims(&self, engine: &EngineFacts, tables: &Tables) -> Vec<Claim> {
        let host = self.host();
        let routes = tables
            .routes
            .iter()
            .filter(|route| route.table == MAIN_TABLE && route.kind == RouteKind::Unicast)
            .filter(|route| route.destination.addr().is_ipv4())
            .map(|route| {
                let on_link = route.hops.iter().all(|hop| hop.gateway.is_none());
                engine.claim_of_route(route.destination, on_link)
            });
        let servers = host.answers(Role::Hub).filter_map(|answer| match answer.facts.resolver {
            Resolver::Server(address) => Some(Claim::from_name_server(address.ip())),
            Resolver::System => None,
        });
        let hub = host.hub_addresses();
        let hub = hub.into_iter().map(|address| Claim { network: address.into(), avoided: false });
        let addresses = tables.addresses.iter().filter(|own| own.network.addr().is_ipv4());
        let addresses = addresses.filter_map(|own| engine.claim_of_address(own.network));
        routes.chain(addresses).chain(servers).chain(hub).collect()
    }

    /// The subnet that the configuration gives this network.
    fn configured_subnet(&self, name: &str) -> Option<(&'o Observation, IpNet)> {
        self.all().iter().find_map(|seen| {
            let Facts::Runtime(facts) = &seen.facts else { return None };
            let own = facts.network.as_ref().map_or(RUNTIME_NETWORK, |own| own.value.as_str());
            let subnet = facts.subnet.as_ref().filter(|_| own == name)?;
            Some((seen, subnet.value.trunc()))
        })
    }
}

/// The network that has addresses of this subnet.
fn holder(networks: &[Network], subnet: IpNet) -> Option<String> {
    let shares = |range: &NetworkSubnet| {
        range.subnet.contains(&subnet) || subnet.contains(&range.subnet.trunc())
    };
    let holder = networks.iter().find(|network| network.subnets.iter().any(shares))?;
    Some(clean::line(&holder.name, 64))
}

/// A subnet that the configuration gives. The engine compares it with its own networks alone. A
/// wider range around it was chosen with it, so only ranges inside it conflict.
fn given(subnet: IpNet, claims: &[Claim]) -> Prediction {
    let inside = claims.iter().map(|claim| claim.network).filter(|claim| subnet.contains(claim));
    let mut conflicts: Vec<IpNet> = inside.collect();
    conflicts.sort_unstable();
    conflicts.dedup();
    Prediction { subnet, conflicts }
}
