//! Translates a probe's question and failure into words of any language.
//!
//! A probe writes what it asked and how that failed as one English line each, and reports keep
//! them. In another language the sentence is composed from the typed token and the facts. It says
//! less than the probe's own line where they say less.

use std::net::SocketAddr;

use edgeprobe_facts::dns::DnsFacts;
use edgeprobe_facts::endpoint::{Detour, EndpointFacts};
use edgeprobe_facts::ports::{Holder, PortFacts};
use edgeprobe_facts::registry::RegistryFacts;
use edgeprobe_facts::runtime::{Flaw, Source};
use edgeprobe_facts::{Facts, Failure, Observation, Outcome, Token};

use super::words::{duration, listed, resolver};
use edgeprobe_language::{Text, Word};

/// How the question failed, or why it could not be asked.
pub fn failure(observation: &Observation) -> Option<Word> {
    let failure = observation.failure.as_ref()?;
    let text = match &observation.facts {
        Facts::Dns(facts) => name_failure(facts, failure),
        Facts::Ports(facts) => {
            let text = match failure.token {
                Token::AddressInUse if !facts.holders.is_empty() => Text::new("port_held"),
                Token::AddressInUse if facts.tables_unread => Text::new("port_held_unread"),
                token => Text::new(key(token)),
            };
            text.with("holders", holders(facts)).with("port", facts.port)
        }
        Facts::Clock(facts) => Text::new(key(failure.token))
            .with("offset", duration(facts.offset_s.unwrap_or_default())),
        Facts::Vantage(facts) => Text::new(match failure.token {
            Token::TimedOut => "vantage.timed_out",
            Token::AddressNotAvailable => "vantage.no_place",
            Token::OwnLimit => "own_limit",
            Token::OwnPermission => "own_permission",
            _ => "vantage.refused",
        })
        .with("network", edgeprobe_facts::clean::line(&facts.network.name, 64)),
        Facts::Registry(facts) => registry_failure(facts, failure),
        facts => match facts.endpoint() {
            _ if failure.cut_short => Text::new("cut_short"),
            Some(endpoint) => connection_failure(endpoint, failure),
            None => Text::new(key(failure.token)),
        },
    };
    let text = text.with("seconds", Word::figure(seconds(observation), 1));
    // A server's text may end with a full stop.
    let english = failure.detail.trim_end_matches('.').to_owned();
    Some(Word::Told { english, text })
}

/// The kernel's refusal of a lookup.
pub fn refusal(token: Token, detail: &str) -> Word {
    Word::Told { english: detail.to_owned(), text: Text::new(key(token)) }
}

/// Why a source of the runtime's configuration is broken.
pub fn flaw(source: &Source) -> Word {
    let english = source.detail.as_deref().unwrap_or("it is broken");
    let english = edgeprobe_facts::clean::line(english, 160);
    let text = match source.flaw {
        None => return english.into(),
        Some(Flaw::Line(line)) => Text::new("flaw.line").with("line", line),
        Some(Flaw::Somewhere) => Text::new("flaw.somewhere"),
        Some(Flaw::TooLarge) => Text::new("flaw.too_large"),
        Some(Flaw::NotText) => Text::new("flaw.not_text"),
        Some(Flaw::NotAFile) => Text::new("flaw.not_a_file"),
        Some(Flaw::Proxy) => Text::new("flaw.proxy"),
        Some(Flaw::Placeholder) => {
            let name = english.split('`').nth(1).unwrap_or("?");
            Text::new("flaw.placeholder").with("name", format!("`{name}`"))
        }
    };
    Word::Told { english, text }
}

/// The token in two or three words.
pub fn token(token: Token) -> Word {
    let english = match token {
        // Its own word leaves a table no room for other columns.
        Token::ProxyAuthenticationRequired => "refused (407)".to_owned(),
        token => token.to_string().replace('_', " "),
    };
    Word::Told { english, text: Text::new(format!("token.{token}")) }
}

/// What was asked.
pub fn subject(observation: &Observation) -> Word {
    let text = match &observation.facts {
        Facts::Dns(facts) => Text::new("target.name")
            .with("name", &facts.name)
            .with("resolver", resolver(&facts.resolver)),
        Facts::Clock(_) => Text::new("target.clock"),
        Facts::RouteTables(_) => Text::new("target.route_tables"),
        Facts::Runtime(_) => Text::new("target.runtime"),
        Facts::Hostname(_) => Text::new("target.hostname"),
        Facts::Logs(facts) => Text::new("target.log").with("name", &facts.source),
        Facts::Vantage(facts) => Text::new("target.vantage")
            .with("network", edgeprobe_facts::clean::line(&facts.network.name, 64)),
        facts => match facts.endpoint() {
            Some(endpoint) => connection(endpoint),
            None => Text::new("target.same").with("target", &observation.target),
        },
    };
    Word::Told { english: observation.target.clone(), text }
}

