//! The answer of `edgeprobe vpn`: does a VPN override the edge network?

use std::fmt::Write as _;

use edgeprobe_probes::route::edge::{EdgeRouteFacts, Lookup};
use edgeprobe_probes::route::overlap::overlaps;
use edgeprobe_probes::route::tables::Tables;
use edgeprobe_probes::route::vpn::vpn_of;
use edgeprobe_probes::{Facts, Observation, Outcome, Role, Vantage};

use super::about;
use super::evidence::sentence;
use crate::report::Report;
use crate::report::style::{BOLD, labelled, of, paint};
use crate::verdict::{CauseId, Effect, Status};

/// The width of the column of labels.
const LABEL: usize = 14;

/// The answer to the one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Healthy for no, blocked or degraded for yes, inconclusive where it cannot be told.
    pub status: Status,
    pub sentence: String,
}

/// Reads the answer from the verdict.
pub fn answer(report: &Report) -> Answer {
    let cause = report.verdict.causes.iter().find(|cause| cause.id == CauseId::VpnOverride);
    if let Some(cause) = cause {
        let status =
            if cause.effect == Effect::Blocks { Status::Blocked } else { Status::Degraded };
        return Answer { status, sentence: cause.summary.clone() };
    }
    let networks = networks(report);
    let tunnels = tunnels(report);
    let working = networks.iter().filter(|vantage| works(report, vantage)).count();
    let (status, sentence) = match (networks.is_empty(), tunnels.as_slice()) {
        (true, []) => (Status::Healthy, "No VPN is up on this host.".to_owned()),
        (true, [first, ..]) => (
            Status::Inconclusive,
            format!("A VPN is up ({first}), and there is no container network yet to look at."),
        ),
        (false, []) => (
            Status::Healthy,
            "No VPN is up on this host, so none overrides the edge network.".into(),
        ),
        (false, [first, ..]) if working == networks.len() => (
            Status::Healthy,
            format!("A VPN is up ({first}), and the edge network reaches the hub all the same."),
        ),
        (false, [first, ..]) => (
            Status::Inconclusive,
            format!("A VPN is up ({first}); whether it overrides the edge network is not decided."),
        ),
    };
    Answer { status, sentence }
}

/// The answer in its first line, the cause if there is one, and each network's ways.
pub fn text(report: &Report) -> String {
    let answer = answer(report);
    let word = match answer.status {
        Status::Healthy => "NO",
        Status::Degraded | Status::Blocked => "YES",
        Status::Inconclusive => "UNDECIDED",
    };
    let indent = word.len() + 2;
    let wrapped = labelled(word, indent, &answer.sentence);
    let rest = wrapped.strip_prefix(word).unwrap_or_default();
    let mut out = format!("{}{rest}\n", paint(of(answer.status), word));
    for cause in report.verdict.causes.iter().filter(|c| c.id == CauseId::VpnOverride) {
        out += &about(cause, &answer.sentence, report);
    }
    for vantage in networks(report) {
        out += &network(report, &vantage);
    }
    let others = report.verdict.causes.iter().filter(|c| c.id != CauseId::VpnOverride);
    for cause in others {
        let told = format!("{}: {}", cause.id, cause.summary);
        let _ = writeln!(out, "\n{}", labelled("beside it", LABEL, &told));
    }
    out
}

/// The container networks of which anything was seen.
fn networks(report: &Report) -> Vec<Vantage> {
    let mut networks: Vec<Vantage> = report
        .observations
        .iter()
        .map(|observation| observation.vantage.clone())
        .filter(|vantage| matches!(vantage, Vantage::Bridge(_)))
        .collect();
    networks.sort();
    networks.dedup();
    networks
}

/// Each VPN interface that is up, with its product.
fn tunnels(report: &Report) -> Vec<String> {
    let Some(tables) = tables(report) else { return Vec::new() };
    tables
        .links
        .iter()
        .filter(|link| link.up)
        .filter_map(|link| {
            let product = vpn_of(tables, &link.name)?;
            Some(format!("{product} on {}", link.name))
        })
        .collect()
}

