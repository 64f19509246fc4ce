//! `address-pool-exhausted`: the engine can create no network.

use edgeprobe_probes::dns::Resolver;
use edgeprobe_probes::engine::{Claim, RUNTIME_NETWORK, predict_subnet};
use edgeprobe_probes::route::tables::{MAIN_TABLE, RouteKind};
use edgeprobe_probes::{Facts, Outcome, Probe, Role};
use ipnet::IpNet;

use crate::verdict::Effect;
use crate::verdict::catalogue::Text;
use crate::verdict::cause::CauseId;
use crate::verdict::evidence::Evidence;
use crate::verdict::rule::{Finding, Proof, Rule, refuted};

pub(super) const RULE: Rule = Rule { id: CauseId::AddressPoolExhausted, examine };

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let host = evidence.host();
    let engine = host.of(Probe::Engine).find(|observation| observation.outcome == Outcome::Pass);
    let (Some(seen), Some((routes_seen, tables))) = (engine, evidence.tables()) else {
        return Vec::new();
    };
    let Facts::Engine(facts) = &seen.facts else { return Vec::new() };
    // The runtime has its network already, so the engine need not make one.
    if facts.networks.iter().any(|network| network.name == RUNTIME_NETWORK) {
        return Vec::new();
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
    if let Some(prediction) = predict_subnet(&facts.address_pools(), &networks, &claims) {
        return refuted(Text::new("free").with("subnet", prediction.subnet), [seen, routes_seen]);
    }
    let text = Text::new("none").with("network", RUNTIME_NETWORK);
    Proof::confirmed(Effect::Blocks, text, [seen, routes_seen]).alone()
}
