//! The network that the engine has still to make for the runtime.

use edgeprobe_probes::dns::Resolver;
use edgeprobe_probes::engine::{Claim, Prediction, RUNTIME_NETWORK, predict_subnet};
use edgeprobe_probes::route::tables::{MAIN_TABLE, RouteKind};
use edgeprobe_probes::{Facts, Observation, Outcome, Probe, Role};
use ipnet::IpNet;

use super::Evidence;

/// What the engine would do if it had to make the runtime's network now.
pub(in crate::verdict) struct PlannedNetwork<'o> {
    /// The engine's settings and networks, and the host's routes.
    pub(in crate::verdict) seen: [&'o Observation; 2],
    /// The subnet that it would choose; none when no pool is left.
    pub(in crate::verdict) prediction: Option<Prediction>,
}

impl<'o> Evidence<'o> {
    /// The runtime's network that is to come; none where it is there, or where the engine or the
    /// routes could not be seen.
    pub(in crate::verdict) fn planned_network(&self) -> Option<PlannedNetwork<'o>> {
        let host = self.host();
        let engine = host.of(Probe::Engine).find(|seen| seen.outcome == Outcome::Pass)?;
        let (routes_seen, tables) = self.tables()?;
        let Facts::Engine(facts) = &engine.facts else { return None };
        if facts.networks.iter().any(|network| network.name == RUNTIME_NETWORK) {
            return None;
        }
        let networks: Vec<IpNet> =
            facts.networks.iter().flat_map(|network| &network.subnets).map(|s| s.subnet).collect();
        let mut claims: Vec<Claim> = tables
            .routes
            .iter()
            .filter(|route| route.table == MAIN_TABLE && route.kind == RouteKind::Unicast)
            .filter(|route| route.destination.addr().is_ipv4())
            .map(|route| {
                let on_link = route.hops.iter().all(|hop| hop.gateway.is_none());
                facts.claim_of_route(route.destination, on_link)
            })
            .collect();
        claims.extend(host.answers(Role::Hub).filter_map(|answer| match answer.facts.resolver {
            Resolver::Server(address) => Some(Claim::of_name_server(address.ip())),
            Resolver::System => None,
        }));
        let prediction = predict_subnet(&facts.address_pools(), &networks, &claims);
        Some(PlannedNetwork { seen: [engine, routes_seen], prediction })
    }
}