fn tables(report: &Report) -> Option<&Tables> {
    report.observations.iter().find_map(|observation| match &observation.facts {
        Facts::RouteTables(tables) => Some(&**tables),
        _ => None,
    })
}

/// Whether a connection from the network to the hub succeeded.
fn works(report: &Report, vantage: &Vantage) -> bool {
    connections(report, vantage).any(|observation| observation.outcome == Outcome::Pass)
}

fn connections<'r>(
    report: &'r Report,
    vantage: &'r Vantage,
) -> impl Iterator<Item = &'r Observation> {
    report.observations.iter().filter(move |observation| {
        observation.vantage == *vantage
            && observation.facts.endpoint().is_some_and(|facts| facts.role == Role::Hub)
    })
}

/// One network: the way out, the way back, what else claims its addresses, names, MTU.
fn network(report: &Report, vantage: &Vantage) -> String {
    let Vantage::Bridge(name) = vantage else { return String::new() };
    let way = report.observations.iter().find_map(|observation| match &observation.facts {
        Facts::EdgeRoute(facts) if observation.vantage == *vantage => Some(&**facts),
        _ => None,
    });
    let mut lines: Vec<(&str, String)> = Vec::new();
    if let Some(way) = way {
        let network = &way.network;
        lines.push(("network", format!("{} on {}", network.subnet, network.bridge)));
        lines.push(("forward path", path(&way.forward)));
        lines.push(("return path", path(&way.back)));
        lines.push(("overlap", overlap(report, way)));
        lines.push(("MTU", mtu(way)));
    }
    let at = |observation: &&Observation| observation.vantage == *vantage;
    let names = report.observations.iter().filter(at).filter(
        |observation| matches!(&observation.facts, Facts::Dns(facts) if facts.role == Role::Hub),
    );
    lines.extend(names.map(|observation| ("names", told(observation, name))));
    lines.extend(connections(report, vantage).map(|o| ("connection", told(o, name))));
    let joined = report.observations.iter().filter(at).find(|observation| {
        matches!(observation.facts, Facts::Vantage(_)) && observation.outcome == Outcome::Skipped
    });
    lines.extend(joined.map(|observation| ("not tested", told(observation, name))));
    let told: String =
        lines.iter().map(|(label, text)| labelled(label, LABEL, text) + "\n").collect();
    format!("\n{}\n{told}", paint(BOLD, name))
}

/// The observation's sentence, without the place that the heading names.
fn told(observation: &Observation, name: &str) -> String {
    let whole = sentence(observation);
    whole.strip_prefix(&format!("from {name}: ")).map_or(whole.clone(), str::to_owned)
}

fn path(lookup: &Lookup) -> String {
    match lookup {
        Lookup::Found(way) => {
            let by = way.interface.as_deref().unwrap_or("an unknown interface");
            let through = way.gateway.map(|ip| format!(" through {ip}")).unwrap_or_default();
            let table = way.table.filter(|table| *table != 254);
            let table = table.map(|table| format!(" (table {table})")).unwrap_or_default();
            format!("by {by}{through}{table}")
        }
        Lookup::Refused { detail, .. } => format!("none: {detail}"),
        Lookup::NotAsked => "not known".to_owned(),
    }
}

fn overlap(report: &Report, way: &EdgeRouteFacts) -> String {
    let Some(tables) = tables(report) else { return "not known".to_owned() };
    let claims: Vec<String> = overlaps(tables, &way.network)
        .into_iter()
        .map(|claim| match claim.interface {
            Some(interface) => format!("{} on {interface}", claim.network),
            None => claim.network.to_string(),
        })
        .collect();
    if claims.is_empty() { "none".to_owned() } else { claims.join(", ") }
}

fn mtu(way: &EdgeRouteFacts) -> String {
    let network = way.network.mtu.unwrap_or(1500);
    match way.forward.way().and_then(|way| way.mtu) {
        Some(path) if path < network => {
            format!(
                "{network} on the network, {path} on the way out: larger packets must be told so"
            )
        }
        Some(path) => format!("{network} on the network, {path} on the way out"),
        None => format!("{network} on the network"),
    }
}
