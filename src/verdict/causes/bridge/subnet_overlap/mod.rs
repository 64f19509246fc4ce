//! `subnet-overlap`: the bridge subnet covers an address that the device needs.

mod host;

use std::net::IpAddr;

use edgeprobe_facts::dns::Resolver;
use edgeprobe_facts::route::decision::{Flow, decide};
use edgeprobe_facts::route::edge::EdgeRouteFacts;
use edgeprobe_facts::route::overlap::{overlaps, swallowed};
use edgeprobe_facts::route::signature::MechanismKind;
use edgeprobe_facts::route::tables::Tables;
use edgeprobe_facts::route::vpn::vpn_of;
use edgeprobe_facts::{Facts, Observation, Role, Step, Vantage};

use crate::Effect;
use crate::attributes::{
    KeptOut, Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy,
};
use crate::catalogue::Text;
use crate::causes::bridge::edge::{about, at_each_edge, cut_off, hub_addresses};
use crate::evidence::{Answer, EdgeReading, Evidence};
use crate::rule::{Finding, Proof, Rule, refuted};
use crate::words::listed;

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Device,
    with_a_proxy: WithAProxy::OnTheHostsRoutes,
    applies_to_a_child: true,
    keeps_out: &[KeptOut::NoNetwork, KeptOut::CutOff],
    same_in_a_log: SameInALog::Cause,
    peer_in_a_log: PeerInALog::Any,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_about_a_vpn: false,
    ended_by: Party::Device,
    examine,
};

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let needs = Needs::from_evidence(evidence);
    let here = at_each_edge(evidence, |edge| examine_edge(edge, &needs));
    let proved = here.into_iter().partition(|finding| matches!(finding, Finding::Proved(_)));
    let (mut proved, here): (Vec<Finding>, Vec<Finding>) = proved;
    proved.extend(host::examine(evidence).into_iter().map(Finding::Proved));
    // A network that overlaps now comes before one that would.
    if !proved.is_empty() {
        return proved;
    }
    planned(evidence).map_or(here, Proof::alone)
}

/// The subnet of the runtime's future network overlaps a range that the engine does not check, or
/// one of the engine's own networks, which makes it refuse.
fn planned(evidence: &Evidence<'_>) -> Option<Proof> {
    let planned = evidence.planned_network()?;
    let prediction = planned.prediction?;
    let key = if planned.is_configured { "configured" } else { "planned" };
    let text =
        |key| Text::new(key).with("network", &planned.name).with("subnet", prediction.subnet);
    if let Some(other) = &planned.refused_for {
        let text = text("refused").with("other", other);
        return Some(Proof::confirmed(Effect::Blocks, text, planned.seen));
    }
    if prediction.conflicts.is_empty() {
        return None;
    }
    let text = text(key).with("address", listed(&prediction.conflicts));
    Some(Proof::confirmed(Effect::Warns, text, planned.seen))
}

/// What the device must reach, and what the host saw of it.
struct Needs<'o> {
    hub: Vec<IpAddr>,
    servers: Vec<IpAddr>,
    /// The proxy on Edge Agent's way.
    proxy: Vec<IpAddr>,
    /// The name servers' answers, which name both.
    answers: Vec<&'o Observation>,
    all: &'o [Observation],
}

impl<'o> Needs<'o> {
    fn from_evidence(evidence: &Evidence<'o>) -> Self {
        let answers: Vec<Answer<'o>> = evidence.host().answers(Role::Hub).collect();
        let server = |answer: &Answer<'o>| match answer.facts.resolver {
            Resolver::Server(address) => Some(address.ip()),
            Resolver::System => None,
        };
        Self {
            hub: hub_addresses(evidence),
            servers: answers.iter().filter_map(server).collect(),
            proxy: proxy_addresses(evidence),
            answers: answers.iter().map(|answer| answer.observation).collect(),
            all: evidence.all(),
        }
    }

    /// The observations that asked one of these addresses.
    fn asked_of(&self, addresses: &[IpAddr]) -> impl Iterator<Item = &'o Observation> {
        self.all.iter().filter(move |observation| {
            asked(&observation.facts).is_some_and(|address| addresses.contains(&address))
        })
    }

    /// Whether the host itself gets no answer there.
    fn is_lost_to_the_host(&self, address: IpAddr) -> bool {
        self.asked_of(&[address]).any(|seen| seen.vantage == Vantage::Host && seen.failed())
    }

    /// The addresses that containers look for on their own link, where they are not.
    fn covered(&self, edge: &EdgeReading<'_>, tables: &Tables) -> Vec<IpAddr> {
        let needed: Vec<IpAddr> =
            self.hub.iter().chain(&self.servers).chain(&self.proxy).copied().collect();
        let mut covered = swallowed(edge.network, &needed);
        // An address that the host reaches by the bridge is on it, for example a name server in a
        // container.
        covered.retain(|address| {
            let reached = self
                .asked_of(&[*address])
                .any(|seen| seen.vantage == Vantage::Host && !seen.failed());
            let way = decide(tables, &Flow::own(*address)).and_then(|decision| decision.route);
            !(reached && way.is_some_and(|route| route.leaves_by(&edge.network.bridge)))
        });
        covered
    }
}

