//! The host's tables, written as ip-route(8) and ip-rule(8) show them.

use edgeprobe_facts::route::tables::{
    Hop, Link, LinkKind, MAIN_TABLE, Mark, Route, RouteKind, Rule, RuleAction, Tables,
};

/// A device with one uplink and the bridges of its container networks.
pub(crate) fn tables() -> Tables {
    let mut tables = Tables { ip_forward: Some(true), complete: true, ..Tables::default() };
    let bridge = LinkKind::Bridge;
    let links = [("eth0", LinkKind::Ethernet), ("br-edge", bridge.clone()), ("docker0", bridge)];
    let routes = [
        "default via 192.168.1.1 dev eth0",
        "192.168.1.0/24 dev eth0",
        "172.18.0.0/16 dev br-edge",
    ];
    let rules = ["0: from all lookup 255", "32766: from all lookup 254"];
    add(&mut tables, &links, &routes, &rules);
    tables
}

/// Adds links, routes and rules, each in its place.
pub(crate) fn add(
    tables: &mut Tables,
    links: &[(&str, LinkKind)],
    routes: &[&str],
    rules: &[&str],
) {
    tables.links.extend(links.iter().map(|(name, kind)| link(name, kind)));
    tables.routes.extend(routes.iter().map(|text| route(text)));
    tables.rules.extend(rules.iter().map(|text| rule(text)));
    tables.rules.sort_by_key(|rule| rule.priority);
}

fn link(name: &str, kind: &LinkKind) -> Link {
    Link {
        name: name.to_owned(),
        kind: kind.clone(),
        mtu: Some(1500),
        up: true,
        carrier: true,
        master: None,
        forwarding: Some(true),
        rp_filter: None,
    }
}

fn route(text: &str) -> Route {
    let (kind, text) = match text.split_once(' ').unwrap() {
        ("unreachable", rest) => (RouteKind::Unreachable, rest),
        _ => (RouteKind::Unicast, text),
    };
    let mut words = text.split(' ');
    let destination = words.next().unwrap().replace("default", "0.0.0.0/0").parse().unwrap();
    let mut hop = Hop { interface: None, gateway: None, dead: false };
    let (mut table, mut metric) = (MAIN_TABLE, 0);
    while let (Some(word), Some(value)) = (words.next(), words.next()) {
        match word {
            "via" => hop.gateway = Some(value.parse().unwrap()),
            "dev" => hop.interface = Some(value.to_owned()),
            "table" => table = value.parse().unwrap(),
            "metric" => metric = value.parse().unwrap(),
            _ => panic!("{word} in {text}"),
        }
    }
    let hops = if hop.interface.is_some() { vec![hop] } else { Vec::new() };
    Route { destination, table, kind, hops, metric, mtu: None, source: None }
}

fn rule(text: &str) -> Rule {
    let (priority, text) = text.split_once(": ").unwrap();
    let mut rule = Rule { priority: priority.parse().unwrap(), ..Rule::default() };
    let mut words = text.split(' ');
    while let Some(word) = words.next() {
        match (word, words.clone().next()) {
            ("not", _) => rule.inverted = true,
            ("unreachable", _) => rule.action = RuleAction::Unreachable,
            ("from", Some(value)) => rule.from = value.parse().ok(),
            ("fwmark", Some(value)) => {
                rule.mark = Some(Mark { value: value.parse().unwrap(), mask: u32::MAX });
            }
            ("lookup", Some(value)) => {
                rule.action = RuleAction::Lookup { table: value.parse().unwrap() };
            }
            ("suppress_prefixlength", Some(value)) => {
                rule.suppress_prefix_length = Some(value.parse().unwrap());
            }
            _ => {}
        }
    }
    rule
}
