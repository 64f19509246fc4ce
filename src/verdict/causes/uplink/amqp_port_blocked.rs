//! `amqp-port-blocked`: 5671 is closed, 443 to the same hub is open.

use edgeprobe_facts::endpoint::Transport;

use super::hub_port::{HubPort, Ports};
use crate::Confidence;
use crate::attributes::{Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy};
use crate::catalogue::Text;
use crate::causes::shared::{
    at_each_vantage_by_transport, effect_of_loss, observations, peers, place, ports, those,
};
use crate::evidence::{Connection, Evidence, Manner, View};
use crate::rule::{Finding, Proof, Rule, refuted};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Hub,
    with_a_proxy: WithAProxy::OnTheDirectWay,
    applies_to_a_child: true,
    keeps_out: &[],
    same_in_a_log: SameInALog::Cause,
    peer_in_a_log: PeerInALog::Any,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_about_a_vpn: false,
    ended_by: Party::Network,
    examine,
};

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    at_each_vantage_by_transport(evidence, &[Transport::Amqp], examine_view)
}

fn examine_view(view: &View<'_>) -> Vec<Finding> {
    match HubPort::from_view(view, Transport::Amqp) {
        HubPort::Open(open) => {
            refuted(Text::new("open").with("port", ports(&open)), observations(&open))
        }
        HubPort::ClosedAlone(all) => closed(view, &all).alone(),
        // Some filters let the connection open and cut it once they see its protocol.
        HubPort::CutInHandshake(all) => {
            proof(view, "cut", &all).with_confidence(Confidence::Likely).alone()
        }
        // Others recognise AMQP by its first bytes.
        HubPort::CutAtAmqp(all, let_in) => {
            let proof = proof(view, "cut_at_amqp", &all);
            let summary = proof.summary.clone().with("other_port", ports(&let_in));
            Proof { summary, ..proof }.with_confidence(Confidence::Likely).alone()
        }
        HubPort::Proxied | HubPort::Otherwise => Vec::new(),
    }
}

fn closed(view: &View<'_>, all: &Ports<'_>) -> Proof {
    let is_direct = good(all).iter().any(Connection::is_direct);
    let silent = all.on_port.iter().any(|c| c.manner() == Some(Manner::Silent));
    match view.way().via().filter(|_| !is_direct) {
        Some(via) => {
            let proof = proof(view, "proxy", all);
            let summary = proof.summary.clone().with("proxy", via.url.to_string());
            Proof { summary, ..proof }
        }
        None => proof(view, if silent { "silent" } else { "refused" }, all),
    }
}

fn proof(view: &View<'_>, variant: &'static str, all: &Ports<'_>) -> Proof {
    let elsewhere = good(all);
    let text = Text::new(variant)
        .with("port", ports(&all.on_port))
        .with("address", peers(&all.on_port))
        .with("other_port", ports(&elsewhere))
        .with("place", place(&view.vantage));
    Proof::confirmed(effect_of_loss(view), text, observations(&all.on_port))
        .supported_by(observations(&elsewhere))
}

/// The connections to other ports whose handshake completed, or else those that opened.
fn good<'o>(all: &Ports<'o>) -> Vec<Connection<'o>> {
    let established = those(&all.elsewhere, Connection::established);
    if established.is_empty() { those(&all.elsewhere, Connection::connected) } else { established }
}