/// The addresses of the proxy that Edge Agent goes by, as they were connected to.
fn proxy_addresses(evidence: &Evidence<'_>) -> Vec<IpAddr> {
    let views = evidence.views();
    let own = views.iter().flat_map(|view| {
        let via = view.way().via();
        via.map(|via| view.by(via, Role::Hub)).unwrap_or_default()
    });
    let mut addresses: Vec<IpAddr> =
        own.map(|connection| connection.facts.peer).filter(|peer| !peer.is_loopback()).collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

/// The address that a question was asked of.
fn asked(facts: &Facts) -> Option<IpAddr> {
    match facts {
        Facts::Dns(facts) => match facts.resolver {
            Resolver::Server(address) => Some(address.ip()),
            Resolver::System => None,
        },
        facts => facts.endpoint().map(|endpoint| endpoint.peer),
    }
}

fn examine_edge(edge: &EdgeReading<'_>, needs: &Needs<'_>) -> Vec<Finding> {
    let Some((seen, tables)) = edge.tables else { return Vec::new() };
    let covered = needs.covered(edge, tables);
    if !covered.is_empty() {
        return covers(edge, needs, &covered, seen).alone();
    }
    if let Some(proof) = shadowed(edge, needs, seen) {
        return proof.alone();
    }
    // A VPN's route inside the subnet belongs to the VPN's own cause.
    let others: Vec<String> = overlaps(tables, edge.network)
        .into_iter()
        .filter(|claim| {
            claim.interface.as_deref().is_none_or(|name| vpn_of(tables, name).is_none())
        })
        // A route for a wider range around the subnet is no conflict.
        .filter(|claim| edge.network.subnet.contains(&claim.network))
        .map(|claim| claim.network.to_string())
        .collect();
    if others.is_empty() {
        return refuted(about(edge, "apart"), [seen]);
    }
    let text = about(edge, "shares").with("address", listed(others));
    Proof::confirmed(Effect::Warns, text, [seen]).alone()
}

/// The proof that a route of the site's, no VPN's, lies inside the subnet and takes the answers for
/// containers away from the bridge.
fn shadowed(edge: &EdgeReading<'_>, needs: &Needs<'_>, tables: &Observation) -> Option<Proof> {
    if !edge.opened.is_empty() {
        return None;
    }
    let hub = needs.hub.first().copied()?;
    let shadow = edge.mechanisms(hub).into_iter().find(|mechanism| {
        mechanism.kind == MechanismKind::RouteShadowsSubnet && mechanism.vpn.is_none()
    })?;
    let led = |way: &EdgeRouteFacts| {
        way.back.interface().is_some() && way.back.interface() == shadow.interface.as_deref()
    };
    let (way, _) = edge.ways.iter().find(|(_, way)| led(way))?;
    let routes = shadow.routes.iter().map(|route| format!("`{route}`")).collect::<Vec<_>>();
    let text = about(edge, "shadowed")
        .with("routes", routes.join(", "))
        .with("interface", shadow.interface.as_deref().unwrap_or_default());
    Some(cut_off(edge, text).supported_by([*way, tables]))
}

/// The proof that these addresses lie inside the subnet. It blocks where no other address does the
/// same service, unless connections from the network show that they are not missed.
fn covers(
    edge: &EdgeReading<'_>,
    needs: &Needs<'_>,
    covered: &[IpAddr],
    tables: &Observation,
) -> Proof {
    let all_of = |addresses: &[IpAddr]| {
        !addresses.is_empty() && addresses.iter().all(|address| covered.contains(address))
    };
    let text = about(edge, "covers").with("address", listed(covered));
    let lost: Vec<&Observation> =
        needs.asked_of(covered).filter(|observation| observation.failed()).collect();
    // Containers do not look for a server that the engine asks from the host, but the host itself
    // may look for it on the bridge.
    let servers: Vec<IpAddr> = needs
        .servers
        .iter()
        .copied()
        .filter(|server| {
            edge.ways.iter().any(|(_, way)| way.destination == *server)
                || needs.is_lost_to_the_host(*server)
        })
        .collect();
    let not_missed = !edge.opened.is_empty()
        && edge.view.answers(Role::Hub).all(|answer| !answer.observation.failed());
    if not_missed || !(all_of(&needs.hub) || all_of(&servers) || all_of(&needs.proxy)) {
        let answers = needs.answers.iter().copied();
        return Proof::confirmed(Effect::Warns, text, [tables])
            .supported_by(answers)
            .explaining(lost);
    }
    let nameless = needs
        .all
        .iter()
        .filter(|observation| all_of(&servers) && observation.failed_step() == Some(Step::Resolve));
    cut_off(edge, text)
        .supported_by(needs.answers.iter().copied())
        .supported_by(lost.iter().copied().filter(|seen| seen.facts.endpoint().is_some()))
        .supported_by([tables])
        .explaining(lost)
        .explaining(nameless)
}
