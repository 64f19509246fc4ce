//! `dns-container-failure`: the host resolves, containers on the edge network do not.

use edgeprobe_facts::dns::Resolver;
use edgeprobe_facts::{Observation, Role, Token};

use super::containers::ContainersNames;
use crate::attributes::{Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy};
use crate::catalogue::{Text, Word};
use crate::causes::bridge::edge::{about, at_each_edge, hub_addresses};
use crate::causes::shared::{observations, those};
use crate::evidence::{Answer, Connection, EdgeReading, Evidence, View};
use crate::rule::{Finding, Proof, Rule, refuted};
use crate::translation;
use crate::words::listed;
use crate::{Confidence, Effect};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Hub,
    with_a_proxy: WithAProxy::OnTheDirectWay,
    applies_to_a_child: true,
    keeps_out: &[],
    same_in_a_log: SameInALog::Cause,
    peer_in_a_log: PeerInALog::Any,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_about_a_vpn: false,
    ended_by: Party::Device,
    examine,
};

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    if hub_addresses(evidence).is_empty() {
        // The host resolves nothing either, and that fault comes first.
        return Vec::new();
    }
    let host = evidence.host();
    let found = at_each_edge(evidence, |edge| {
        let hub = &evidence.target.hub;
        match ContainersNames::from_edge(evidence, edge) {
            ContainersNames::Answered(answered) => elsewhere(edge, &host, hub)
                .map_or_else(|| refuted(about(edge, "answered"), answered), Proof::alone),
            ContainersNames::Failing(answers) => {
                failing((evidence, edge), &host, hub, &answers).alone()
            }
            ContainersNames::NotAsked
            | ContainersNames::CutOff
            | ContainersNames::BehindAVpn(_) => Vec::new(),
        }
    });
    if found.is_empty() { not_inherited(&host, &evidence.target.hub) } else { found }
}

/// The proof that the network's resolvers fail while its packets pass.
fn failing<'o>(
    (evidence, edge): (&Evidence<'_>, &EdgeReading<'o>),
    host: &View<'o>,
    hub: &str,
    answers: &[Answer<'o>],
) -> Proof {
    // Only a connection shows that packets pass at all.
    let confidence =
        if edge.opened.is_empty() { Confidence::Likely } else { Confidence::Confirmed };
    // The container's own resolver is known by the servers that it asks.
    let asked: Vec<Answer<'_>> = edge.view.answers(Role::Hub).filter(is_a_server).collect();
    let asked = if asked.is_empty() { answers } else { &asked };
    let servers: Vec<Word> = asked.iter().map(Answer::server).collect();
    let silent = answers.iter().all(|it| it.observation.token() == Some(Token::DnsTimeout));
    let pinned = pinned_on_the_host(host);
    let denied = answers.iter().all(Answer::denies);
    let set = edge.own_name_servers(evidence);
    let variant = match (silent, denied && !pinned.is_empty()) {
        _ if edge.module().is_some() && !set.is_empty() => "module_dns",
        _ if !set.is_empty() => "agent_dns",
        _ if edge.module().is_some() => "module",
        (true, _) if edge.view.answer_for_another(answers) => "silent_zone",
        (true, _) => "silent",
        (false, true) => "hosts_file",
        (false, false) => "failing",
    };
    let mut failures = answers.iter().filter_map(|answer| translation::failure(answer.observation));
    let text: Text = about(edge, variant).with("hub", hub).with("resolver", listed(servers));
    let text = text.with_any("failure", failures.next());
    let text = text.with("module", edge.module().unwrap_or("edgeAgent")).with("set", listed(&set));
    let controls = edge.view.answers(Role::Control).map(|answer| answer.observation);
    let proxies = edge.view.answers(Role::Proxy).filter(|answer| !answer.denies());
    let proxies = proxies.map(|answer| answer.observation).filter(|proxy| proxy.failed());
    let others = edge.view.answers(Role::Hub).map(|answer| answer.observation);
    Proof::confirmed(Effect::Blocks, text, answers.iter().map(|answer| answer.observation))
        .with_confidence(confidence)
        .explaining(others.filter(|other| other.failed()))
        .explaining(controls.filter(|control| control.failed()))
        .explaining(proxies)
        .explaining(denials(host).filter(|_| !pinned.is_empty()))
        .explaining(
            edge.failures()
                .into_iter()
                .filter(|failure| failure.probe() == edgeprobe_facts::Probe::EdgeRoute),
        )
}

