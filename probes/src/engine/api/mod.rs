//! The questions to the engine's API, at most three round trips one after the other.

mod containers;
mod details;
mod environment;
mod images;
mod networks;

use std::io;
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error;
use bollard::models::{SystemInfo, SystemVersion};
use edgeprobe_facts::engine::{AddressPool, Container, EngineFacts, EngineKind};
use edgeprobe_facts::proxy::NoProxyList;
use edgeprobe_facts::{Failure, Step, Token};
use tokio::time::timeout;

use super::endpoint::Endpoint;
use super::not_answering;
use super::settings::POOLS;
use crate::clean;
use crate::mask::mask;

/// How many of the engine's warnings are kept.
const WARNINGS: usize = 16;

/// Asks the engine for all that its API tells, within `limit`.
///
/// Fails when it does not give its version, its containers or its networks. What else it does not
/// tell is left out.
pub(super) async fn ask(
    endpoint: &Endpoint,
    limit: Duration,
    facts: &mut EngineFacts,
) -> Result<(), Failure> {
    // A connection of our own first: its error says plainly what stands in the way.
    endpoint.reach().await.map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => Failure::new(
            Step::Engine,
            Token::EnginePermissionDenied,
            "permission denied; run as root or as a member of the socket's group",
        ),
        _ => not_answering(clean::line(&error.to_string(), 160)),
    })?;
    let docker = endpoint.client(limit).map_err(|error| engine_failure(&error))?;
    // Engines refuse requests of a version that they do not know: 20.10 speaks 1.41 at most, and
    // 29 speaks 1.44 at least.
    let docker = docker.negotiate_version().await.map_err(|error| engine_failure(&error))?;

    let essentials = async {
        // Its state is large, and would make that of every caller so.
        let containers = Box::pin(containers(&docker, limit / 4));
        tokio::try_join!(docker.version(), containers, networks::all(&docker))
    };
    // Asking for this makes the engine look around on the host, which can take it long.
    let info = timeout(limit / 2, docker.info());
    let images = timeout(limit / 2, images::names(&docker));
    let (essentials, info, images) = tokio::join!(essentials, info, images);
    let (version, (containers, stopped), networks) =
        essentials.map_err(|error| engine_failure(&error))?;
    facts.kind = Some(kind(&version));
    facts.version = version.version.map(|version| clean::line(&version, 64));
    facts.networks = networks;
    facts.networks_left_out = networks::keep_the_first(&mut facts.networks, &containers);
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

/// The running containers, the few of interest with their details, and the runtime's own that do
/// not run.
async fn containers(
    docker: &Docker,
    patience: Duration,
) -> Result<(Vec<Container>, Vec<Container>), Error> {
    let of_the_runtime = timeout(patience, containers::of_the_runtime(docker));
    let (running, all) = tokio::join!(containers::running(docker), of_the_runtime);
    let mut running = running?;
    // Those that do not run are asked for in the hope of more; without them there is enough.
    let mut stopped = all.ok().and_then(Result::ok).unwrap_or_default();
    stopped.retain(|container| running.iter().all(|other| other.id != container.id));
    tokio::join!(
        details::add(docker, &mut running, patience),
        details::add(docker, &mut stopped, patience)
    );
    Ok((running, stopped))
}

fn kind(version: &SystemVersion) -> EngineKind {
    let components = version.components.as_deref().unwrap_or_default();
    if components.iter().any(|component| component.name.contains("Podman")) {
        EngineKind::Podman
    } else {
        EngineKind::Docker
    }
}

fn add_info(facts: &mut EngineFacts, info: SystemInfo) {
    facts.ipv4_forwarding = info.ipv4_forwarding;
    let options = info.security_options.unwrap_or_default();
    facts.rootless = options.iter().any(|option| option.split(',').any(|it| it == "name=rootless"));
    let warnings = info.warnings.unwrap_or_default();
    facts.warnings =
        warnings.iter().take(WARNINGS).map(|warning| clean::line(&mask(warning), 240)).collect();
    let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    // The engine masks the credentials in it itself.
    facts.settings.https_proxy = given(info.https_proxy).and_then(|url| url.parse().ok());
    facts.settings.no_proxy = info.no_proxy.as_deref().and_then(NoProxyList::of);
    let pools: Vec<AddressPool> = info
        .default_address_pools
        .unwrap_or_default()
        .into_iter()
        .filter_map(|pool| {
            Some(AddressPool {
                base: pool.base?.parse().ok()?,
                size: u8::try_from(pool.size?).ok()?,
            })
        })
        .take(POOLS)
        .collect();
    // What the running engine says counts more than what its file would make of the next start.
    if !pools.is_empty() {
        facts.settings.default_address_pools = pools;
    }
}

/// The failure of an engine that took the connection and did not answer well.
fn engine_failure(error: &Error) -> Failure {
    match error {
        Error::DockerResponseServerError { status_code: 401 | 403, message } => Failure::new(
            Step::Engine,
            Token::EnginePermissionDenied,
            clean::line(&mask(&format!("the engine refuses: {message}")), 240),
        ),
        Error::RequestTimeoutError => not_answering("no answer in time".to_owned()),
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
