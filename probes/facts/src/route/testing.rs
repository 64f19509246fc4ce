//! Tables for tests, written as ip-route(8) and ip-rule(8) show them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a test that panics has found something"
)]

use super::edge::EdgeNetwork;
use super::tables::{
    Hop, Link, LinkKind, MAIN_TABLE, Mark, Route, RouteKind, Rule, RuleAction, Tables,
};

/// The edge network of all tests.
pub fn edge_network() -> EdgeNetwork {
    EdgeNetwork {
        name: "azure-iot-edge".to_owned(),
        bridge: "br-edge".to_owned(),
        subnet: "172.18.0.0/16".parse().unwrap(),
        gateway: Some("172.18.0.1".parse().unwrap()),
        mtu: None,
        members: Vec::new(),
    }
}

/// A device with an uplink and the edge network, and these links, routes and rules besides.
pub fn device(links: &[(&str, LinkKind)], routes: &[&str], rules: &[&str]) -> Tables {
    let own = [("eth0", LinkKind::Ethernet), ("br-edge", LinkKind::Bridge)];
    let mut tables = Tables {
        links: own.iter().chain(links).map(|(name, kind)| link(name, kind)).collect(),
        routes: routes.iter().map(|text| route(text)).collect(),
        rules: rules.iter().map(|text| rule(text)).collect(),
        ..Tables::default()
    };
    for text in [
        "default via 192.0.2.1 dev eth0",
        "192.0.2.0/24 dev eth0",
        "172.18.0.0/16 dev br-edge",
        "local 172.18.0.1/32 dev br-edge table 255",
    ] {
        tables.routes.push(route(text));
    }
    for text in
        ["0: from all lookup 255", "32766: from all lookup 254", "32767: from all lookup 253"]
    {
        tables.rules.push(rule(text));
    }
    tables.rules.sort_by_key(|rule| rule.priority);
    tables
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

pub fn route(text: &str) -> Route {
    let mut words = text.split(' ').peekable();
    let kind = match *words.peek().unwrap() {
        "unreachable" => RouteKind::Unreachable,
        "blackhole" => RouteKind::Blackhole,
        "prohibit" => RouteKind::Prohibit,
        "throw" => RouteKind::Throw,
        "local" => RouteKind::Local,
        _ => RouteKind::Unicast,
    };
    if kind != RouteKind::Unicast {
        words.next();
    }
    let destination = match words.next().unwrap() {
        "default" => "0.0.0.0/0",
        network => network,
    };
    let mut hop = Hop { interface: None, gateway: None, dead: false };
    let (mut table, mut metric) = (MAIN_TABLE, 0);
    while let Some(word) = words.next() {
        let value = words.next().unwrap();
        match word {
            "via" => hop.gateway = Some(value.parse().unwrap()),
            "dev" => hop.interface = Some(value.to_owned()),
            "table" => table = value.parse().unwrap(),
            "metric" => metric = value.parse().unwrap(),
            _ => panic!("{word} in {text}"),
        }
    }
    let hops = if hop.interface.is_some() { vec![hop] } else { Vec::new() };
    let destination = destination.parse().unwrap();
    Route { destination, table, kind, hops, metric, mtu: None, source: None }
}

pub fn rule(text: &str) -> Rule {
    let (priority, text) = text.split_once(": ").unwrap();
    let mut rule = Rule { priority: priority.parse().unwrap(), ..Rule::default() };
    let mut words = text.split(' ');
    while let Some(word) = words.next() {
        match word {
            "not" => rule.inverted = true,
            "blackhole" => rule.action = RuleAction::Blackhole,
            "unreachable" => rule.action = RuleAction::Unreachable,
            "prohibit" => rule.action = RuleAction::Prohibit,
            _ => {
                let value = words.next().unwrap();
                match word {
                    "from" if value == "all" => {}
                    "from" => rule.from = Some(value.parse().unwrap()),
                    "to" => rule.to = Some(value.parse().unwrap()),
                    "iif" => rule.input = Some(value.to_owned()),
                    "fwmark" => rule.mark = Some(mark(value)),
                    "lookup" => rule.action = RuleAction::Lookup { table: value.parse().unwrap() },
                    "goto" => rule.action = RuleAction::Goto { priority: value.parse().unwrap() },
                    "suppress_prefixlength" => {
                        rule.suppress_prefix_length = Some(value.parse().unwrap());
                    }
                    _ => panic!("{word} in {text}"),
                }
            }
        }
    }
    rule
}

fn mark(text: &str) -> Mark {
    let number = |text: &str| u32::from_str_radix(text.trim_start_matches("0x"), 16).unwrap();
    match text.split_once('/') {
        Some((value, mask)) => Mark { value: number(value), mask: number(mask) },
        None => Mark { value: number(text), mask: u32::MAX },
    }
}
