//! `dns-host-failure`: the host's resolvers do not answer.

use edgeprobe_facts::dns::Resolver;
use edgeprobe_facts::route::RouteFacts;
use edgeprobe_facts::{Role, Token};

use super::HostsNames;
use crate::attributes::{
    KeptOut, Party, PeerInALog, SameInALog, SeenByTheEngine, Subject, WithAProxy,
};
use crate::catalogue::{Text, Word};
use crate::evidence::{Answer, Evidence, Knowledge, View};
use crate::rule::{Finding, Proof, Rule, refuted};
use crate::words::{listed, place};
use crate::{Confidence, Effect};

pub(in crate::causes) const RULE: Rule = Rule {
    subject: Subject::Hub,
    with_a_proxy: WithAProxy::OnTheDirectWay,
    applies_to_a_child: true,
    keeps_out: &[KeptOut::NamelessDaemons],
    same_in_a_log: SameInALog::Cause,
    peer_in_a_log: PeerInALog::Any,
    seen_by_the_engine: SeenByTheEngine::TheSame,
    is_about_a_vpn: false,
    ended_by: Party::Unknown,
    examine,
};

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let host = evidence.host();
    let failing: Vec<Answer<'_>> = host
        .answers(Role::Hub)
        .filter(|answer| answer.observation.failed() && !answer.denies())
        .filter(|answer| !host.is_passed_over(answer))
        .collect();
    let servers = server_failures(&failing);
    match HostsNames::from_evidence(evidence) {
        HostsNames::NotAsked => Vec::new(),
        HostsNames::Resolved(resolved) if servers.is_empty() => {
            refuted(Text::new("resolved").with("hub", &evidence.target.hub), resolved)
        }
        HostsNames::Unanswered => unanswered(&host, &failing, &servers).alone(),
        HostsNames::IgnorantServers(denials) => ignorant(&host, &denials),
        HostsNames::Disputed(known) => disputed(evidence, &host, known).alone(),
        // A server that says that the name does not exist works.
        HostsNames::Resolved(_)
        | HostsNames::NoPrivateRecord
        | HostsNames::Contradicted
        | HostsNames::Denied => partly(&servers),
    }
}

/// Some of the servers fail, and others work.
fn partly(servers: &[Answer<'_>]) -> Vec<Finding> {
    if servers.is_empty() {
        return Vec::new();
    }
    let variant = match variant(servers) {
        "silent" => "partly",
        "refusing" => "partly_refusing",
        "failing" => "partly_failing",
        _ => "partly_unusable",
    };
    let text = naming(Text::new(variant), servers);
    Proof::confirmed(Effect::Warns, text, servers.iter().map(|answer| answer.observation)).alone()
}

/// No resolver gives an address, and none says that there is no such name.
fn unanswered(host: &View<'_>, failing: &[Answer<'_>], servers: &[Answer<'_>]) -> Proof {
    let answering = host
        .answers(Role::Hub)
        .any(|a| !a.observation.failed() && a.facts.resolver != Resolver::System);
    let zone = if answering { None } else { zone(host, servers) };
    let text = match zone {
        _ if answering => Text::new("system_only"),
        Some(variant) => {
            let hub = servers.first().map(|server| &server.facts.name);
            naming(Text::new(variant), servers).with_any("hub", hub)
        }
        None => naming(Text::new(variant(servers)), servers),
    };
    let controls = host.answers(Role::Control).map(|answer| answer.observation);
    // A server that denies a proxy's name works.
    let proxies = host.answers(Role::Proxy).filter(|answer| !answer.denies());
    let proxies = proxies.map(|answer| answer.observation).filter(|proxy| proxy.failed());
    let silent = servers.iter().all(|a| a.observation.token() == Some(Token::DnsTimeout));
    // What answers for another name shows that packets leave the device.
    let confidence = if silent && zone.is_none() && !servers.is_empty() && !leaves_the_device(host)
    {
        Confidence::Likely
    } else {
        Confidence::Confirmed
    };
    let text = text.with_any("interface", host.interface_to(|_| true));
    Proof::confirmed(Effect::Blocks, text, failing.iter().map(|answer| answer.observation))
        .with_confidence(confidence)
        .explaining(controls.filter(|control| control.failed()))
        .explaining(proxies)
}

/// The servers know no name of the Internet: neither the hub's nor the control's.
fn ignorant(host: &View<'_>, denials: &[Answer<'_>]) -> Vec<Finding> {
    let failed = [Role::Hub, Role::Control]
        .into_iter()
        .flat_map(|role| host.answers(role).map(|answer| answer.observation))
        .filter(|observation| observation.failed());
    let mut text = naming(Text::new("ignorant"), denials);
    for denial in denials {
        let name = &denial.facts.name;
        text = match denial.facts.role {
            Role::Hub => text.with("hub", name),
            _ => text.with("control", name),
        };
    }
    Proof::confirmed(Effect::Blocks, text, denials.iter().map(|denial| denial.observation))
        // The user may have chosen the control's name, and it may not exist either.
        .with_confidence(Confidence::Likely)
        .explaining(failed)
        .alone()
}

