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
use edgeprobe_facts::{Facts, Failure, Observation, Vantage};

use self::credentials::Lookup;
use self::line::Opener;
use self::pull::Pull;
use crate::endpoint::TrustStores;
use crate::recorder::{Recorder, Timeline};

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
    let reference = &query.reference;
    let mut recorder = Recorder::start(timeline);
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
    match access.credentials.as_deref().map(|credentials| credentials.of_registry(reference)) {
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
