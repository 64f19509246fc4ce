//! What the engine says of itself, its networks and the runtime's containers, in its own form and
//! without secrets: what is kept is chosen by name, and the rest is dropped.

mod keep;

use std::time::Duration;

use bollard::errors::Error;
use bollard::models::Network;
use edgeprobe_facts::engine::{DEFAULT_NETWORKS, RUNTIME_NETWORK};
use serde::Serialize;
use serde_json::Value;
use tokio::time::timeout;

use super::logs::{EngineLogs, LogError};
use crate::clean;
use crate::mask::Masked;

/// How many networks and containers are inspected.
const NETWORKS: usize = 64;
const CONTAINERS: usize = 64;

/// The runtime's label on its containers.
const OWNER: &str = "net.azure-devices.edge.owner";

/// Containers by their names, and those that could not be inspected, with the reason.
type Containers = (Vec<(String, Value)>, Vec<(String, String)>);

/// One answer of the engine's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// The container's or network's name.
    pub name: String,
    /// The engine's answer as indented JSON.
    pub answer: Masked,
}

/// What the engine answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspections {
    pub version: Option<Inspection>,
    pub info: Option<Inspection>,
    pub networks: Vec<Inspection>,
    /// The runtime's own, those that it manages, and others on its network; running or not.
    pub containers: Vec<Inspection>,
    /// What could not be inspected, and why.
    pub failed: Vec<(String, String)>,
}

impl EngineLogs {
    /// Inspects what a network's fault may hang on; each question ends within `limit`.
    pub async fn inspect(&self, limit: Duration) -> Inspections {
        let mut all = Inspections::default();
        let (version, info, networks, containers) = tokio::join!(
            timeout(limit, self.docker.version()),
            timeout(limit, self.docker.info()),
            timeout(limit, self.networks()),
            timeout(limit, self.of_the_runtime()),
        );
        let failed = &mut all.failed;
        all.version = self.answered("version", version, keep::version, failed).into_iter().next();
        all.info = self.answered("info", info, keep::info, failed).into_iter().next();
        let networks = self.settled("networks", networks, failed).unwrap_or_default();
        all.networks =
            networks.iter().map(|(name, value)| inspection(name, value, keep::network)).collect();
        let (containers, broken) =
            self.settled("containers", containers, failed).unwrap_or_default();
        failed.extend(broken);
        all.containers = containers
            .iter()
            .map(|(name, value)| inspection(name, value, keep::container))
            .collect();
        all
    }

    async fn networks(&self) -> Result<Vec<(String, Value)>, Error> {
        let listed = self.docker.list_networks(None).await?;
        let mut networks = Vec::new();
        for network in the_first(listed) {
            let name = network.name.clone().unwrap_or_default();
            // The list has no containers in it; the answer for one network has. Several networks
            // may have one name.
            let whole = match network.id.as_deref().filter(|id| is_an_id(id)) {
                Some(id) => self.docker.inspect_network(id, None).await.ok(),
                None => None,
            };
            networks.push((name, whole.map_or_else(|| json(&network), |whole| json(&whole))));
        }
        Ok(networks)
    }

    async fn of_the_runtime(&self) -> Result<Containers, Error> {
        let options =
            bollard::query_parameters::ListContainersOptionsBuilder::new().all(true).build();
        let listed = self.docker.list_containers(Some(options)).await?;
        let (mut containers, mut broken) = Containers::default();
        for summary in listed {
            let names = summary.names.unwrap_or_default();
            let name = names.first().map_or("", |name| name.trim_start_matches('/')).to_owned();
            let networks = summary.network_settings.and_then(|settings| settings.networks);
            let on_its_network = networks.unwrap_or_default().contains_key(RUNTIME_NETWORK);
            let managed = summary.labels.unwrap_or_default().contains_key(OWNER);
            let own = name == "edgeAgent" || name == "edgeHub";
            let id = summary.id.unwrap_or_default();
            let asked = containers.len() + broken.len();
            if !(own || managed || on_its_network) || !is_an_id(&id) || asked >= CONTAINERS {
                continue;
            }
            match self.docker.inspect_container(&id, None).await {
                Ok(answer) => containers.push((name, json(&answer))),
                // It has ended meanwhile.
                Err(Error::DockerResponseServerError { status_code: 404, .. }) => {}
                Err(error) => {
                    let place = format!("containers/{}", clean::line(&name, 128));
                    broken.push((place, self.failure(&error).to_string()));
                }
            }
        }
        Ok((containers, broken))
    }

    /// One answer, made safe to keep.
    fn answered<T: Serialize>(
        &self,
        name: &str,
        answer: Result<Result<T, Error>, tokio::time::error::Elapsed>,
        keep: fn(&Value) -> Value,
        failed: &mut Vec<(String, String)>,
    ) -> Option<Inspection> {
        self.settled(name, answer, failed).map(|answer| inspection(name, &json(&answer), keep))
    }

    /// The answer; what there is in its place is noted.
    fn settled<T>(
        &self,
        name: &str,
        answer: Result<Result<T, Error>, tokio::time::error::Elapsed>,
        failed: &mut Vec<(String, String)>,
    ) -> Option<T> {
        let why = match answer {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) => self.failure(&error).to_string(),
            Err(_) => LogError::Broken("no answer in time".to_owned()).to_string(),
        };
        failed.push((name.to_owned(), why));
        None
    }
}

/// Whether a text is an id, which becomes part of a request's path.
fn is_an_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The runtime's network and the engine's default ones before others, as many as are inspected.
fn the_first(mut listed: Vec<Network>) -> Vec<Network> {
    listed.sort_by_cached_key(|network| {
        let name = network.name.clone().unwrap_or_default();
        let is_needed = name == RUNTIME_NETWORK || DEFAULT_NETWORKS.contains(&name.as_str());
        (!is_needed, name)
    });
    listed.truncate(NETWORKS);
    listed
}

fn json(answer: &impl Serialize) -> Value {
    serde_json::to_value(answer).unwrap_or_default()
}

fn inspection(name: &str, answer: &Value, keep: fn(&Value) -> Value) -> Inspection {
    let text = serde_json::to_string_pretty(&keep(answer)).unwrap_or_default() + "\n";
    let places = text.matches(crate::mask::MASK).count();
    Inspection { name: clean::line(name, 128), answer: Masked { text, places } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_too_many_networks_the_runtime_s_and_the_default_ones_are_inspected() {
        let named = |name: String| Network { name: Some(name), ..Network::default() };
        let mut listed: Vec<Network> =
            (0..100).map(|number| named(format!("a{number:03}"))).collect();
        listed.extend(["bridge", RUNTIME_NETWORK].map(|name| named(name.to_owned())));
        let first = the_first(listed);
        let told: Vec<_> = first.iter().filter_map(|network| network.name.as_deref()).collect();
        assert_eq!((told.len(), &told[..3]), (NETWORKS, &[RUNTIME_NETWORK, "bridge", "a000"][..]));
    }
}
