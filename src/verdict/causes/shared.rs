//! Questions that several rules share.

use std::collections::BTreeSet;

use edgeprobe_facts::endpoint::Transport;
use edgeprobe_facts::{Observation, Role, Step, Token, Vantage};
use serde_json::Value;
use serde_json::map::Entry;

use crate::catalogue::Word;
use crate::evidence::{Connection, Evidence, UsedBy, View, denies};
use crate::rule::{Finding, Proof};
use crate::words::listed;
pub(super) use crate::words::place;
use crate::{Confidence, Effect};

/// Asks a rule of each vantage, and makes one finding of what they say.
///
/// A cause that holds at two vantages is one cause with two proofs. It is refuted only if no
/// vantage shows it.
pub(super) fn at_each_vantage<'o>(
    evidence: &Evidence<'o>,
    examine: impl Fn(&View<'o>) -> Vec<Finding>,
) -> Vec<Finding> {
    as_one(
        evidence
            .views()
            .iter()
            .map(|view| limited_by_use(evidence.used_by(&view.vantage), examine(view))),
    )
}

/// As [`at_each_vantage`], for a rule about transports that only Edge Agent uses. Their loss on the
/// host alone is a warning where one of them works from Edge Agent's container network.
pub(super) fn at_each_vantage_by_transport<'o>(
    evidence: &Evidence<'o>,
    transports: &[Transport],
    examine: impl Fn(&View<'o>) -> Vec<Finding>,
) -> Vec<Finding> {
    let agent = evidence.agent();
    let works = transports.iter().any(|transport| agent.works(*transport) == Some(true));
    let is_spoken_elsewhere =
        |view: &View<'_>| view.vantage == Vantage::Host && agent.vantage != Vantage::Host && works;
    as_one(evidence.views().iter().map(|view| {
        let used_by = if is_spoken_elsewhere(view) {
            UsedBy::NoPart
        } else {
            evidence.used_by(&view.vantage)
        };
        limited_by_use(used_by, examine(view))
    }))
}

/// One finding from those of several places, the first place's sentence before the others'.
pub(super) fn as_one(places: impl Iterator<Item = Vec<Finding>>) -> Vec<Finding> {
    let mut proofs: Option<Proof> = None;
    let mut refutation = None;
    for finding in places.flatten() {
        match finding {
            Finding::Proved(proof) => {
                proofs = Some(match proofs {
                    Some(earlier) => joined(earlier, proof),
                    None => proof,
                });
            }
            Finding::Refuted { .. } => refutation = refutation.or(Some(finding)),
        }
    }
    proofs.map(Finding::Proved).or(refutation).into_iter().collect()
}

/// The same findings with their effect limited by the runtime's use of their vantage: a vantage
/// that the runtime does not use can only warn, and one that only Edge Hub uses degrades.
pub(super) fn limited_by_use(used_by: UsedBy, findings: Vec<Finding>) -> Vec<Finding> {
    let gravest = match used_by {
        UsedBy::EdgeAgent => Effect::Blocks,
        UsedBy::EdgeHub => Effect::Degrades,
        UsedBy::NoPart => Effect::Warns,
    };
    let limited = |finding| match finding {
        Finding::Proved(proof) => {
            Finding::Proved(Proof { effect: proof.effect.max(gravest), ..proof })
        }
        refuted @ Finding::Refuted { .. } => refuted,
    };
    findings.into_iter().map(limited).collect()
}

/// One proof from two vantages: the sentence and effect of the worse one, and all the evidence.
fn joined(first: Proof, second: Proof) -> Proof {
    let (mut proof, other) =
        if second.effect < first.effect { (second, first) } else { (first, second) };
    if proof.effect == other.effect && other.confidence == Confidence::Confirmed {
        proof.confidence = Confidence::Confirmed;
    }
    let mut known: BTreeSet<String> = proof.evidence.iter().cloned().collect();
    proof.evidence.extend(other.evidence.into_iter().filter(|id| known.insert(id.clone())));
    proof.explains.extend(other.explains);
    for (name, value) in other.details {
        // The lists of both are joined.
        let is_both = ["networks", "routes"].contains(&name.as_str());
        match proof.details.entry(name) {
            Entry::Vacant(entry) => {
                entry.insert(value);
            }
            Entry::Occupied(mut entry) => {
                if let (true, Value::Array(known), Value::Array(more)) =
                    (is_both, entry.get_mut(), value)
                {
                    let new: Vec<Value> =
                        more.into_iter().filter(|one| !known.contains(one)).collect();
                    known.extend(new);
                }
            }
        }
    }
    proof
}

