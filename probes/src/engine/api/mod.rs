//! The questions to the engine's API, at most two round trips one after the other.

mod api_versions;
mod containers;
mod details;
mod environment;
#[cfg(feature = "fuzzing")]
pub(super) mod fuzzing;
mod images;
mod networks;

use std::io;
use std::time::Duration;

use edgeprobe_facts::engine::{AddressPool, Container, EngineFacts, EngineKind};
use edgeprobe_facts::proxy::NoProxyList;
use edgeprobe_facts::{Failure, Step, Token};
use serde::Deserialize;
use tokio::time::timeout;

use self::containers::Containers;
use super::client::few::Few;
use super::client::{About, Client, ClientError, Path, SINGLE};
use super::endpoint::Endpoint;
use super::not_answering;
use super::settings::POOLS;
use crate::mask::mask;
use crate::{clean, own};

/// How many of the engine's warnings are kept.
const WARNINGS: usize = 16;

/// How much longer than all questions together one of them may take.
const MARGIN: Duration = Duration::from_secs(1);

/// Asks the engine for all that its API tells, within `limit`.
///
/// Fails when it does not give its version, its containers or its networks. What else it does not
/// tell is left out.
pub(super) async fn ask(
    endpoint: &Endpoint,
    limit: Duration,
    facts: &mut EngineFacts,
) -> Result<(), Failure> {
    // Who asks bounds the whole, and says so in its own words.
    let client = Client::negotiate(endpoint, limit + MARGIN).await;
    let client = client.map_err(|error| engine_failure(&error))?;
    let essentials = async {
        // Its state is large, and would make that of every caller so.
        let containers = Box::pin(containers(&client, limit / 4));
        tokio::try_join!(containers, networks::all(&client))
    };
    // Asking for this makes the engine look around on the host, which can take it long.
    let path = Path::new("/info");
    let info = timeout(limit / 2, client.get::<Info>(&path, SINGLE));
    let images = timeout(limit / 2, images::names(&client));
    let versions = timeout(limit / 2, api_versions::ask(&client));
    let (essentials, info, images, versions) = tokio::join!(essentials, info, images, versions);
    let ((running, stopped), networks) = essentials.map_err(|error| engine_failure(&error))?;
    let Containers { list: containers, left_out } = running;
    let about = client.about();
    facts.kind = Some(kind(about));
    facts.version = about.version.as_ref().map(|version| clean::line(version, 64));
    facts.api = versions.unwrap_or_else(|_| about.api());
    facts.networks_left_out = networks.left_out;
    facts.networks = networks.list;
    facts.networks_left_out += networks::keep_the_first(&mut facts.networks, &containers);
    facts.containers_left_out = left_out;
    if facts.kind == Some(EngineKind::Podman) {
        networks::find_bridges(&mut facts.networks, &networks::interfaces());
    }
    networks::add_members(&mut facts.networks, &containers);
    facts.containers = containers;
    facts.stopped = stopped;
    facts.images = images.ok().and_then(Result::ok);
    if let Ok(Ok(info)) = info {
        add_info(facts, info);
    }
    Ok(())
}

/// What the engine says of itself and its host, as far as it bears on the network.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Info {
    #[serde(rename = "IPv4Forwarding")]
    ipv4_forwarding: Option<bool>,
    security_options: Few<String, 64>,
    warnings: Few<String, WARNINGS>,
    https_proxy: Option<String>,
    no_proxy: Option<String>,
    default_address_pools: Few<Pool, POOLS>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Pool {
    base: Option<String>,
    size: Option<i64>,
}

/// The running containers, the few of interest with their details, and the runtime's own that do
/// not run.
async fn containers(
    client: &Client,
    patience: Duration,
) -> Result<(Containers, Vec<Container>), ClientError> {
    let of_the_runtime = timeout(patience, containers::of_runtime(client));
    let (running, all) = tokio::join!(containers::running(client), of_the_runtime);
    let mut running = running?;
    // Those that do not run are asked for in the hope of more; without them there is enough.
    let mut stopped = all.ok().and_then(Result::ok).unwrap_or_default();
    stopped.retain(|container| running.list.iter().all(|other| other.id != container.id));
    tokio::join!(
        details::add(client, &mut running.list, patience),
        details::add(client, &mut stopped, patience)
    );
    Ok((running, stopped))
}

fn kind(about: &About) -> EngineKind {
    if about.components.0.iter().any(|component| component.name.contains("Podman")) {
        EngineKind::Podman
    } else {
        EngineKind::Docker
    }
}