/// The host's servers deny a name that other servers know, so the fault is theirs.
fn disputed<'o>(evidence: &Evidence<'o>, host: &View<'o>, known: Knowledge<'o>) -> Proof {
    let deniers: Vec<Answer<'_>> = host.answers(Role::Hub).filter(Answer::denies).collect();
    let (variant, confidence) = if known.reached.is_empty() {
        ("disputed", Confidence::Likely)
    } else {
        ("denied", Confidence::Confirmed)
    };
    let servers = server_failures(&deniers);
    let servers = if servers.is_empty() { &deniers } else { &servers };
    let text = naming(Text::new(variant), servers)
        .with("hub", &evidence.target.hub)
        .with("other_resolver", known.answer.server())
        .with("place", place(&known.answer.observation.vantage))
        .with("address", listed(known.answer.facts.ips()))
        .with_any("interface", host.interface_to(|_| true));
    let failed = host.answers(Role::Hub).map(|answer| answer.observation);
    Proof::confirmed(Effect::Blocks, text, deniers.iter().map(|denier| denier.observation))
        .supported_by([known.answer.observation])
        .supported_by(known.reached)
        .with_confidence(confidence)
        .explaining(failed.filter(|answer| answer.failed()))
}

/// Whether a gateway that answers on its link shows that packets leave this device. A tunnel has no
/// gateway, so silence may be the tunnel's; without a route, it may be a dead gateway's.
fn leaves_the_device(host: &View<'_>) -> bool {
    let by_a_tunnel =
        |facts: &RouteFacts| facts.gateway_answers.is_none() && facts.interface.is_some();
    let ways = host.ways_out();
    !ways.is_empty() && !ways.into_iter().any(|(_, facts)| by_a_tunnel(facts))
}

/// The failures of single name servers.
fn server_failures<'o>(failing: &[Answer<'o>]) -> Vec<Answer<'o>> {
    failing.iter().copied().filter(|answer| answer.facts.resolver != Resolver::System).collect()
}

/// The sentence for servers that answer for another name and fail, or stay silent, for the hub's.
fn zone(host: &View<'_>, servers: &[Answer<'_>]) -> Option<&'static str> {
    if !host.answer_for_another(servers) {
        return None;
    }
    match variant(servers) {
        "failing" => Some("failing_zone"),
        "silent" => Some("silent_zone"),
        _ => None,
    }
}

/// The sentence for how these servers fail.
fn variant(servers: &[Answer<'_>]) -> &'static str {
    let all = |token: Token| servers.iter().all(|a| a.observation.token() == Some(token));
    match servers {
        [] => "none",
        _ if all(Token::DnsTimeout) => "silent",
        _ if all(Token::DnsRefused) || all(Token::ConnectionRefused) => "refusing",
        _ if all(Token::DnsServfail) => "failing",
        [_] => "unusable",
        _ => "mixed",
    }
}

/// The sentence with these servers' names, and what a command needs to ask the only one again.
fn naming(text: Text, servers: &[Answer<'_>]) -> Text {
    let mut names: Vec<Word> = servers.iter().map(Answer::server).collect();
    names.sort();
    names.dedup();
    let only_one = names.len() == 1;
    let text = text.with("resolver", listed(names));
    match servers {
        [server, ..] if only_one => server.to_ask_again(text),
        _ => text,
    }
}
