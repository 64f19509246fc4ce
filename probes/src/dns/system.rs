//! Asking the system's own resolver: what programs on this device get.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use edgeprobe_facts::dns::{DnsFacts, Resolver};
use edgeprobe_facts::{Facts, Failure, Observation, Role, Step, Token, Tries, Vantage};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hickory_resolver::TokioResolver;
use hickory_resolver::net::NetError;
use tokio::time::timeout;

use super::getent::{Getent, SystemAnswer};
use super::{MAX_NAME, configured_servers, hosts, in_order, platform};
use crate::recorder::{Recorder, Timeline, io_failure, outcome};
use crate::{clean, own};

/// Asks the system's resolver for a name, as programs do: through the hosts file, the name service
/// switch, the search list and the name servers in turn.
///
/// It says the addresses but seldom why there are none: that is [`Token::DnsNoAnswer`]. It is given
/// three quarters of the run, because it asks the second name server only after the first has been
/// silent for 5 s, and programs wait for that.
pub async fn ask_system(
    timeline: Timeline,
    vantage: &Vantage,
    name: &str,
    role: Role,
) -> Observation {
    let behind_stub = configured_servers().map(|servers| servers.behind_stub).unwrap_or_default();
    let getent = Getent::of_device();
    let system = System { getent, hosts: Path::new(platform::HOSTS), behind_stub };
    system.observe(timeline, vantage, name, role).await
}

/// What of the system the question goes through.
struct System<'a> {
    getent: Option<Getent<'a>>,
    hosts: &'a Path,
    behind_stub: Vec<SocketAddr>,
}

impl System<'_> {
    async fn observe(
        &self,
        timeline: Timeline,
        vantage: &Vantage,
        name: &str,
        role: Role,
    ) -> Observation {
        let mut recorder = Recorder::start(timeline);
        let begun = Instant::now();
        let limit = (timeline.patience() * 3 / 2).min(timeline.remaining());
        let shown = clean::line(name, MAX_NAME);

        let mut tries = Tries::default();
        let result = timeout(limit, self.ask(name, &shown, limit, &mut tries))
            .await
            .unwrap_or_else(|_| Err(too_late(&shown, limit)));
        recorder.record(Step::Resolve, outcome(&result), begun);
        if result.is_ok() {
            // Which of the packets behind it were lost, the resolver does not say.
            tries = Tries { begun: tries.begun, ..Tries::default() };
        } else if begun.elapsed() >= LONG {
            tries.unanswered = tries.begun;
        }
        recorder.count(tries);

        let (answer, result) = match result {
            Ok(answer) => (answer, Ok(())),
            Err(failure) => (SystemAnswer::default(), Err(failure)),
        };
        let facts = DnsFacts {
            name: shown.clone(),
            role,
            resolver: Resolver::System,
            addresses: answer.addresses.into_iter().map(Into::into).collect(),
            canonical_names: answer.canonical_name.into_iter().collect(),
            ipv4: None,
            ipv6: None,
            hosts_file: hosts::addresses_in(self.hosts, name),
            behind_stub: self.behind_stub.clone(),
            over_tcp: None,
            interface: None,
        };
        recorder.finish(
            vantage,
            &format!("system/{shown}"),
            format!("{shown} by the system's resolver"),
            result,
            Facts::Dns(facts),
        )
    }

    /// At least one address, or why there is none.
    async fn ask(
        &self,
        name: &str,
        shown: &str,
        limit: Duration,
        tries: &mut Tries,
    ) -> Result<SystemAnswer, Failure> {
        if !can_be_asked(name) {
            return Err(no_answer(format!("`{shown}` is no host name")));
        }
        let lack = match self.getent.clone() {
            None => None,
            Some(getent) => match repeated(&getent, name, limit, tries).await {
                // What this process may not do, getent may not do either.
                Ok(answer) if answer.addresses.is_empty() => {
                    let Some(lack) = own::confinement() else {
                        let why = format!("the system's resolver has no address for {shown}");
                        return Err(no_answer(why));
                    };
                    Some(lack)
                }
                Ok(answer) => return Ok(answer),
                Err(error) => lack_of(own::of_starting(error)),
            },
        };
        match (ask_in_process(name).await, lack) {
            (Ok(addresses), _) if !addresses.is_empty() => {
                Ok(SystemAnswer { addresses, canonical_name: None })
            }
            // A resolver that could not be asked has not said no.
            (_, Some(lack)) => Err(not_asked(shown, &lack)),
            (Ok(_), None) => {
                Err(no_answer(format!("resolv.conf's servers have no address for {shown}")))
            }
            (Err(NetError::Timeout), None) => Err(Failure::new(
                Step::Resolve,
                Token::DnsTimeout,
                format!("resolv.conf's servers did not answer for {shown}"),
            )),
            (Err(error), None) => Err(match lack_in(&error) {
                Some(lack) => not_asked(shown, &lack),
                None => no_answer(format!(
                    "resolv.conf's servers have no address for {shown}: {}",
                    clean::line(&error.to_string(), 120)
                )),
            }),
        }
    }
}

