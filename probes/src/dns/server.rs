//! Asking one name server on its own.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::{Duration, Instant};

use edgeprobe_facts::dns::{DnsFacts, RecordOutcome, Resolver};
use edgeprobe_facts::{Facts, Failure, Observation, Role, Step, Token, Vantage};
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use tokio::time::timeout;

use super::exchange::Server;
use super::question::Answer;
use super::tally::Tally;
use super::{MAX_NAME, in_order};
use crate::clean;
use crate::recorder::{Recorder, Timeline, outcome};

/// How one question ended.
type Asked = Result<Answer, Failure>;

/// The least time that IPv6's answer is waited for when IPv4's is there.
const GRACE: Duration = Duration::from_millis(500);

/// Asks one name server for the IPv4 and IPv6 addresses of a name, both at once.
///
/// The name is taken as fully qualified: the search list is not used. The observation passes with
/// the first address of either family; that IoT Hub has no IPv6 address is no failure.
pub async fn ask_server(
    timeline: Timeline,
    vantage: &Vantage,
    server: SocketAddr,
    name: &str,
    role: Role,
) -> Observation {
    ask_by(timeline, vantage, server, name, role, None).await
}

/// The same for the hub's name, sent by one interface whatever the routes say: a control for the
/// way to the server.
pub async fn ask_server_by(
    timeline: Timeline,
    vantage: &Vantage,
    server: SocketAddr,
    name: &str,
    interface: &str,
) -> Observation {
    ask_by(timeline, vantage, server, name, Role::Detour, Some(interface)).await
}

async fn ask_by(
    timeline: Timeline,
    vantage: &Vantage,
    server: SocketAddr,
    name: &str,
    role: Role,
    interface: Option<&str>,
) -> Observation {
    let mut recorder = Recorder::start(timeline);
    let begun = Instant::now();
    let patience = timeline.patience().min(timeline.remaining());
    let asked = Server { address: server, patience, interface };
    let name_shown = clean::line(name, MAX_NAME);

    let tally = Tally::default();
    let (ipv4, ipv6) = ask_both(asked, name, &tally).await;
    let result = conclude(asked, &name_shown, &ipv4, &ipv6);
    recorder.record(Step::Resolve, outcome(&result), begun);
    recorder.count(tally.tries());

    let answers = || [&ipv4, &ipv6].into_iter().flatten();
    let facts = DnsFacts {
        name: name_shown.clone(),
        role,
        resolver: Resolver::Server(server),
        addresses: in_order(answers().flat_map(|answer| answer.addresses.iter().copied()))
            .into_iter()
            .map(Into::into)
            .collect(),
        canonical_names: answers()
            .map(|answer| &answer.canonical_names)
            .find(|names| !names.is_empty())
            .cloned()
            .unwrap_or_default(),
        ipv4: record_outcome(&ipv4),
        ipv6: record_outcome(&ipv6),
        hosts_file: Vec::new(),
        behind_stub: Vec::new(),
        over_tcp: tally.over_tcp(),
        interface: interface.map(str::to_owned),
    };
    let label = asked.label();
    let by = interface.map(|name| format!("by-{}", clean::line(name, 15)));
    let by = by.as_deref();
    recorder.finish(
        vantage,
        &[Some(label.as_str()), Some(&name_shown), by]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("/"),
        format!("{name_shown} at {label}"),
        result,
        Facts::Dns(facts),
    )
}

/// Puts the questions for IPv4 and for IPv6 addresses at the same time.
async fn ask_both(server: Server<'_>, name: &str, tally: &Tally) -> (Asked, Asked) {
    let begun = Instant::now();
    let mut ipv4 = pin!(server.ask(name, RecordType::A, tally));
    let mut ipv6 = pin!(server.ask(name, RecordType::AAAA, tally));
    tokio::select! {
        biased;
        ipv4 = &mut ipv4 => {
            let ipv6 = if is_conclusive(&ipv4) {
                // Some servers and middleboxes swallow the question for IPv6 (RFC 4074); that shall
                // not hold up a run that has its answer.
                let grace = GRACE.max(begun.elapsed() * 3);
                timeout(grace, ipv6).await.unwrap_or_else(|_| Err(swallowed(server)))
            } else {
                ipv6.await
            };
            (ipv4, ipv6)
        }
        ipv6 = &mut ipv6 => (ipv4.await, ipv6),
    }
}

/// Whether IPv4's answer settles what is to be reported.
fn is_conclusive(ipv4: &Asked) -> bool {
    matches!(outcome_of(ipv4), RecordOutcome::Answered | RecordOutcome::Nxdomain)
}

fn swallowed(server: Server<'_>) -> Failure {
    server.failure(Token::DnsTimeout, "answered for IPv4 and did not answer for IPv6")
}

/// How the server answered; none where it was not asked for what this process itself lacks.
fn record_outcome(asked: &Asked) -> Option<RecordOutcome> {
    let was_asked = asked.as_ref().err().is_none_or(|failure| !failure.token.is_own());
    was_asked.then(|| outcome_of(asked))
}

pub(super) fn outcome_of(asked: &Asked) -> RecordOutcome {
    match asked {
        Ok(answer) => answer.outcome(),
        Err(failure) => match failure.token {
            Token::DnsTimeout => RecordOutcome::Timeout,
            Token::DnsBadAnswer => RecordOutcome::BadAnswer,
            _ => RecordOutcome::Unreachable,
        },
    }
}

/// One address is enough. Otherwise that the name does not exist outweighs all, for it is said of
/// the name and not of one family; then IPv4's failure, and then IPv6's.
fn conclude(server: Server<'_>, name: &str, ipv4: &Asked, ipv6: &Asked) -> Result<(), Failure> {
    let outcomes = [outcome_of(ipv4), outcome_of(ipv6)];
    if outcomes.contains(&RecordOutcome::Answered) {
        return Ok(());
    }
    if outcomes.contains(&RecordOutcome::Nxdomain) {
        return Err(server
            .failure(Token::DnsNxdomain, format!("says that {name} does not exist (NXDOMAIN)")));
    }
    failure_of(server, name, ipv4)?;
    failure_of(server, name, ipv6)?;
    let aliases = [ipv4, ipv6].into_iter().flatten().find_map(|a| a.canonical_names.last());
    let through = aliases.map(|alias| format!(", which leads to {alias},")).unwrap_or_default();
    Err(server.failure(Token::DnsNoAddress, format!("knows {name}{through} but no address of it")))
}

/// What went wrong with one question; that a name has no such record is not wrong yet.
fn failure_of(server: Server<'_>, name: &str, asked: &Asked) -> Result<(), Failure> {
    let answer = asked.as_ref().map_err(Clone::clone)?;
    let (token, predicate) = match answer.code {
        ResponseCode::NoError => return Ok(()),
        ResponseCode::ServFail => {
            (Token::DnsServfail, format!("failed to look up {name} (SERVFAIL)"))
        }
        ResponseCode::Refused => {
            (Token::DnsRefused, format!("refuses to look up {name} (REFUSED)"))
        }
        code => (
            Token::DnsBadAnswer,
            format!("answers for {name} with error {} ({code})", u16::from(code)),
        ),
    };
    Err(server.failure(token, predicate))
}

#[cfg(test)]
mod tests;
