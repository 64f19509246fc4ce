//! `host-offline`: the host itself has no route out.

use edgeprobe_probes::Observation;
use edgeprobe_probes::route::RouteFacts;

use super::shared::{controls, lost_on_the_way, observations};
use crate::verdict::Effect;
use crate::verdict::catalogue::Text;
use crate::verdict::cause::CauseId;
use crate::verdict::evidence::{Connection, Evidence};
use crate::verdict::rule::{Finding, Proof, Rule, refuted};
use crate::verdict::told;

pub(super) const RULE: Rule = Rule { id: CauseId::HostOffline, examine };

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let host = evidence.host();
    let mut connections = host.hub();
    connections.extend(controls(&host));
    // A proxy on the device's own link says nothing of the way beyond it.
    connections.extend(host.by_the_way_s_proxy().into_iter().filter(|c| !host.is_on_link(c)));
    connections.retain(Connection::connected);
    if !connections.is_empty() {
        return refuted(Text::new("connected"), observations(&connections).into_iter().take(1));
    }

    let routes = host.ways_out();
    let no_way: Vec<&Observation> =
        routes.iter().filter(|(route, _)| route.failed()).map(|(route, _)| *route).collect();
    if !routes.is_empty() && no_way.len() == routes.len() {
        let why = no_way.first().and_then(|route| told::failure(route));
        let text =
            why.into_iter().fold(Text::new("no_route"), |text, why| text.with("failure", why));
        return Proof::confirmed(Effect::Blocks, text, no_way)
            .explaining(lost_on_the_way(evidence))
            .alone();
    }

    let dead: Vec<(&Observation, &RouteFacts)> =
        routes.iter().copied().filter(|(_, facts)| facts.gateway_answers == Some(false)).collect();
    match dead.first() {
        Some((route, facts)) => {
            let text = Text::new("dead_gateway")
                .with("gateway", facts.gateway.map(|ip| ip.to_string()).unwrap_or_default())
                .with("interface", facts.interface.as_deref().unwrap_or("?"));
            Proof::confirmed(Effect::Blocks, text, [*route])
                .explaining(lost_on_the_way(evidence))
                .alone()
        }
        None => Vec::new(),
    }
}