fn is_a_server(answer: &Answer<'_>) -> bool {
    answer.facts.resolver != Resolver::System
}

/// Containers get other addresses than the host, and the hub works only at the host's: their name
/// servers do not see the same zone.
fn elsewhere<'o>(edge: &EdgeReading<'o>, host: &View<'o>, hub: &str) -> Option<Proof> {
    let (theirs, own) = (edge.view.hub_addresses(), host.hub_addresses());
    let used = |view: &View<'_>| {
        let mut tested = view.transports().iter().filter_map(|transport| view.works(*transport));
        let first = tested.next()?;
        Some(first || tested.any(|works| works))
    };
    // What the container's own files make of the name is no name server's word.
    if edge.view.deciding_answers(Role::Hub).iter().any(|answer| answer.is_by_own_files(hub)) {
        return None;
    }
    let apart = !theirs.iter().any(|address| own.contains(address));
    // If the host reaches that address and containers do not, names are not the fault.
    let host_is_served_there =
        host.connections(Role::Hub).any(|c| theirs.contains(&c.facts.peer) && c.works());
    if !apart || used(host) != Some(true) || used(&edge.view) != Some(false) || host_is_served_there
    {
        return None;
    }
    let servers: Vec<Word> = edge.view.answers(Role::Hub).map(|answer| answer.server()).collect();
    let text = about(edge, "elsewhere")
        .with("hub", hub)
        .with("resolver", listed(servers))
        .with("answer", listed(&theirs))
        .with("address", listed(&own));
    // A container's connection to the host's address shows that only the name is wrong.
    let all: Vec<Connection<'_>> = edge.view.connections(Role::Hub).collect();
    let opened = those(&all, |c| own.contains(&c.facts.peer) && c.connected());
    let confidence = if opened.is_empty() { Confidence::Likely } else { Confidence::Confirmed };
    let answers = edge.view.answers(Role::Hub).chain(host.answers(Role::Hub));
    let answers: Vec<&Observation> =
        answers.map(|answer| answer.observation).filter(|seen| !seen.failed()).collect();
    let proof = Proof::confirmed(Effect::Blocks, text, answers)
        .supported_by(observations(&opened))
        .with_confidence(confidence)
        .explaining(edge.failures());
    Some(proof)
}

/// The host's hosts file has the name and no name server does, and there was no container to ask
/// from.
fn not_inherited(host: &View<'_>, hub: &str) -> Vec<Finding> {
    let pinned = pinned_on_the_host(host);
    let denials: Vec<&Observation> = denials(host).collect();
    if pinned.is_empty() || denials.is_empty() {
        return Vec::new();
    }
    let text = Text::new("not_inherited").with("hub", hub);
    Proof::confirmed(Effect::Warns, text, denials)
        .supported_by(pinned)
        .with_confidence(Confidence::Likely)
        .alone()
}

/// The host's answers that come from its hosts file.
fn pinned_on_the_host<'o>(host: &View<'o>) -> Vec<&'o Observation> {
    let pinned = host.answers(Role::Hub).filter(|answer| answer.facts.from_hosts_file());
    pinned.map(|answer| answer.observation).collect()
}

/// What the host's name servers say of a name that they do not know.
fn denials<'o>(host: &View<'o>) -> impl Iterator<Item = &'o Observation> {
    let answers: Vec<Answer<'o>> = host.answers(Role::Hub).collect();
    answers.into_iter().filter(Answer::denies).map(|answer| answer.observation)
}
