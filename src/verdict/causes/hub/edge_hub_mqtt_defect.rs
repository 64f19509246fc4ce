//! `edge-hub-mqtt-defect`: a parent's Edge Hub loses an MQTT CONNECT that comes with the end of TLS.

use crate::Effect;
use crate::attributes::{Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy};
use crate::catalogue::Text;
use crate::causes::shared::{at_each_vantage, observations, ports, those};
use crate::evidence::{Connection, Evidence, View};
use crate::rule::{Finding, Proof, Rule, refuted};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Hub,
    with_a_proxy: WithAProxy::TheSame,
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
    at_each_vantage(evidence, |view| examine_view(view, &evidence.target.hub))
}

fn examine_view(view: &View<'_>, peer: &str) -> Vec<Finding> {
    let greeted = those(&view.hub(), |c| c.facts.mqtt.is_some());
    let lossy = those(&greeted, |c| lost_at_once(c) > 0);
    let Some(lost) = lossy.iter().map(lost_at_once).max() else {
        let Some(first) = greeted.first() else { return Vec::new() };
        let text = Text::new("answered").with("port", ports(&greeted));
        return refuted(text, [first.observation]);
    };
    // A device that has another way comes up by it.
    let is_sound = |c: &Connection<'_>| c.works() && lost_at_once(c) == 0;
    let mut ways = view.transports().iter().flat_map(|transport| view.on(*transport));
    let effect = if ways.any(|way| is_sound(&way)) { Effect::Warns } else { Effect::Blocks };
    let text = Text::new("lost").with("name", peer).with("port", ports(&lossy)).with("tries", lost);
    Proof::confirmed(effect, text, observations(&lossy))
        .with_detail("peer", peer)
        .explaining_nothing()
        .alone()
}

/// How many CONNECTs were lost that were sent at once, while later ones were answered.
fn lost_at_once(connection: &Connection<'_>) -> u32 {
    connection.facts.mqtt.as_ref().map_or(0, |mqtt| mqtt.lost_at_once)
}
