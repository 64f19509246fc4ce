//! `hub-name-unknown`: the resolver works and says that the hub does not exist.

use edgeprobe_facts::dns::Resolver;
use edgeprobe_facts::{Observation, Role, Token};

use super::HostsNames;
use crate::attributes::{Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy};
use crate::catalogue::Text;
use crate::clouds::Doubt;
use crate::evidence::{Answer, Evidence, View};
use crate::rule::{Finding, Proof, Rule, refuted};
use crate::{Confidence, Effect};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Hub,
    with_a_proxy: WithAProxy::OnTheDirectWay,
    applies_to_a_child: false,
    keeps_out: &[],
    same_in_a_log: SameInALog::Cause,
    peer_in_a_log: PeerInALog::Hub,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_about_a_vpn: false,
    ended_by: Party::Azure,
    examine,
};

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let host = evidence.host();
    let saying_no: Vec<Answer<'_>> = host.answers(Role::Hub).filter(Answer::denies).collect();
    match HostsNames::from_evidence(evidence) {
        HostsNames::Resolved(resolved) => refuted(Text::new("resolved"), resolved),
        HostsNames::NoPrivateRecord => {
            let proof = not_in_the_private_zone(evidence, &host, &saying_no);
            proof.map(Proof::alone).unwrap_or_default()
        }
        HostsNames::Denied => {
            unknown(evidence, &host, &saying_no).map(Proof::alone).unwrap_or_default()
        }
        HostsNames::NotAsked
        | HostsNames::IgnorantServers(_)
        | HostsNames::Unanswered
        | HostsNames::Disputed(_)
        | HostsNames::Contradicted => Vec::new(),
    }
}

/// No name server knows the name.
fn unknown<'o>(
    evidence: &Evidence<'o>,
    host: &View<'o>,
    saying_no: &[Answer<'o>],
) -> Option<Proof> {
    let first = saying_no.first()?;
    let doubt = Doubt::about(&evidence.target.hub);
    let variant = match (&doubt, first.observation.token()) {
        (Some(Doubt::Misspelt(_)), _) => "misspelt",
        (Some(Doubt::ClosedCloud), _) => "closed_cloud",
        (_, Some(Token::DnsNxdomain)) => "no_such_name",
        _ => "no_address",
    };
    let text =
        Text::new(variant).with("hub", &evidence.target.hub).with("resolver", first.server());
    let text = match doubt.as_ref().and_then(Doubt::meant) {
        Some(meant) => text.with("meant", meant),
        None => text,
    };
    let controls = working_controls(host, saying_no);
    let confidence = if controls.is_empty() { Confidence::Likely } else { Confidence::Confirmed };
    let proof =
        Proof::confirmed(Effect::Blocks, text, saying_no.iter().map(|answer| answer.observation))
            .supported_by(controls)
            .with_confidence(confidence)
            .explaining(by_the_system(host));
    Some(proof)
}

/// The hub has a private endpoint, and the private zone that replaces the public one here has no
/// record of it. The name is right, and the public zone knows it.
fn not_in_the_private_zone(
    evidence: &Evidence<'_>,
    host: &View<'_>,
    saying_no: &[Answer<'_>],
) -> Option<Proof> {
    let led: Vec<&Answer<'_>> =
        saying_no.iter().filter(|answer| answer.lacking_record().is_some()).collect();
    // A server can be asked again, which the system's own resolver cannot.
    let is_a_server = |answer: &&&Answer<'_>| answer.facts.resolver != Resolver::System;
    let first = *led.iter().find(is_a_server).or(led.first())?;
    let (record, zone) = first.lacking_record()?;
    let text = Text::new("private_zone")
        .with("hub", &evidence.target.hub)
        .with("resolver", first.server())
        .with("zone", zone)
        .with("record", record);
    let proof = Proof::confirmed(
        Effect::Blocks,
        first.to_ask_again(text),
        led.iter().map(|answer| answer.observation),
    )
    .explaining(saying_no.iter().map(|answer| answer.observation))
    .explaining(by_the_system(host));
    Some(proof.with_detail("zone", zone).with_detail("record", record))
}

/// What the system's own resolver fails with.
fn by_the_system<'o>(host: &View<'o>) -> Vec<&'o Observation> {
    host.answers(Role::Hub)
        .filter(|answer| answer.facts.resolver == Resolver::System)
        .map(|answer| answer.observation)
        .filter(|observation| observation.failed())
        .collect()
}

/// The answers for the control name by the servers that deny the hub's: proof that they work.
fn working_controls<'o>(host: &View<'o>, saying_no: &[Answer<'o>]) -> Vec<&'o Observation> {
    host.answers(Role::Control)
        .filter(|control| !control.observation.failed())
        .filter(|control| saying_no.iter().any(|no| no.facts.resolver == control.facts.resolver))
        .map(|control| control.observation)
        .collect()
}
