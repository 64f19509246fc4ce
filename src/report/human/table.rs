//! What was probed, a row for each question and a column for each vantage.

use std::fmt::Write as _;

use edgeprobe_probes::dns::Resolver;
use edgeprobe_probes::endpoint::Transport;
use edgeprobe_probes::{Facts, Observation, Outcome, Role, Vantage};

use crate::report::style::{BOLD, WIDTH, paint};
use crate::verdict::Target;

/// The least width of the column of questions, and the most of each vantage's.
const QUESTION: usize = 18;
const ANSWER: usize = 29;

/// A question that has a row.
enum Row {
    Name,
    NameServer(std::net::SocketAddr),
    Connection(Transport, u16),
    Ports,
    Clock,
}

/// The table, or nothing when nothing was asked.
pub(super) fn of(observations: &[Observation], target: &Target) -> String {
    let mut vantages: Vec<&Vantage> = observations.iter().map(|o| &o.vantage).collect();
    vantages.sort();
    vantages.dedup();
    let mut out = String::new();
    let rows = rows(observations, target);
    // A place from which only the kernel was asked has nothing to show here.
    vantages.retain(|vantage| {
        observations.iter().any(|o| o.vantage == **vantage && rows.iter().any(|r| belongs(o, r)))
    });
    let question = rows.iter().map(|row| label(row).len()).max().unwrap_or(0).max(QUESTION) + 2;
    let mut header = format!("{:question$}", "asked");
    let answer = (WIDTH.saturating_sub(question) / vantages.len().max(1)).min(ANSWER);
    for vantage in &vantages {
        header += &column(&name(vantage), answer);
    }
    for row in rows {
        let mut line = format!("{:question$}", label(&row));
        for vantage in &vantages {
            let here: Vec<&Observation> = observations
                .iter()
                .filter(|o| o.vantage == **vantage && belongs(o, &row))
                .collect();
            line += &column(&cell(&here), answer);
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
    if out.is_empty() { out } else { format!("{}\n{out}", paint(BOLD, header.trim_end())) }
}

/// The text in a column of this width, with a space after it whatever its length.
fn column(text: &str, width: usize) -> String {
    format!("{text:<0$} ", width.saturating_sub(1))
}

fn name(vantage: &Vantage) -> String {
    match vantage {
        Vantage::Host => "from the host".to_owned(),
        Vantage::Bridge(name) => format!("from {name}"),
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
        let port = observations
            .iter()
            .filter_map(|o| o.facts.endpoint())
            .find(|facts| facts.role == Role::Hub && facts.transport == transport)
            .map(|facts| facts.port);
        rows.extend(port.map(|port| Row::Connection(transport, port)));
    }
    rows.extend([Row::Ports, Row::Clock]);
    rows.retain(|row| observations.iter().any(|observation| belongs(observation, row)));
    rows
}

fn label(row: &Row) -> String {
    match row {
        Row::Name => "name".to_owned(),
        Row::NameServer(address) if address.port() == 53 => format!("by {}", address.ip()),
        Row::NameServer(address) => format!("by {address}"),
        Row::Connection(transport, port) => format!("{transport} {port}"),
        Row::Ports => "Edge Hub's ports".to_owned(),
        Row::Clock => "clock".to_owned(),
    }
}

fn belongs(observation: &Observation, row: &Row) -> bool {
    match (&observation.facts, row) {
        (Facts::Dns(facts), Row::Name) => {
            facts.role == Role::Hub && facts.resolver == Resolver::System
        }
        (Facts::Dns(facts), Row::NameServer(address)) => {
            facts.role == Role::Hub && facts.resolver == Resolver::Server(*address)
        }
        (facts, Row::Connection(transport, _)) => facts
            .endpoint()
            .is_some_and(|facts| facts.role == Role::Hub && facts.transport == *transport),
        (Facts::Ports(_), Row::Ports) | (Facts::Clock(_), Row::Clock) => true,
        _ => false,
    }
}

/// The answers of one question from one vantage, in a few words.
fn cell(observations: &[&Observation]) -> String {
    let failed: Vec<&&Observation> = observations.iter().filter(|o| o.failed()).collect();
    let Some(first) = observations.first() else { return "-".to_owned() };
    if let Facts::Ports(_) = first.facts {
        return ports(observations);
    }
    match failed.first().and_then(|observation| observation.failure.as_ref()) {
        None if first.outcome == Outcome::Skipped => "not asked".to_owned(),
        None => ok(observations),
        Some(failure) if failed.len() == observations.len() => words(&failure.token.to_string()),
        Some(_) => format!("{} of {} ok", observations.len() - failed.len(), observations.len()),
    }
}

fn ok(observations: &[&Observation]) -> String {
    if let [Observation { facts: Facts::Clock(facts), .. }] = observations {
        match facts.offset_s {
            Some(offset) if offset.abs() >= 1.0 => format!("ok, {offset:+.0} s"),
            _ => "ok".to_owned(),
        }
    } else {
        let slowest = observations.iter().map(|o| o.duration_ms).fold(0.0, f64::max);
        format!("ok, {slowest:.0} ms")
    }
}

/// `443, 5671 free` or `443 in use`.
fn ports(observations: &[&Observation]) -> String {
    let list = |wanted: bool| {
        let numbers: Vec<String> = observations
            .iter()
            .filter(|observation| observation.failed() == wanted)
            .filter_map(|observation| match &observation.facts {
                Facts::Ports(facts) => Some(facts.port.to_string()),
                _ => None,
            })
            .collect();
        numbers.join(", ")
    };
    let held = observations
        .iter()
        .any(|o| matches!(&o.facts, Facts::Ports(facts) if facts.held_by_edge_hub));
    match (list(true), list(false)) {
        (taken, _) if !taken.is_empty() => format!("{taken} taken"),
        (_, own) if held => format!("{own} its own"),
        (_, free) => format!("{free} free"),
    }
}

fn words(token: &str) -> String {
    token.replace('_', " ")
}
