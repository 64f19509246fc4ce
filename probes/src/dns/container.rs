//! Asking for a name as a container's C library does: its hosts file, its search list, its servers.

use std::net::SocketAddr;
use std::time::Instant;

use edgeprobe_facts::dns::{DnsFacts, Resolver};
use edgeprobe_facts::vantage::{ContainerResolver, Libc};
use edgeprobe_facts::{Facts, Failure, Observation, Role, Step, Token, Vantage};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::{MAX_NAME, ask_server, in_order};
use crate::clean;
use crate::recorder::{Recorder, Timeline, outcome};

/// How many names of the search list are asked for.
const SEARCHED: usize = 6;

/// Asks for a name from where this thread is, by what the container's C library goes by.
///
/// Every server is asked at once, so that this takes no longer than asking one; which answer counts
/// is decided by the order in which the C library would have asked.
pub async fn ask_as_container(
    timeline: Timeline,
    vantage: &Vantage,
    resolver: &ContainerResolver,
    name: &str,
    role: Role,
) -> Observation {
    let mut recorder = Recorder::start(timeline);
    let begun = Instant::now();
    let shown = clean::line(name, MAX_NAME);
    let pinned = in_order(resolver.pinned(name));
    let result = if pinned.is_empty() {
        ask(timeline, vantage, resolver, name, role).await
    } else {
        Ok(Found { addresses: pinned.clone(), ..Found::default() })
    };
    recorder.record(Step::Resolve, outcome(&result), begun);
    let (found, result) = match result {
        Ok(found) => (found, Ok(())),
        Err(failure) => (Found::default(), Err(failure)),
    };
    let facts = DnsFacts {
        name: shown.clone(),
        role,
        resolver: Resolver::System,
        addresses: found.addresses.into_iter().map(Into::into).collect(),
        canonical_names: found.names,
        ipv4: None,
        ipv6: None,
        over_tcp: None,
        hosts_file: pinned,
        behind_stub: Vec::new(),
        interface: None,
    };
    let target = format!("{shown} by the container's resolver");
    recorder.finish(vantage, &format!("system/{shown}"), target, result, Facts::Dns(facts))
}

#[derive(Debug, Default)]
struct Found {
    addresses: Vec<std::net::IpAddr>,
    /// The name of the search list that was found, and what it leads through.
    names: Vec<String>,
}

/// What a server says of a name, as far as it decides what is asked next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Found,
    /// There is no such name, or no address for it.
    Denied,
    /// It fails, refuses or is silent: another server is asked.
    Nothing,
}

fn said(answer: &Observation) -> Said {
    match answer.token() {
        None if !answer.failed() => Said::Found,
        Some(Token::DnsNxdomain | Token::DnsNoAddress) => Said::Denied,
        _ => Said::Nothing,
    }
}

async fn ask(
    timeline: Timeline,
    vantage: &Vantage,
    resolver: &ContainerResolver,
    name: &str,
    role: Role,
) -> Result<Found, Failure> {
    if resolver.name_servers.is_empty() {
        let detail = "the container's resolv.conf names no name server";
        return Err(Failure::new(Step::Resolve, Token::DnsNoServers, detail));
    }
    let mut last = None;
    for names in candidates(resolver, name) {
        match ask_for_all(timeline, vantage, resolver, &names, role).await {
            Ok((asked, answer)) => return Ok(found(name, &asked, &answer)),
            Err(failure) => last = last.or(Some(failure)),
        }
    }
    Err(last.unwrap_or_else(|| {
        Failure::new(Step::Resolve, Token::DnsNoAnswer, "no name was asked for")
    }))
}

/// The names to ask for in turn, in groups that are asked for at once. What comes behind the name
/// itself is asked for only when that is not found.
fn candidates(resolver: &ContainerResolver, name: &str) -> Vec<Vec<String>> {
    let dots = name.bytes().filter(|byte| *byte == b'.').count();
    let own = name.trim_end_matches('.').to_owned();
    let searched = resolver.search.iter().map(|domain| format!("{own}.{domain}"));
    let searched: Vec<String> =
        searched.filter(|name| name.len() <= MAX_NAME).take(SEARCHED).collect();
    let is_whole = name.ends_with('.');
    match (dots >= usize::from(resolver.ndots), resolver.libc) {
        _ if is_whole || searched.is_empty() => vec![vec![own]],
        // musl leaves the search list out then.
        (true, Libc::Musl) => vec![vec![own]],
        (true, Libc::Glibc) => vec![vec![own], searched],
        (false, _) => vec![searched.into_iter().chain([own]).collect()],
    }
}