fn add_info(facts: &mut EngineFacts, info: Info) {
    facts.ipv4_forwarding = info.ipv4_forwarding;
    let mut options = info.security_options.0.iter();
    facts.rootless = options.any(|option| option.split(',').any(|it| it == "name=rootless"));
    let warnings = info.warnings.0.iter();
    facts.warnings = warnings.map(|warning| clean::line(&mask(warning), 240)).collect();
    let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    // The engine masks the credentials in it itself.
    facts.settings.https_proxy = given(info.https_proxy).and_then(|url| url.parse().ok());
    facts.settings.no_proxy = info.no_proxy.as_deref().and_then(NoProxyList::parse);
    let pools: Vec<AddressPool> = info
        .default_address_pools
        .0
        .into_iter()
        .filter_map(|pool| {
            Some(AddressPool {
                base: pool.base?.parse().ok()?,
                size: u8::try_from(pool.size?).ok()?,
            })
        })
        .collect();
    // What the running engine says counts more than what its file would make of the next start.
    if !pools.is_empty() {
        facts.settings.default_address_pools = pools;
    }
}

/// The failure of an engine that was asked in vain.
fn engine_failure(error: &ClientError) -> Failure {
    let told = |token, text: &str| Failure::new(Step::Engine, token, clean::line(&mask(text), 240));
    match error {
        ClientError::Refused { status: 401 | 403, message } => {
            told(Token::EnginePermissionDenied, &format!("the engine refuses: {message}"))
        }
        ClientError::TooLong { .. } => told(Token::OwnLimit, &error.to_string()),
        ClientError::Io(error) => match own::token(error) {
            Some(token) => told(token, &error.to_string()),
            None if error.kind() == io::ErrorKind::PermissionDenied => told(
                Token::EnginePermissionDenied,
                "permission denied; run as root or as a member of the socket's group",
            ),
            None => not_answering(clean::line(&error.to_string(), 160)),
        },
        _ => not_answering(clean::line(&mask(&error.to_string()), 240)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts_after(info: &str) -> EngineFacts {
        let mut facts = EngineFacts::default();
        add_info(&mut facts, serde_json::from_str(info).unwrap());
        facts
    }

    #[test]
    fn warnings_are_cleaned_and_pools_are_read() {
        let facts = facts_after(
            r#"{"IPv4Forwarding": false,
                "Warnings": ["WARNING: IPv4 forwarding is disabled\u001b[2J\n"],
                "DefaultAddressPools": [{"Base": "10.200.0.0/16", "Size": 24},
                    {"Base": "nonsense", "Size": 24}, {"Base": "10.0.0.0/8", "Size": 1000}]}"#,
        );
        assert_eq!(facts.ipv4_forwarding, Some(false));
        assert_eq!(facts.warnings, ["WARNING: IPv4 forwarding is disabled [2J"]);
        let pools = facts.settings.default_address_pools;
        assert_eq!(pools, [AddressPool { base: "10.200.0.0/16".parse().unwrap(), size: 24 }]);
    }

    #[test]
    fn an_engine_without_root_says_so() {
        let info = r#"{"SecurityOptions": ["name=seccomp,profile=builtin", "name=rootless"]}"#;
        assert!(facts_after(info).rootless);
        assert!(!facts_after(r#"{"SecurityOptions": ["name=apparmor"]}"#).rootless);
    }

    #[test]
    fn the_engine_s_proxy_is_read_without_its_password() {
        let info = r#"{"HttpsProxy": "http://user:hunter2@proxy.corp:3128", "NoProxy": ".corp"}"#;
        let settings = facts_after(info).settings;
        assert_eq!(settings.no_proxy.as_deref(), Some(".corp"));
        let shown = serde_json::to_string(&settings).unwrap();
        assert!(shown.contains("http://***@proxy.corp:3128"), "{shown}");
        assert!(!shown.contains("hunter2") && !shown.contains("user"), "{shown}");
        assert_eq!(facts_after(r#"{"HttpsProxy": ""}"#).settings.https_proxy, None);
        assert_eq!(facts_after(r#"{"HttpsProxy": "socks5://p"}"#).settings.https_proxy, None);
    }

    #[test]
    fn podman_is_told_from_docker() {
        let version = |name: &str| {
            let json = format!(r#"{{"Components": [{{"Name": "{name}", "Version": "1"}}]}}"#);
            kind(&serde_json::from_str(&json).unwrap())
        };
        assert_eq!(version("Podman Engine"), EngineKind::Podman);
        assert_eq!(version("Engine"), EngineKind::Docker);
    }
}