/// What the loss of some transports does: it blocks when no other works.
pub(super) fn effect_of_loss(view: &View<'_>) -> Effect {
    let any_works = view.transports().iter().any(|transport| view.works(*transport) == Some(true));
    if any_works { Effect::Degrades } else { Effect::Blocks }
}

/// The observations of these connections.
pub(super) fn observations<'o>(connections: &[Connection<'o>]) -> Vec<&'o Observation> {
    connections.iter().map(|connection| connection.observation).collect()
}

/// The failed ones of these connections' observations.
pub(super) fn failures<'o>(connections: &[Connection<'o>]) -> Vec<&'o Observation> {
    observations(connections).into_iter().filter(|observation| observation.failed()).collect()
}

/// The connections of a list for which something holds.
pub(super) fn those<'o>(
    connections: &[Connection<'o>],
    holds: impl Fn(&Connection<'o>) -> bool,
) -> Vec<Connection<'o>> {
    connections.iter().copied().filter(|connection| holds(connection)).collect()
}

/// The ports of these connections, in words: `5671`, `443 and 5671`.
pub(super) fn ports(connections: &[Connection<'_>]) -> Word {
    let mut ports: Vec<u16> = connections.iter().map(|connection| connection.facts.port).collect();
    ports.sort_unstable();
    ports.dedup();
    listed(ports)
}

/// The peers of these connections, in words.
pub(super) fn peers(connections: &[Connection<'_>]) -> Word {
    let mut known = BTreeSet::new();
    let peers = connections.iter().map(|connection| connection.facts.peer);
    listed(peers.filter(|peer| known.insert(*peer)))
}

/// The connections that did not open to an address where another service than IoT Hub answers on
/// another port, and IoT Hub on no port.
pub(super) fn closed_where_another_answers<'o>(
    connections: &[Connection<'o>],
    answering: &[Connection<'o>],
) -> Vec<Connection<'o>> {
    let at_the_same =
        |one: &Connection<'_>, other: &Connection<'_>| one.facts.peer == other.facts.peer;
    those(connections, |closed| {
        let is_the_hub = |c: &Connection<'_>| at_the_same(c, closed) && c.works() && c.is_genuine();
        !closed.connected()
            && answering.iter().any(|c| at_the_same(c, closed))
            && !connections.iter().any(is_the_hub)
    })
}

/// Whether the handshake was cut before a certificate came: not refused by a certificate, not
/// answered by another protocol.
pub(super) fn cut_in_handshake(connection: &Connection<'_>) -> bool {
    let cut = matches!(
        connection.token(),
        Some(
            Token::ConnectionReset
                | Token::ConnectionClosed
                | Token::TimedOut
                | Token::TlsAlert
                | Token::TlsHandshakeFailed
        )
    );
    let no_chain = connection.tls().is_none_or(|tls| tls.chain.is_empty());
    connection.connected() && cut && no_chain && !connection.established()
}

/// The connections to the control host. Plain HTTP does not count: any host could answer it.
pub(super) fn controls<'o>(view: &View<'o>) -> Vec<Connection<'o>> {
    view.connections(Role::Control).filter(|c| c.facts.transport != Transport::Http).collect()
}

/// Every failure, from any vantage, that lost packets cause: names, routes and connections. A
/// server that answers "no such name" was reached, so its answer has another cause.
pub(super) fn lost_on_the_way<'o>(evidence: &Evidence<'o>) -> Vec<&'o Observation> {
    let of_the_network = |observation: &&Observation| {
        matches!(observation.failed_step(), Some(Step::Resolve | Step::Route | Step::Connect))
    };
    evidence.all().iter().filter(of_the_network).filter(|o| !denies(o)).collect()
}
