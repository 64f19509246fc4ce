//! `port-not-permitted`: the port cannot be bound: privilege, reserved or excluded range.

use std::net::IpAddr;

use edgeprobe_probes::ports::{Bind, BindResult, PortFacts};
use edgeprobe_probes::{Observation, Token};

use crate::verdict::attributes::{BesideAProxy, SameInALog, SeenByTheEngine, Subject};
use crate::verdict::catalogue::Text;
use crate::verdict::evidence::Evidence;
use crate::verdict::rule::{Finding, Proof, Rule, refuted};
use crate::verdict::{Confidence, Effect};

pub(in crate::verdict::causes) const RULE: Rule = Rule {
    subject: Subject::Port,
    beside_a_proxy: BesideAProxy::TheSame,
    can_be_a_childs: true,
    keeps_out: &[],
    same_in_a_log: SameInALog::Port,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_a_vpns: false,
    examine,
};

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let rootless = evidence.engine().filter(|(_, facts)| facts.rootless);
    let refused = evidence.ports().filter_map(|(port, facts)| {
        let text = |variant| Text::new(variant).with("port", facts.port);
        if port.token() == Some(Token::BindNotPermitted) {
            return Some(proof(text("refused"), port, facts));
        }
        if let Some(missing) = missing(port, facts) {
            let proof = proof(text("no_such_address").with("address", missing), port, facts);
            return Some(proof.with_detail("address", missing.to_string()));
        }
        // An engine without root may do no more than the user who was refused.
        let (engine, _) = rootless.filter(|_| is_refused_to_users(facts))?;
        let proof = proof(text("rootless"), port, facts).supported_by([engine]);
        Some(proof.with_confidence(Confidence::Likely))
    });
    let refused: Vec<Finding> = refused.map(Finding::Proved).collect();
    if !refused.is_empty() {
        return refused;
    }
    let bound: Vec<_> = evidence
        .ports()
        .filter(|(port, facts)| facts.may_bind && !port.failed())
        .map(|(observation, _)| observation)
        .collect();
    if bound.is_empty() { Vec::new() } else { refuted(Text::new("bound"), bound) }
}

fn proof(text: Text, port: &Observation, facts: &PortFacts) -> Proof {
    Proof::confirmed(Effect::Blocks, text, [port]).with_detail("port", facts.port)
}

/// The address that the port is published on, where this device does not have it.
fn missing(port: &Observation, facts: &PortFacts) -> Option<IpAddr> {
    let lacks_it = |bind: &&Bind| bind.result == BindResult::Unavailable;
    let failed = port.token() == Some(Token::AddressNotAvailable);
    facts.binds.iter().find(lacks_it).map(|bind| bind.address).filter(|_| failed)
}

/// Whether nobody holds the port, and it is one that only the privileged may bind.
fn is_refused_to_users(facts: &PortFacts) -> bool {
    let refused = |result| result == BindResult::NotPermitted;
    !facts.may_bind
        && facts.holders.is_empty()
        && facts.binds.iter().any(|bind| refused(bind.result))
}
