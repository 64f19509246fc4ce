//! `dns-host-failure`: the host's resolvers do not answer.

use edgeprobe_probes::dns::Resolver;
use edgeprobe_probes::{Observation, Role, Token};

use crate::verdict::Effect;
use crate::verdict::catalogue::{Text, Word};
use crate::verdict::cause::CauseId;
use crate::verdict::evidence::{Answer, Evidence, View};
use crate::verdict::rule::{Finding, Proof, Rule, refuted};
use crate::verdict::words::listed;

pub(super) const RULE: Rule = Rule { id: CauseId::DnsHostFailure, examine };

fn examine(evidence: &Evidence<'_>) -> Vec<Finding> {
    let host = evidence.host();
    if !host.name_was_asked() {
        return Vec::new();
    }
    let failing: Vec<Answer<'_>> = host
        .answers(Role::Hub)
        .filter(|answer| answer.observation.failed() && !says_no_such_name(answer.observation))
        .collect();
    let resolved: Vec<&Observation> = host
        .deciding_answers(Role::Hub)
        .iter()
        .map(|answer| answer.observation)
        .filter(|observation| !observation.failed())
        .collect();

    if resolved.is_empty() {
        return unresolved(&host, &failing);
    }
    let servers = server_failures(&failing);
    if servers.is_empty() {
        return refuted(Text::new("resolved").with("hub", &evidence.target.hub), resolved);
    }
    let text = naming(Text::new("partly"), &servers);
    Proof::confirmed(Effect::Warns, text, servers.iter().map(|answer| answer.observation)).alone()
}

/// No resolver gives an address: whose fault is it?
fn unresolved(host: &View<'_>, failing: &[Answer<'_>]) -> Vec<Finding> {
    // A server that knows the name does not exist has done its work.
    let somebody_knows =
        host.answers(Role::Hub).any(|answer| says_no_such_name(answer.observation));
    let servers = server_failures(failing);
    if somebody_knows {
        return if servers.is_empty() {
            Vec::new()
        } else {
            let text = naming(Text::new("partly"), &servers);
            Proof::confirmed(Effect::Warns, text, servers.iter().map(|a| a.observation)).alone()
        };
    }
    let answering = host
        .answers(Role::Hub)
        .any(|a| !a.observation.failed() && a.facts.resolver != Resolver::System);
    let text = if answering {
        Text::new("system_only")
    } else {
        naming(Text::new(variant(&servers)), &servers)
    };
    let controls = host.answers(Role::Control).map(|answer| answer.observation);
    Proof::confirmed(Effect::Blocks, text, failing.iter().map(|answer| answer.observation))
        .explaining(controls.filter(|control| control.failed()))
        .alone()
}

fn says_no_such_name(observation: &Observation) -> bool {
    matches!(observation.token(), Some(Token::DnsNxdomain | Token::DnsNoAddress))
}

/// The failures of single name servers.
fn server_failures<'o>(failing: &[Answer<'o>]) -> Vec<Answer<'o>> {
    failing.iter().copied().filter(|answer| answer.facts.resolver != Resolver::System).collect()
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
