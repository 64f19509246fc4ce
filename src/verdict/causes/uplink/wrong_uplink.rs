//! `wrong-uplink`: the default route leaves by a dead interface while another works.

use std::collections::BTreeSet;

use edgeprobe_facts::Observation;
use edgeprobe_facts::route::tables::{MAIN_TABLE, Route, RouteKind, Tables};

use crate::attributes::{Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy};
use crate::catalogue::Text;
use crate::causes::shared::{lost_on_the_way, observations, those};
use crate::causes::uplink::uplinks::{interface, opened_by_another_uplink};
use crate::evidence::{Connection, Evidence, View};
use crate::rule::{Finding, Proof, Rule, refuted};
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
    let host = evidence.host();
    let connections = host.hub();
    let opened = those(&connections, Connection::connected);
    if !opened.is_empty() {
        return refuted(Text::new("connected"), observations(&opened).into_iter().take(1));
    }
    if let Some((tables_seen, _)) = evidence.tables().filter(|(_, tables)| ways_out(tables) < 2) {
        return refuted(Text::new("only_one"), [tables_seen]);
    }
    let (Some((route_seen, dead)), Some((tables_seen, tables))) =
        (preferred_interface(&host), evidence.tables())
    else {
        return Vec::new();
    };
    let answered = evidence.answered_by(dead);
    if !answered.is_empty() {
        return refuted(Text::new("alive").with("interface", dead), observations(&answered));
    }
    let by_another = opened_by_another_uplink(&host, dead);
    let Some(working) = by_another.first().and_then(|control| interface(control)) else {
        return Vec::new();
    };
    // A name server may answer by an interface that leads no further.
    let reached = by_another.iter().any(|control| control.facts.endpoint().is_some());
    let (variant, confidence) =
        if reached { ("dead", Confidence::Confirmed) } else { ("answered", Confidence::Likely) };
    let text = Text::new(variant).with("interface", working).with("dead", dead);
    let gateway = gateway_of(tables, working);
    let text = text.with_any("gateway", gateway);
    let text = match default_by(tables, dead) {
        Some(route) => undercut(text, (dead, route), (working, default_by(tables, working))),
        None => text.with("shared", "no"),
    };
    Proof::confirmed(Effect::Blocks, text, observations(&connections))
        .supported_by([route_seen, tables_seen])
        .supported_by(by_another.iter().copied())
        .explaining(lost_on_the_way(evidence))
        .with_confidence(confidence)
        .with_detail("interface", working)
        .alone()
}

/// The interface that the kernel sends by if a program does not choose one.
fn preferred_interface<'o>(host: &View<'o>) -> Option<(&'o Observation, &'o str)> {
    let mut ways = host.ways_out().into_iter();
    ways.find_map(|(seen, facts)| Some((seen, facts.interface.as_deref()?)))
}

/// How many interfaces a route to everywhere, or to half of it, leads out by.
fn ways_out(tables: &Tables) -> usize {
    let everywhere = tables
        .routes
        .iter()
        .filter(|route| route.kind == RouteKind::Unicast && route.destination.prefix_len() <= 1);
    let names: BTreeSet<&str> = everywhere.flat_map(Route::interfaces).collect();
    names.len()
}

/// The default route that the kernel takes by an interface.
fn default_by<'t>(tables: &'t Tables, interface: &str) -> Option<&'t Route> {
    let by = tables.routes.iter().filter(|route| {
        route.table == MAIN_TABLE
            && route.destination.prefix_len() == 0
            && route.destination.addr().is_ipv4()
            && route.leaves_by(interface)
    });
    by.min_by_key(|route| route.metric)
}

/// The sentence with a metric that is better than the dead route's. A route without a metric cannot
/// be undercut: it needs a higher metric, or, if it leaves by both interfaces, it must be replaced.
fn undercut(
    text: Text,
    (dead, route): (&str, &Route),
    (working, other): (&str, Option<&Route>),
) -> Text {
    const FIRST: u32 = 5;
    const BEHIND: u32 = 1000;
    let shared = route.metric == 0 && route.leaves_by(working);
    let text = text.with("shared", if shared { "yes" } else { "no" });
    if let Some(before) = route.metric.checked_sub(1) {
        return text.with("metric", before.min(FIRST));
    }
    if shared {
        return text;
    }
    let later = other.map_or(0, |route| route.metric).saturating_add(BEHIND);
    let text = text.with("later", later);
    text.with_any("dead_gateway", route.gateway_by(dead))
}

fn gateway_of(tables: &Tables, interface: &str) -> Option<std::net::IpAddr> {
    tables.routes.iter().find_map(|route| route.gateway_by(interface))
}
