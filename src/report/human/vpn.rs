//! The answer of `edgeprobe vpn`: does a VPN override the edge network?

use std::fmt::Write as _;

use edgeprobe_facts::route::edge::{EdgeRouteFacts, Lookup};
use edgeprobe_facts::route::overlap::overlaps;
use edgeprobe_facts::route::tables::{IpsecPolicy, Tables};
use edgeprobe_facts::route::vpn::vpn_of;
use edgeprobe_facts::{Facts, Observation, Outcome, Role, Vantage};

use super::evidence::without_place;
use super::{about, cause_and_sentence};
use crate::language::{Language, Text};
use crate::report::Report;
use crate::report::style::{BOLD, for_status, labelled, paint};
use crate::report::words::{say, word};
use crate::verdict::{self, Effect, Status};

/// The width of the column of labels.
const LABEL: usize = 14;

/// The number of the main routing table, which goes without saying.
const MAIN_TABLE: u32 = 254;

/// The answer to the one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Healthy for no, blocked or degraded for yes, inconclusive where it is undecided.
    pub status: Status,
    pub sentence: String,
}

/// Reads the answer from the verdict.
pub fn answer(report: &Report, language: Language) -> Answer {
    let cause = report.verdict.causes.iter().find(|cause| cause.id.is_about_a_vpn());
    if let Some(cause) = cause {
        let status =
            if cause.effect == Effect::Blocks { Status::Blocked } else { Status::Degraded };
        return Answer { status, sentence: cause.summary.clone() };
    }
    let networks = networks(report);
    let tunnels = tunnels(report);
    let working = networks.iter().filter(|vantage| works(report, vantage)).count();
    let (status, key) = match (networks.is_empty(), tunnels.is_empty()) {
        (true, true) => (Status::Healthy, "vpn.none_up"),
        (true, false) => (Status::Inconclusive, "vpn.no_network"),
        (false, true) => (Status::Healthy, "vpn.none_overrides"),
        (false, false) if working == networks.len() => (Status::Healthy, "vpn.works"),
        (false, false) => (Status::Inconclusive, "vpn.not_decided"),
    };
    // A filter of a VPN that is down, or one that only the containers meet, shows to nobody else.
    let unasked = report.verdict.status == Status::Inconclusive
        && verdict::modules_unasked(&report.target, &report.observations);
    let (status, key) = match status {
        Status::Healthy if unasked => (Status::Inconclusive, "vpn.modules_unasked"),
        decided => (decided, key),
    };
    let first = tunnels.first().map(|tunnel| say(tunnel, language)).unwrap_or_default();
    Answer { status, sentence: say(&Text::new(key).with("tunnel", first), language) }
}

/// The answer in its first line, the cause if there is one, and each network's ways.
pub fn text(report: &Report, language: Language) -> String {
    let answer = answer(report, language);
    let word = word(
        match answer.status {
            Status::Healthy => "vpn.no",
            Status::Degraded | Status::Blocked => "vpn.yes",
            Status::Inconclusive => "vpn.undecided",
        },
        language,
    );
    let indent = word.chars().count() + 2;
    let wrapped = labelled(&word, indent, &answer.sentence);
    let rest = wrapped.strip_prefix(word.as_str()).unwrap_or_default();
    let mut out = format!("{}{rest}\n", paint(for_status(answer.status), &word));
    for cause in report.verdict.causes.iter().filter(|c| c.id.is_about_a_vpn()) {
        out += &about(cause, &answer.sentence, report, language);
    }
    for vantage in networks(report) {
        out += &network(report, &vantage, language);
    }
    let others = report.verdict.causes.iter().filter(|c| !c.id.is_about_a_vpn());
    for cause in others {
        let told = cause_and_sentence(cause.id, &cause.summary, language);
        let _ = writeln!(out, "\n{}", line("vpn.label.beside", &told, language));
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

/// Each VPN interface that is up, with its product, and IPsec that needs none.
fn tunnels(report: &Report) -> Vec<Text> {
    let Some(tables) = tables(report) else { return Vec::new() };
    let takes = |policy: &IpsecPolicy| policy.encrypts || policy.blocks;
    let ipsec = tables.ipsec.iter().flatten().any(takes).then(|| Text::new("vpn.policies"));
    tables
        .links
        .iter()
        .filter(|link| link.up)
        .filter_map(|link| {
            let product = vpn_of(tables, &link.name)?;
            let text = Text::new("vpn.tunnel").with("vpn", verdict::vpn(product));
            Some(text.with("interface", &link.name))
        })
        .chain(ipsec)
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
            && observation
                .facts
                .endpoint()
                .is_some_and(|facts| matches!(facts.role, Role::Hub | Role::Parent))
    })
}

