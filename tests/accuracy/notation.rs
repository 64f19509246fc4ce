//! Routes and rules, written as ip-route(8) and ip-rule(8) show them.

use edgeprobe_facts::route::tables::{
    Hop, Link, LinkKind, MAIN_TABLE, Mark, ReversePathFilter, Route, RouteKind, Rule, RuleAction,
};

/// An interface that is up, forwards and checks no reverse paths.
pub(crate) fn link(name: &str, kind: LinkKind, mtu: u32) -> Link {
    Link {
        name: name.to_owned(),
        kind,
        mtu: Some(mtu),
        up: true,
        carrier: true,
        master: None,
        forwarding: Some(true),
        rp_filter: Some(ReversePathFilter::Off),
    }
}

/// `[KIND] DESTINATION [via GATEWAY] [dev NAME] [table N] [metric N] [src ADDRESS] [mtu N]`.
pub(crate) fn route(text: &str) -> Route {
    let mut words = text.split(' ').peekable();
    let kind = match words.peek().copied() {
        Some("unreachable") => RouteKind::Unreachable,
        Some("blackhole") => RouteKind::Blackhole,
        Some("prohibit") => RouteKind::Prohibit,
        Some("throw") => RouteKind::Throw,
        Some("local") => RouteKind::Local,
        _ => RouteKind::Unicast,
    };
    if kind != RouteKind::Unicast {
        words.next();
    }
    let destination = match words.next().unwrap() {
        "default" => "0.0.0.0/0".parse().unwrap(),
        network => network.parse().unwrap(),
    };
    let mut route = Route {
        destination,
        table: MAIN_TABLE,
        kind,
        hops: Vec::new(),
        metric: 0,
        mtu: None,
        source: None,
    };
    let mut hop = Hop { interface: None, gateway: None, dead: false };
    while let (Some(word), Some(value)) = (words.next(), words.next()) {
        match word {
            "via" => hop.gateway = Some(value.parse().unwrap()),
            "dev" => hop.interface = Some(value.to_owned()),
            "table" => route.table = value.parse().unwrap(),
            "metric" => route.metric = value.parse().unwrap(),
            "src" => route.source = Some(value.parse().unwrap()),
            "mtu" => route.mtu = Some(value.parse().unwrap()),
            other => panic!("`{other}` in `{text}`"),
        }
    }
    if hop.interface.is_some() {
        route.hops.push(hop);
    }
    route
}

/// `PRIORITY: [not] from SOURCE [iif NAME] [fwmark N[/MASK]] lookup N | unreachable | …`.
pub(crate) fn rule(text: &str) -> Rule {
    let (priority, text) = text.split_once(": ").unwrap();
    let mut rule = Rule { priority: priority.parse().unwrap(), ..Rule::default() };
    let mut words = text.split(' ');
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap();
        match word {
            "not" => rule.inverted = true,
            "from" => {
                rule.from = Some(value()).filter(|it| *it != "all").map(|it| it.parse().unwrap());
            }
            "iif" => rule.input = Some(value().to_owned()),
            "fwmark" => rule.mark = Some(mark(value())),
            "lookup" => rule.action = RuleAction::Lookup { table: value().parse().unwrap() },
            "suppress_prefixlength" => rule.suppress_prefix_length = Some(value().parse().unwrap()),
            "unreachable" => rule.action = RuleAction::Unreachable,
            "blackhole" => rule.action = RuleAction::Blackhole,
            "prohibit" => rule.action = RuleAction::Prohibit,
            other => panic!("`{other}` in `{text}`"),
        }
    }
    rule
}

fn mark(text: &str) -> Mark {
    let number = |text: &str| match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).unwrap(),
        None => text.parse().unwrap(),
    };
    let (value, mask) = text.split_once('/').unwrap_or((text, "0xffffffff"));
    Mark { value: number(value), mask: number(mask) }
}