/// Asks every server for every name, until it is decided which answer counts.
async fn ask_for_all(
    timeline: Timeline,
    vantage: &Vantage,
    resolver: &ContainerResolver,
    names: &[String],
    role: Role,
) -> Result<(String, Observation), Failure> {
    let servers: Vec<SocketAddr> =
        resolver.name_servers.iter().map(|address| SocketAddr::new(*address, 53)).collect();
    let mut answers: Vec<Vec<Option<Observation>>> = vec![vec![None; servers.len()]; names.len()];
    let mut under_way = FuturesUnordered::new();
    for (row, name) in names.iter().enumerate() {
        for (column, server) in servers.iter().enumerate() {
            let asking = ask_server(timeline, vantage, *server, name, role);
            under_way.push(async move { (row, column, asking.await) });
        }
    }
    while let Some((row, column, answer)) = under_way.next().await {
        if let Some(place) = answers.get_mut(row).and_then(|row| row.get_mut(column)) {
            *place = Some(answer);
        }
        if let Some(decided) = decide(resolver.libc, names, &answers) {
            return decided;
        }
    }
    Err(Failure::new(Step::Resolve, Token::DnsNoAnswer, "no name server was asked"))
}

/// The answer that counts, as soon as those that come before it are there.
fn decide(
    libc: Libc,
    names: &[String],
    answers: &[Vec<Option<Observation>>],
) -> Option<Result<(String, Observation), Failure>> {
    let mut first_failure = None;
    for (name, row) in names.iter().zip(answers) {
        let answer = of_servers(libc, row)?;
        match said(&answer) {
            Said::Found => return Some(Ok((name.clone(), answer))),
            // A server that is silent ends the search: the name may be there.
            Said::Nothing if libc == Libc::Musl || answer.token() == Some(Token::DnsTimeout) => {
                return answer.failure.map(Err);
            }
            Said::Denied | Said::Nothing => {}
        }
        first_failure = first_failure.or(answer.failure);
    }
    first_failure.map(Err)
}

/// The answer that counts for one name: glibc asks the servers in turn, musl all of them at once.
fn of_servers(libc: Libc, row: &[Option<Observation>]) -> Option<Observation> {
    let decides = |answer: &&Observation| said(answer) != Said::Nothing;
    match libc {
        Libc::Musl => {
            let mut there: Vec<&Observation> = row.iter().flatten().filter(decides).collect();
            there.sort_by(|one, other| one.duration_ms.total_cmp(&other.duration_ms));
            if let Some(first) = there.first() {
                return Some((*first).clone());
            }
        }
        Libc::Glibc => {
            for answer in row {
                let answer = answer.as_ref()?;
                if decides(&answer) {
                    return Some(answer.clone());
                }
            }
        }
    }
    // All of them are there, and none decides.
    row.iter().all(Option::is_some).then(|| row.iter().flatten().next().cloned()).flatten()
}

