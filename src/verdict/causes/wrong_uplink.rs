//! `wrong-uplink`: the default route leaves by a dead interface while another works.

use edgeprobe_probes::endpoint::Detour;
use edgeprobe_probes::route::tables::Tables;
use edgeprobe_probes::{Facts, Observation, Role, Step};

use super::shared::{failures, observations, those};
use crate::verdict::Effect;
use crate::verdict::catalogue::Text;
use crate::verdict::cause::CauseId;
use crate::verdict::evidence::{Connection, Evidence, View};
use crate::verdict::rule::{Finding, Proof, Rule, refuted};

pub(super) const RULE: Rule = Rule { id: CauseId::WrongUplink, examine };

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let host = evidence.host();
    let connections = host.hub();
    let opened = those(&connections, Connection::connected);
    if !opened.is_empty() {
        return refuted(Text::new("connected"), observations(&opened).into_iter().take(1));
    }
    let by_another: Vec<Connection<'_>> = host
        .connections(Role::Detour)
        .filter(|c| matches!(c.facts.detour, Some(Detour::Interface(_))) && c.connected())
        .collect();
    let Some(Detour::Interface(working)) = by_another.first().and_then(|c| c.facts.detour.clone())
    else {
        return Vec::new();
    };
    let dead = preferred_interface(&host).unwrap_or_else(|| "the preferred interface".to_owned());
    let text = Text::new("dead").with("interface", &working).with("dead", dead);
    let gateway = evidence.tables().and_then(|(_, tables)| gateway_of(tables, &working));
    let text = gateway.into_iter().fold(text, |text, gateway| text.with("gateway", gateway));
    Proof::confirmed(Effect::Blocks, text, observations(&connections))
        .supported_by(observations(&by_another))
        .explaining(failures(&host.connections(Role::Control).collect::<Vec<_>>()))
        .explaining(host.all().filter(|o| o.failed_step() == Some(Step::Route)))
        .with_detail("interface", working)
        .alone()
}

/// The interface that the kernel sends by when nobody says otherwise.
fn preferred_interface(host: &View<'_>) -> Option<String> {
    let hub = host.hub_addresses();
    host.all().find_map(|observation: &Observation| match &observation.facts {
        Facts::Route(facts) if hub.contains(&facts.destination) => facts.interface.clone(),
        _ => None,
    })
}

fn gateway_of(tables: &Tables, interface: &str) -> Option<std::net::IpAddr> {
    let mut routes = tables.routes.iter().filter(|route| route.interface() == Some(interface));
    routes.find_map(|route| route.hops.iter().find_map(|hop| hop.gateway))
}