/// Asks getent, and begins again while it does not answer: the C library repeats a lost packet only
/// after 5 s. The first that has an address is the answer.
///
/// That there is none counts at once where it comes at once; where it comes late, the C library may have
/// given up.
async fn repeated(
    getent: &Getent<'_>,
    name: &str,
    limit: Duration,
    tries: &mut Tries,
) -> io::Result<SystemAnswer> {
    let ask = || async {
        let begun = Instant::now();
        let answer: io::Result<SystemAnswer> = getent.clone().ask(name).await;
        (answer, begun.elapsed())
    };
    let spacing = limit / MOST_TRIES;
    let mut asked: FuturesUnordered<_> = FuturesUnordered::new();
    let mut next = std::pin::pin!(tokio::time::sleep(Duration::ZERO));
    loop {
        tokio::select! {
            biased;
            Some((answer, took)) = asked.next() => {
                let is_none = matches!(&answer, Ok(SystemAnswer { addresses, .. }) if addresses.is_empty());
                let is_last = asked.is_empty() && tries.begun >= MOST_TRIES;
                if !is_none || took < LONG || is_last {
                    return answer;
                }
            }
            () = next.as_mut(), if tries.begun < MOST_TRIES => {
                tries.begun += 1;
                asked.push(ask());
                next.as_mut().reset(tokio::time::Instant::now() + spacing);
            }
        }
    }
}

/// How often the system's resolver is asked at most.
const MOST_TRIES: u32 = 8;

/// From how much on an answer comes late: no sooner do resolvers give up a server.
const LONG: Duration = Duration::from_secs(1);

/// The error, where it says something of this process alone.
fn lack_of(error: io::Error) -> Option<io::Error> {
    own::token(&error).is_some().then_some(error)
}

/// What this process itself lacks to ask name servers by the in-process resolver.
fn lack_in(error: &NetError) -> Option<io::Error> {
    let NetError::Io(error) = error else { return None };
    let number = error.raw_os_error();
    let same = number.map_or_else(|| error.kind().into(), io::Error::from_raw_os_error);
    lack_of(own::of_sending(own::of_connecting(same, own::LOOPBACK)))
}

fn not_asked(name: &str, lack: &io::Error) -> Failure {
    let failure = io_failure(Step::Resolve, lack);
    let detail = format!("the system's resolver was not asked for {name}: {}", failure.detail);
    Failure { detail, ..failure }
}

/// Resolves as the C library does, without it: the hosts file, the search list, the name servers.
///
/// For systems without getent, such as an empty container image. The C library's own function would
/// load modules into a static program, and would hold a thread that cannot be cancelled.
async fn ask_in_process(name: &str) -> Result<Vec<IpAddr>, NetError> {
    let mut builder = TokioResolver::builder_tokio()?;
    builder.options_mut().cache_size = 0;
    let answer = builder.build()?.lookup_ip(name).await?;
    Ok(in_order(answer.iter()))
}

/// Whether the text may stand in the argument list of a process: a host name never looks like an
/// option, and has no space in it.
fn can_be_asked(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MAX_NAME
        && !name.starts_with('-')
        && name.bytes().all(|byte| byte.is_ascii_graphic())
}

fn too_late(name: &str, limit: Duration) -> Failure {
    Failure::new(
        Step::Resolve,
        Token::DnsTimeout,
        format!(
            "the system's resolver did not answer for {name} within {:.1} s",
            limit.as_secs_f64()
        ),
    )
    .after(limit)
}

fn no_answer(detail: String) -> Failure {
    Failure::new(Step::Resolve, Token::DnsNoAnswer, detail)
}

#[cfg(test)]
mod tests {
    use edgeprobe_facts::Outcome;

    use super::*;

    fn facts(observation: &Observation) -> &DnsFacts {
        match &observation.facts {
            Facts::Dns(facts) => facts,
            other => panic!("{other:?}"),
        }
    }

    async fn observe(name: &str) -> Observation {
        let timeline = Timeline::start(Duration::from_mins(1));
        ask_system(timeline, &Vantage::Host, name, Role::Control).await
    }

    #[tokio::test]
    async fn this_device_knows_itself() {
        let observation = observe("localhost").await;
        assert_eq!(observation.outcome, Outcome::Pass, "{:?}", observation.failure);
        assert_eq!(observation.id, "host/dns/system/localhost");
        assert_eq!(observation.target, "localhost by the system's resolver");
        let facts = facts(&observation);
        assert!(facts.ips().all(|ip| ip.is_loopback()));
        assert_eq!((facts.ipv4, facts.ipv6), (None, None));
    }

    #[tokio::test]
    async fn what_is_no_name_has_no_answer() {
        for name in ["", "a b", "\u{1b}[2J", "h\u{fc}b", "a\0b", &"x".repeat(70_000)] {
            let observation = observe(name).await;
            assert_eq!(observation.token(), Some(Token::DnsNoAnswer), "{name:?}");
            assert!(observation.id.len() < 300);
        }
    }

    #[tokio::test]
    async fn a_name_is_never_an_option() {
        assert_eq!(observe("--version").await.token(), Some(Token::DnsNoAnswer));
    }

    #[tokio::test]
    async fn names_are_resolved_without_getent() {
        if !Path::new("/etc/resolv.conf").exists() {
            println!("skipped: there is no /etc/resolv.conf");
            return;
        }
        let system =
            System { getent: None, hosts: Path::new(platform::HOSTS), behind_stub: Vec::new() };
        let timeline = Timeline::start(Duration::from_mins(1));
        let observation =
            system.observe(timeline, &Vantage::Host, "localhost", Role::Control).await;
        assert_eq!(observation.outcome, Outcome::Pass, "{:?}", observation.failure);
    }

    #[tokio::test]
    async fn no_answer_in_time_is_a_timeout() {
        let silent = Getent {
            program: crate::tool::Program::at("/bin/sh"),
            arguments: &["-c", "exec sleep 1000"],
        };
        let system =
            System { getent: Some(silent), hosts: Path::new("/dev/null"), behind_stub: Vec::new() };
        let timeline = Timeline::start(Duration::from_millis(100));
        let observation = system.observe(timeline, &Vantage::Host, "localhost", Role::Hub).await;
        assert_eq!(observation.token(), Some(Token::DnsTimeout));
        assert!(observation.is_cut_short());
        assert!(facts(&observation).hosts_file.is_empty());
    }
}
