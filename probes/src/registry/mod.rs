//! Does a registry serve an image to this device: reached, allowed, and there?

mod answer;
mod asking;
mod challenge;
mod credentials;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod line;
mod manifest;
mod pull;
mod request;
mod sign_in;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

pub use credentials::{Credentials, CredentialsError};

use edgeprobe_facts::registry::{CredentialUse, Part, Query, Reference, RegistryFacts, Scheme};
use edgeprobe_facts::{Facts, Failure, Observation, Step, Token, Tries, Vantage};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep};

use self::credentials::Lookup;
use self::line::Opener;
use self::pull::Pull;
use crate::endpoint::TrustStores;
use crate::recorder::{Progress, Recorder, Timeline};

/// The folder of authorities that the engine trusts for single registries.
pub const AUTHORITIES: &str =
    if cfg!(windows) { r"C:\ProgramData\docker\certs.d" } else { "/etc/docker/certs.d" };

/// What asking registries needs beside the question.
#[derive(Clone, Debug, Default)]
pub struct Access {
    pub names: Names,
    /// The credentials to offer to who asks for them; none unless the user wants it.
    pub credentials: Option<Arc<Credentials>>,
    /// The registries that get their credentials over a connection that keeps no secret too.
    pub insecure_credentials: Vec<Reference>,
    /// The folder of authorities that the engine trusts for single registries.
    pub authorities: Option<PathBuf>,
}

/// Who says the addresses of a registry's hosts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Names {
    /// The system's own resolver.
    #[default]
    System,
    /// A name server in its place.
    Server(SocketAddr),
}

/// Asks a registry as the engine does when it pulls, and downloads nothing but small JSON.
///
/// Without an image: whether a registry answers `/v2/`, and whether who hands out its tokens can be
/// reached. With an image: also its manifest, whether it is there for this platform, and whether
/// the host that its data come from can be reached. Credentials are sent only to the registry that
/// they are kept for, or to the token service that it names, over connections that keep a secret.
pub async fn probe(
    timeline: Timeline,
    vantage: &Vantage,
    query: &Query,
    access: &Access,
    trust: &TrustStores,
) -> Observation {
    let recorder = Recorder::start(timeline);
    let begin = || {
        let recorder = recorder.again();
        let progress = recorder.progress();
        (progress, Box::pin(ask(recorder, vantage, query, access, trust)))
    };
    let (first, asking) = begin();
    let mut progress = vec![first];
    let mut under_way = FuturesUnordered::from_iter([asking]);
    let mut answer: Option<Observation> = None;
    let spacing = timeline.limit() / MOST_TRIES;
    let mut next = Box::pin(sleep(spacing));
    loop {
        tokio::select! {
            biased;
            Some(observation) = under_way.next() => {
                let is_last = under_way.is_empty();
                if !is_silent(&observation) {
                    return observation;
                }
                let silent = answer.get_or_insert(observation);
                if is_last || timeline.remaining().is_zero() {
                    let patience = timeline.patience();
                    let stages = progress.iter().filter_map(Progress::now);
                    let unanswered = stages.map(|stage| stage.sent_in_vain(patience)).sum();
                    let times = u32::try_from(progress.len()).unwrap_or(u32::MAX);
                    silent.tries = Some(Tries { begun: times, unanswered, ..Tries::default() });
                    return silent.clone();
                }
            }
            () = next.as_mut() => {
                // Looking up its name is repeated by whoever looks it up.
                let newest = progress.last().and_then(Progress::now);
                let is_beyond = newest.is_some_and(|stage| stage.step > Step::Resolve);
                let is_less = progress.len() < MOST_TRIES as usize;
                if is_beyond && is_less && !timeline.remaining().is_zero() {
                    let (more, asking) = begin();
                    progress.push(more);
                    under_way.push(asking);
                }
                next.as_mut().reset(Instant::now() + spacing);
            }
        }
    }
}

/// How often a registry that does not answer is asked at most: what of a long conversation is lost costs
/// it no more than a try.
const MOST_TRIES: u32 = 3;

/// Whether nothing came back, from the registry or from a name server.
fn is_silent(observation: &Observation) -> bool {
    let hung = [Token::TimedOut, Token::DnsTimeout, Token::DnsNoAnswer];
    observation.failed() && observation.token().is_some_and(|token| hung.contains(&token))
}

/// Asks once.
async fn ask(
    mut recorder: Recorder,
    vantage: &Vantage,
    query: &Query,
    access: &Access,
    trust: &TrustStores,
) -> Observation {
    let reference = &query.reference;
    let mut facts = RegistryFacts {
        registry: reference.registry(),
        image: reference.image().map(ToString::to_string),
        named_by: query.named_by.clone(),
        server: reference.server().to_owned(),
        port: reference.port().unwrap_or(443),
        scheme: Scheme::Https,
        insecure: query.insecure,
        part: None,
        hosts: Vec::new(),
        answers: Vec::new(),
        challenge: None,
        credentials: use_before_asking(reference, access),
        withheld: None,
        refused_address: None,
        platform: reference.image().map(|_| manifest::platform()),
        platforms: Vec::new(),
    };
    let mut pull = Pull {
        opener: Opener {
            recorder: &mut recorder,
            names: access.names.clone(),
            trust,
            authorities: access.authorities.as_deref(),
            proxy: query.proxy.as_ref(),
            on_this_device: reference.is_loopback(),
        },
        reference,
        credentials: access.credentials.as_deref(),
        may_be_insecure: access.insecure_credentials.contains(&reference.registry_alone()),
        facts: &mut facts,
        part: Part::Registry,
        host: None,
        line: None,
    };
    // Boxed, for TLS sessions are large and many probes wait at once.
    let result = Box::pin(pull.run()).await;
    let part = pull.part;
    let result = result.map_err(|failure| named(part, &mut facts, failure));
    let whole = reference.to_string();
    recorder.finish(vantage, &whole, whole.clone(), result, Facts::Registry(Box::new(facts)))
}

fn use_before_asking(reference: &Reference, access: &Access) -> CredentialUse {
    match access.credentials.as_deref().map(|credentials| credentials.for_registry(reference)) {
        None => CredentialUse::NotAsked,
        Some(Lookup::Found(_)) => CredentialUse::Unneeded,
        Some(Lookup::Helper) => CredentialUse::Helper,
        Some(Lookup::Absent) => CredentialUse::Absent,
    }
}

/// The failure with the host in front, where that is not the registry's own.
fn named(part: Part, facts: &mut RegistryFacts, failure: Failure) -> Failure {
    facts.part = Some(part);
    match facts.host(part) {
        Some(host) if matches!(part, Part::Token | Part::Data) => {
            let detail = format!("{part} {}: {}", host.server, failure.detail);
            Failure { detail, ..failure }
        }
        _ => failure,
    }
}
