//! What was probed, a row for each question and a column for each vantage.

use std::fmt::Write as _;

use edgeprobe_facts::dns::Resolver;
use edgeprobe_facts::endpoint::Transport;
use edgeprobe_facts::{Facts, Observation, Outcome, Role, Vantage};

use crate::language::{Language, Text, Word};
use crate::report::style::{BOLD, WIDTH, paint};
use crate::report::words::{say, word};
use crate::verdict::{self, Target};

/// The least width of the column of questions, and the most of each vantage's.
const QUESTION: usize = 18;
const ANSWER: usize = 29;

/// A question that has a row.
enum Row {
    Name,
    NameServer(std::net::SocketAddr),
    Connection(Transport, u16),
    ByProxy(Transport, String),
    Ports,
    Clock,
}

/// The table, or nothing when nothing was asked.
pub(super) fn render(observations: &[Observation], target: &Target, language: Language) -> String {
    let mut vantages: Vec<&Vantage> = observations.iter().map(|o| &o.vantage).collect();
    vantages.sort();
    vantages.dedup();
    let mut out = String::new();
    let rows = rows(observations, target);
    // A place from which only the kernel was asked has nothing to show here.
    vantages.retain(|vantage| {
        observations.iter().any(|o| o.vantage == **vantage && rows.iter().any(|r| belongs(o, r)))
    });
    let labels: Vec<String> = rows.iter().map(|row| say(&label(row), language)).collect();
    let longest = labels.iter().map(|label| label.chars().count()).max();
    let question = longest.unwrap_or(0).max(QUESTION) + 2;
    let mut header = format!("{:question$}", word("table.question", language));
    let answer = (WIDTH.saturating_sub(question) / vantages.len().max(1)).min(ANSWER);
    for vantage in &vantages {
        header += &column(&say(&name(vantage), language), answer);
    }
    for (row, label) in rows.iter().zip(labels) {
        let mut line = format!("{label:question$}");
        for vantage in &vantages {
            let here: Vec<&Observation> =
                observations.iter().filter(|o| o.vantage == **vantage && belongs(o, row)).collect();
            line += &column(&cell(&here, language), answer);
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
    if out.is_empty() { out } else { format!("{}\n{out}", paint(BOLD, header.trim_end())) }
}

/// The text in a column of this width, always with a space after it.
fn column(text: &str, width: usize) -> String {
    format!("{text:<0$} ", width.saturating_sub(1))
}

fn name(vantage: &Vantage) -> Text {
    match vantage {
        Vantage::Host => Text::new("table.from_host"),
        Vantage::Bridge(name) | Vantage::Module(name) => {
            Text::new("table.from").with("network", name)
        }
    }
}

fn rows(observations: &[Observation], target: &Target) -> Vec<Row> {
    let mut rows = vec![Row::Name];
    let mut servers: Vec<std::net::SocketAddr> = Vec::new();
    for observation in observations {
        if let Facts::Dns(facts) = &observation.facts
            && let Resolver::Server(address) = facts.resolver
            && !servers.contains(&address)
        {
            servers.push(address);
        }
    }
    rows.extend(servers.into_iter().map(Row::NameServer));
    for transport in target.protocols.iter().copied().chain([Transport::Https]) {
        let mut ports: Vec<u16> = observations
            .iter()
            .filter_map(|o| o.facts.endpoint())
            .filter(|facts| is_upstream(facts.role) && facts.transport == transport)
            .map(|facts| facts.port)
            .collect();
        ports.sort_unstable();
        ports.dedup();
        rows.extend(ports.into_iter().map(|port| Row::Connection(transport, port)));
        let mut proxies: Vec<String> = observations.iter().filter_map(proxy).collect();
        proxies.sort();
        proxies.dedup();
        rows.extend(proxies.into_iter().map(|proxy| Row::ByProxy(transport, proxy)));
    }
    rows.extend([Row::Ports, Row::Clock]);
    rows.retain(|row| observations.iter().any(|observation| belongs(observation, row)));
    rows
}

/// Whether this is what the device connects to: its hub, or its parent.
fn is_upstream(role: Role) -> bool {
    matches!(role, Role::Hub | Role::Parent)
}

fn label(row: &Row) -> Text {
    let by = |server: Word| Text::new("table.by").with("server", server);
    match row {
        Row::Name => Text::new("table.name"),
        Row::NameServer(address) if address.port() == 53 => by(address.ip().into()),
        Row::NameServer(address) => by(address.into()),
        Row::Connection(transport, port) => {
            Text::new("table.connection").with("transport", transport).with("port", port)
        }
        Row::ByProxy(transport, proxy) => {
            Text::new("table.by_proxy").with("transport", transport).with("proxy", proxy)
        }
        Row::Ports => Text::new("table.ports"),
        Row::Clock => Text::new("table.clock"),
    }
}

/// The proxy that a connection went by, as a row can hold it: without what every URL begins with.
fn proxy(observation: &Observation) -> Option<String> {
    let url = observation.facts.endpoint()?.proxy.as_ref()?.url.to_string();
    Some(url.trim_start_matches("http://").to_owned())
}

fn belongs(observation: &Observation, row: &Row) -> bool {
    match (&observation.facts, row) {
        (Facts::Dns(facts), Row::Name) => {
            is_upstream(facts.role) && facts.resolver == Resolver::System
        }
        (Facts::Dns(facts), Row::NameServer(address)) => {
            is_upstream(facts.role) && facts.resolver == Resolver::Server(*address)
        }
        (facts, Row::Connection(transport, port)) => facts.endpoint().is_some_and(|facts| {
            is_upstream(facts.role)
                && (facts.transport, facts.port) == (*transport, *port)
                && facts.proxy.is_none()
        }),
        (facts, Row::ByProxy(transport, by)) => facts.endpoint().is_some_and(|facts| {
            is_upstream(facts.role)
                && facts.transport == *transport
                && proxy(observation).as_ref() == Some(by)
        }),
        (Facts::Ports(_), Row::Ports) | (Facts::Clock(_), Row::Clock) => true,
        _ => false,
    }
}

/// The answers of one question from one vantage, in a few words.
fn cell(observations: &[&Observation], language: Language) -> String {
    let failed: Vec<&&Observation> = observations.iter().filter(|o| o.failed()).collect();
    let Some(first) = observations.first() else { return "-".to_owned() };
    if let Facts::Ports(_) = first.facts {
        return say(&ports(observations), language);
    }
    match failed.first().and_then(|observation| observation.failure.as_ref()) {
        None if first.outcome == Outcome::Skipped => word("table.not_asked", language),
        None => say(&ok(observations), language),
        Some(failure) if failed.len() == observations.len() => {
            verdict::token(failure.token).said(language)
        }
        Some(_) => {
            let good = observations.len() - failed.len();
            let text = Text::new("table.some_ok").with("good", good);
            say(&text.with("all", observations.len()), language)
        }
    }
}

fn ok(observations: &[&Observation]) -> Text {
    if let [Observation { facts: Facts::Clock(facts), .. }] = observations {
        match facts.offset_s {
            Some(offset) if offset.abs() >= 1.0 => {
                Text::new("table.ok_offset").with("seconds", format!("{offset:+.0}"))
            }
            _ => Text::new("table.ok"),
        }
    } else {
        let slowest = observations.iter().map(|o| o.duration_ms).fold(0.0, f64::max);
        Text::new("table.ok_time").with("milliseconds", Word::figure(slowest, 0))
    }
}

/// `443, 5671 free` or `443 in use`; of the ports that could be asked for.
fn ports(observations: &[&Observation]) -> Text {
    let asked = || observations.iter().filter(|seen| seen.outcome != Outcome::Skipped);
    if asked().next().is_none() {
        return Text::new("table.not_asked");
    }
    let list = |wanted: bool| -> Vec<String> {
        asked()
            .filter_map(|observation| match &observation.facts {
                Facts::Ports(facts) => Some((observation.failed(), facts)),
                _ => None,
            })
            .filter(|(failed, facts)| (*failed && !facts.has_edge_hub()) == wanted)
            .map(|(_, facts)| facts.port.to_string())
            .collect()
    };
    let held = observations
        .iter()
        .any(|o| matches!(&o.facts, Facts::Ports(facts) if facts.has_edge_hub()));
    let (taken, others) = (list(true), list(false));
    let (key, ports) = match (taken.as_slice(), others.as_slice()) {
        ([_], _) => ("table.one_taken", taken),
        ([_, ..], _) => ("table.taken", taken),
        _ if held => ("table.own", others),
        (_, [_]) => ("table.one_free", others),
        _ => ("table.free", others),
    };
    Text::new(key).with("ports", ports.join(", "))
}