fn found(name: &str, asked: &str, answer: &Observation) -> Found {
    let Facts::Dns(facts) = &answer.facts else { return Found::default() };
    let is_another = !super::same_name(name, asked);
    let through = is_another.then(|| clean::line(asked, MAX_NAME));
    Found {
        addresses: facts.ips().collect(),
        names: through.into_iter().chain(facts.canonical_names.iter().cloned()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use edgeprobe_facts::Outcome;
    use edgeprobe_facts::vantage::HostsEntry;

    use super::*;

    const HUB: &str = "contoso.azure-devices.net";

    fn resolver(search: &[&str], ndots: u8, libc: Libc) -> ContainerResolver {
        let search = search.iter().map(|domain| (*domain).to_owned()).collect();
        ContainerResolver { search, ndots, libc, ..ContainerResolver::default() }
    }

    #[test]
    fn dots_decide_whether_the_search_list_comes_first() {
        let glibc = candidates(&resolver(&["corp.example"], 1, Libc::Glibc), HUB);
        assert_eq!(glibc, [vec![HUB.to_owned()], vec![format!("{HUB}.corp.example")]]);
        let first = candidates(&resolver(&["corp.example"], 5, Libc::Glibc), HUB);
        assert_eq!(first, [vec![format!("{HUB}.corp.example"), HUB.to_owned()]]);
        assert_eq!(candidates(&resolver(&["corp.example"], 1, Libc::Musl), HUB), [[HUB]]);
        let whole = candidates(&resolver(&["corp.example"], 5, Libc::Musl), &format!("{HUB}."));
        assert_eq!(whole, [[HUB]]);
    }

    fn answer(token: Option<Token>, duration_ms: f64) -> Observation {
        let facts = DnsFacts {
            name: HUB.to_owned(),
            role: Role::Hub,
            resolver: Resolver::System,
            addresses: Vec::new(),
            canonical_names: Vec::new(),
            ipv4: None,
            ipv6: None,
            over_tcp: None,
            interface: None,
            hosts_file: Vec::new(),
            behind_stub: Vec::new(),
        };
        Observation {
            id: String::new(),
            vantage: Vantage::Host,
            target: String::new(),
            outcome: if token.is_none() { Outcome::Pass } else { Outcome::Fail },
            failure: token.map(|token| Failure::new(Step::Resolve, token, "")),
            started_ms: 0.0,
            duration_ms,
            steps: Vec::new(),
            tries: None,
            facts: Facts::Dns(facts),
        }
    }

    #[test]
    fn glibc_asks_the_next_server_only_where_the_one_before_has_nothing_to_say() {
        let silent = Some(answer(Some(Token::DnsTimeout), 5000.0));
        let denies = Some(answer(Some(Token::DnsNxdomain), 9.0));
        let knows = Some(answer(None, 3.0));
        // The second one is there first, and the first one's answer may still come.
        assert_eq!(of_servers(Libc::Glibc, &[None, knows.clone()]), None);
        assert_eq!(of_servers(Libc::Glibc, &[silent.clone(), knows.clone()]), knows);
        assert_eq!(of_servers(Libc::Glibc, &[denies.clone(), knows.clone()]), denies);
        // musl takes whichever comes first.
        assert_eq!(of_servers(Libc::Musl, &[denies.clone(), knows.clone()]), knows);
        assert_eq!(of_servers(Libc::Musl, &[None, knows.clone()]), knows);
        assert_eq!(of_servers(Libc::Musl, &[silent.clone(), None]), None);
        assert_eq!(of_servers(Libc::Musl, &[silent.clone(), silent.clone()]), silent);
    }

    #[test]
    fn a_silent_server_ends_the_search_and_a_denial_goes_on() {
        let names = [format!("{HUB}.corp.example"), HUB.to_owned()];
        let knows = vec![Some(answer(None, 3.0))];
        let denies = vec![Some(answer(Some(Token::DnsNxdomain), 3.0))];
        let silent = vec![Some(answer(Some(Token::DnsTimeout), 3.0))];
        let asked = decide(Libc::Glibc, &names, &[denies, knows.clone()]).unwrap().unwrap();
        assert_eq!(asked.0, HUB);
        let failed = decide(Libc::Glibc, &names, &[silent, knows]).unwrap().unwrap_err();
        assert_eq!(failed.token, Token::DnsTimeout);
    }

    #[tokio::test]
    async fn the_hosts_file_comes_before_every_server() {
        let entry = HostsEntry {
            address: "10.9.9.9".parse().unwrap(),
            names: vec!["Contoso.azure-devices.net".to_owned()],
        };
        let resolver = ContainerResolver { hosts: vec![entry], ..ContainerResolver::default() };
        let timeline = Timeline::start(std::time::Duration::from_secs(5));
        let vantage = Vantage::Module("edgeHub".to_owned());
        let seen = ask_as_container(timeline, &vantage, &resolver, HUB, Role::Hub).await;
        let Facts::Dns(facts) = &seen.facts else { panic!() };
        assert!(!seen.failed() && facts.from_hosts_file());
        assert_eq!(seen.id, format!("module:edgeHub/dns/system/{HUB}"));
        let none = ContainerResolver::default();
        let seen = ask_as_container(timeline, &vantage, &none, HUB, Role::Hub).await;
        assert_eq!(seen.token(), Some(Token::DnsNoServers));
    }
}
