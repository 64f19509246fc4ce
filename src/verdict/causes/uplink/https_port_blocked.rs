//! `https-port-blocked`: 443 is closed, another port of the same hub is open.

use edgeprobe_facts::endpoint::Transport;

use super::hub_port::closed_alone;
use crate::attributes::{Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy};
use crate::causes::shared::{at_each_vantage, controls, failures, observations, those};
use crate::evidence::{Connection, View};
use crate::rule::{Finding, Proof, Rule};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Hub,
    with_a_proxy: WithAProxy::OnTheDirectWay,
    applies_to_a_child: false,
    keeps_out: &[],
    same_in_a_log: SameInALog::Cause,
    peer_in_a_log: PeerInALog::Any,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_about_a_vpn: false,
    ended_by: Party::Network,
    examine: |evidence| at_each_vantage(evidence, examine_view),
};

fn examine_view(view: &View<'_>) -> Vec<Finding> {
    let findings = closed_alone(view, Transport::Https).into_iter();
    let beside_the_control = |finding| match finding {
        Finding::Proved(proof) => Finding::Proved(with_other_hosts(view, proof)),
        refuted @ Finding::Refuted { .. } => refuted,
    };
    findings.map(beside_the_control).collect()
}

/// The same proof with another host's port 443: is only the hub's closed?
fn with_other_hosts(view: &View<'_>, proof: Proof) -> Proof {
    let others = controls(view);
    let open = those(&others, Connection::connected);
    let summary = match (others.is_empty(), open.is_empty()) {
        (true, _) => proof.summary.clone(),
        (false, true) => proof.summary.clone().with_key("everywhere"),
        (false, false) => proof.summary.clone().with_key("hub_only"),
    };
    let closed = failures(&those(&others, |control| !control.connected()));
    Proof { summary, ..proof }.supported_by(observations(&others)).explaining(closed)
}
