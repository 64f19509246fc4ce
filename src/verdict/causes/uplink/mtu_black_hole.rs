//! `mtu-black-hole`: small packets pass, full-size ones vanish.

use std::net::IpAddr;

use edgeprobe_facts::endpoint::Detour;
use edgeprobe_facts::{Role, Step, Token, Vantage};

use crate::attributes::{Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy};
use crate::catalogue::Text;
use crate::causes::bridge::edge::is_default;
use crate::causes::shared::{at_each_vantage, effect_of_loss, observations, place, ports, those};
use crate::evidence::{Connection, Evidence, View};
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
    at_each_vantage(evidence, examine_view)
}

fn examine_view(view: &View<'_>) -> Vec<Finding> {
    let connections = view.hub();
    // A certificate fills several packets of full size, so one that came shows that they pass.
    let whole = those(&connections, Connection::established);
    let stalled = those(&connections, |c| {
        c.connected()
            && c.token() == Some(Token::TimedOut)
            && c.observation.failed_step() >= Some(Step::Tls)
            && !has_sent_whole_packets(view, c.facts.peer)
    });
    if stalled.is_empty() {
        return if whole.is_empty() {
            Vec::new()
        } else {
            refuted(Text::new("whole"), observations(&whole))
        };
    }
    let small: Vec<Connection<'_>> = view
        .connections(Role::Detour)
        .filter(|c| c.facts.detour == Some(Detour::SmallSegments) && c.established())
        .collect();
    if small.is_empty() {
        return Vec::new();
    }
    let text =
        Text::new("stalled").with("port", ports(&stalled)).with("place", place(&view.vantage));
    let text = seen_from(text, view);
    let others = view.connections(Role::Control).map(|c| c.observation);
    Proof::confirmed(effect_of_loss(view), text, observations(&stalled))
        .supported_by(observations(&small))
        .explaining(others.filter(|control| control.failed()))
        .alone()
}

/// Whether a certificate came from this peer in segments of whatever size it chose.
fn has_sent_whole_packets(view: &View<'_>, peer: IpAddr) -> bool {
    let small = |c: &Connection<'_>| c.facts.detour == Some(Detour::SmallSegments);
    let brought = |c: &Connection<'_>| c.tls().is_some_and(|tls| !tls.chain.is_empty());
    let roles = [Role::Hub, Role::Detour, Role::Control];
    let mut all = roles.into_iter().flat_map(|role| view.connections(role));
    all.any(|c| c.is_direct() && c.facts.peer == peer && !small(&c) && brought(&c))
}

/// The sentence with what is to be changed: the container network, or the host's own interface.
fn seen_from(text: Text, view: &View<'_>) -> Text {
    match &view.vantage {
        Vantage::Bridge(name) => text
            .with("seen_from", "network")
            .with("network", name)
            .with("default_bridge", is_default(name)),
        Vantage::Module(name) => text.with("seen_from", "module").with("network", name),
        Vantage::Host => {
            let text = text.with("seen_from", "host");
            let mut ways = view.ways_out().into_iter();
            let interface = ways.find_map(|(_, way)| way.interface.clone());
            text.with_any("interface", interface)
        }
    }
}
