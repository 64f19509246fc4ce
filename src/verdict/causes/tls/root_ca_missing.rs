//! `root-ca-missing`: IoT Hub's own chain, but the device lacks its root.

use super::peer::{Peer, Peers};
use crate::attributes::{Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy};
use crate::catalogue::Text;
use crate::causes::shared::{at_each_vantage, effect_of_loss, observations, ports};
use crate::evidence::{Connection, Evidence, View};
use crate::rule::{Finding, Proof, Rule, refuted};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Hub,
    with_a_proxy: WithAProxy::TheSame,
    applies_to_a_child: false,
    keeps_out: &[],
    same_in_a_log: SameInALog::Cause,
    peer_in_a_log: PeerInALog::Any,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_about_a_vpn: false,
    ended_by: Party::Device,
    examine,
};

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    at_each_vantage(evidence, |view| examine_view(evidence, view))
}

fn examine_view<'o>(evidence: &Evidence<'o>, view: &View<'o>) -> Vec<Finding> {
    let peers = Peers::from_view(evidence, view);
    let accepted = peers.those(Connection::is_accepted);
    if !accepted.is_empty() {
        return refuted(Text::new("accepted"), observations(&accepted));
    }
    let lacking = peers.with(Peer::RootUnknownToTheDevice);
    let Some(first) = lacking.first() else { return Vec::new() };
    let issuer = first
        .tls()
        .and_then(|tls| tls.chain.last())
        .map(|last| last.issuer.clone())
        .unwrap_or_default();
    let text = Text::new("lacking").with("port", ports(&lacking)).with("issuer", &issuer);
    Proof::confirmed(effect_of_loss(view), text, observations(&lacking))
        .with_detail("issuer", issuer)
        .alone()
}
