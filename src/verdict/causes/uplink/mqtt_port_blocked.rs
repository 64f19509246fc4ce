//! `mqtt-port-blocked`: 8883 is closed, another port of the same hub is open.

use edgeprobe_facts::endpoint::Transport;

use super::hub_port::closed_alone;
use crate::attributes::{Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy};
use crate::causes::shared::at_each_vantage_by_transport;
use crate::rule::Rule;

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
    examine: |evidence| {
        at_each_vantage_by_transport(evidence, &[Transport::Mqtt], |view| {
            closed_alone(view, Transport::Mqtt)
        })
    },
};