/// One network: the way out, the way back, what else claims its addresses, names, MTU.
fn network(report: &Report, vantage: &Vantage, language: Language) -> String {
    let Vantage::Bridge(name) = vantage else { return String::new() };
    let way = report.observations.iter().find_map(|observation| match &observation.facts {
        Facts::EdgeRoute(facts) if observation.vantage == *vantage => Some(&**facts),
        _ => None,
    });
    let mut lines: Vec<(&'static str, String)> = Vec::new();
    if let Some(way) = way {
        let own = Text::new("vpn.network").with("subnet", way.network.subnet);
        let own = own.with("bridge", &way.network.bridge);
        lines.push(("vpn.label.network", say(&own, language)));
        lines.push(("vpn.label.forward", path(&way.forward, language)));
        lines.push(("vpn.label.return", path(&way.back, language)));
        lines.push(("vpn.label.overlap", overlap(report, way, language)));
        lines.push(("vpn.label.mtu", say(&mtu(way), language)));
    }
    let at = |observation: &&Observation| observation.vantage == *vantage;
    let names = report.observations.iter().filter(at).filter(|observation| {
        matches!(
            &observation.facts,
            Facts::Dns(facts) if matches!(facts.role, Role::Hub | Role::Parent)
        )
    });
    let told = |observation| without_place(observation, language);
    lines.extend(names.map(|observation| ("vpn.label.names", told(observation))));
    lines.extend(connections(report, vantage).map(|o| ("vpn.label.connection", told(o))));
    let joined = report.observations.iter().filter(at).find(|observation| {
        matches!(observation.facts, Facts::Vantage(_)) && observation.outcome == Outcome::Skipped
    });
    lines.extend(joined.map(|observation| ("vpn.label.not_tested", told(observation))));
    let told: String =
        lines.iter().map(|(label, text)| line(label, text, language) + "\n").collect();
    format!("\n{}\n{told}", paint(BOLD, name))
}

fn line(label: &'static str, text: &str, language: Language) -> String {
    labelled(&word(label, language), LABEL, text)
}

fn path(lookup: &Lookup, language: Language) -> String {
    let way = match lookup {
        Lookup::Found(way) => way,
        Lookup::Refused { token, detail } => {
            let failure = verdict::refusal(*token, detail);
            return say(&Text::new("vpn.path_none").with("failure", failure), language);
        }
        Lookup::NotAsked => return word("vpn.not_known", language),
    };
    let unknown = || word("vpn.path_unknown", language);
    let by = way.interface.clone().unwrap_or_else(unknown);
    let path = match way.gateway {
        Some(gateway) => Text::new("vpn.path_through").with("gateway", gateway),
        None => Text::new("vpn.path"),
    };
    let path = say(&path.with("interface", by), language);
    match way.table.filter(|table| *table != MAIN_TABLE) {
        Some(table) => {
            let text = Text::new("vpn.path_of_table").with("path", path).with("table", table);
            say(&text, language)
        }
        None => path,
    }
}

fn overlap(report: &Report, way: &EdgeRouteFacts, language: Language) -> String {
    let Some(tables) = tables(report) else { return word("vpn.not_known", language) };
    let claims: Vec<String> = overlaps(tables, &way.network)
        .into_iter()
        .map(|claim| match claim.interface {
            Some(interface) => {
                let text = Text::new("vpn.claim").with("network", claim.network);
                say(&text.with("interface", interface), language)
            }
            None => claim.network.to_string(),
        })
        .collect();
    if claims.is_empty() { word("vpn.overlap_none", language) } else { claims.join(", ") }
}

fn mtu(way: &EdgeRouteFacts) -> Text {
    let network = way.network.mtu.unwrap_or(1500);
    let text = match way.forward.way().and_then(|way| way.mtu) {
        Some(path) if path < network => Text::new("vpn.mtu_smaller").with("path", path),
        Some(path) => Text::new("vpn.mtu_way").with("path", path),
        None => Text::new("vpn.mtu"),
    };
    text.with("network", network)
}