fn connection(facts: &EndpointFacts) -> Text {
    let text = match &facts.detour {
        None if facts.proxy.is_some() => Text::new("target.connection_by_proxy"),
        None => Text::new("target.connection"),
        Some(Detour::SmallSegments) => Text::new("target.connection_in_small_segments"),
        Some(Detour::Tls12) => Text::new("target.connection_with_tls12"),
        Some(Detour::Interface(name)) => Text::new("target.connection_by").with("interface", name),
    };
    text.with("transport", facts.transport)
        .with("server", &facts.server)
        .with("address", facts.socket())
        .with("proxy", facts.proxy.as_ref().map(|p| p.url.to_string()).unwrap_or_default())
}

fn name_failure(facts: &DnsFacts, failure: &Failure) -> Text {
    let answered = failure.token.to_string().starts_with("dns_");
    let text = if answered { Text::new(key(failure.token)) } else { Text::new("not_asked") };
    text.with("resolver", resolver(&facts.resolver))
        .with("name", &facts.name)
        .with("failure", refusal(failure.token, &failure.detail))
}

fn connection_failure(facts: &EndpointFacts, failure: &Failure) -> Text {
    let leaf = facts.tls.as_ref().and_then(|tls| tls.chain.first());
    let http = facts.http.as_ref();
    let server = http.and_then(|http| http.server.as_deref());
    let mechanisms = facts.amqp.as_ref().map(|amqp| amqp.mechanisms.join(", "));
    let answer = mechanisms.or_else(|| facts.unexpected.clone());
    Text::new(key(failure.token))
        .with("name", &facts.server)
        .with("issuer", leaf.map(|leaf| leaf.issuer.as_str()).unwrap_or_default())
        .with("names", leaf.map(|leaf| leaf.names.join(", ")).unwrap_or_default())
        .with("status", http.map(|http| http.status).unwrap_or_default())
        .with("server", named_or(server, "server.unknown"))
        .with("answer", named_or(answer.as_deref(), "answer.unknown"))
}

fn registry_failure(facts: &RegistryFacts, failure: &Failure) -> Text {
    let host = facts.part.and_then(|part| facts.host(part)).or(facts.hosts.last());
    let leaf = host.and_then(|host| host.tls.as_ref()).and_then(|tls| tls.chain.first());
    let last = facts.last_answer();
    let words = last.and_then(|answer| answer.message.as_deref().or(answer.code.as_deref()));
    // Another program's words are the same in every language.
    let words = words.map(|own| format!("`{}`", own.replace('`', "'").trim_end_matches('.')));
    Text::new(key(failure.token))
        .with("name", host.map_or(&facts.server, |host| &host.server))
        .with("resolver", Text::new("resolver.system"))
        .with("issuer", leaf.map(|leaf| leaf.issuer.as_str()).unwrap_or_default())
        .with("names", leaf.map(|leaf| leaf.names.join(", ")).unwrap_or_default())
        .with("status", last.map(|answer| answer.status).unwrap_or_default())
        .with("answer", named_or(words.as_deref(), "answer.unknown"))
}

fn named_or(name: Option<&str>, unknown: &'static str) -> Word {
    name.map_or_else(|| Text::new(unknown).into(), Word::from)
}

fn holders(facts: &PortFacts) -> Word {
    listed(facts.holders.iter().map(|holder| Word::from(held_by(holder, facts.port))))
}

fn held_by(holder: &Holder, port: u16) -> Text {
    let words = |key| {
        let address = holder.address.map(|address| SocketAddr::new(address, port));
        Text::new(key).with("port", port).with_any("address", address)
    };
    match (&holder.process, holder.pid, &holder.container, &holder.user) {
        (Some(process), Some(pid), ..) => {
            words("port.by_process").with("process", process).with("pid", pid)
        }
        (_, _, Some(container), _) => words("port.by_container").with("container", container),
        (.., Some(user)) => words("port.by_user").with("user", user),
        _ => words("port.by_nobody"),
    }
}

/// The key of a token's sentence: its own word.
fn key(token: Token) -> String {
    token.to_string()
}

/// How long the step took that failed.
fn seconds(observation: &Observation) -> f64 {
    let failed = observation.steps.iter().rev().find(|step| step.outcome == Outcome::Fail);
    failed.map_or(observation.duration_ms, |step| step.duration_ms) / 1e3
}
