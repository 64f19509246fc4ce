//! What the engine says of itself, its networks and the runtime's containers, in its own form and
//! without secrets: what is kept is chosen by name, and the rest is dropped.

mod keep;

use std::time::Duration;

use edgeprobe_facts::engine::{DEFAULT_NETWORKS, RUNTIME_NETWORK};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use tokio::time::{error::Elapsed, timeout};

use super::client::few::{Few, Members, each};
use super::client::{ClientError, LIST, Path, SINGLE};
use super::logs::{EngineLogs, LogError};
use crate::clean;
use crate::mask::Masked;

/// How many networks are looked at, and how many networks and containers are inspected.
const LISTED: usize = 4096;
const NETWORKS: usize = 64;
const CONTAINERS: usize = 64;

/// The runtime's label on its containers.
const OWNER: &str = "net.azure-devices.edge.owner";

/// How much text is kept of all answers, in bytes; those of a device with fifty modules make one
/// mebibyte.
const TEXT: usize = 16 * 1024 * 1024;

/// What could be inspected, and what could not, with the reason.
type Inspected = (Vec<Inspection>, Vec<(String, String)>);

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
        let (version, info) = (Path::new("/version"), Path::new("/info"));
        let (version, info, networks, containers) = tokio::join!(
            timeout(limit, self.client.get(&version, SINGLE)),
            timeout(limit, self.client.get(&info, SINGLE)),
            timeout(limit, self.networks()),
            timeout(limit, self.inspect_runtime()),
        );
        let mut all = Inspections::default();
        let failed = &mut all.failed;
        all.version = self.answered("version", version, keep::version, failed);
        all.info = self.answered("info", info, keep::info, failed);
        for (name, settled, kept) in [
            ("networks", networks, &mut all.networks),
            ("containers", containers, &mut all.containers),
        ] {
            let (inspected, broken) = self.settled(name, settled, failed).unwrap_or_default();
            failed.extend(broken);
            *kept = inspected;
        }
        all
    }

    async fn networks(&self) -> Result<Inspected, ClientError> {
        let Networks(listed) = self.client.get(&Path::new("/networks"), LIST).await?;
        let mut inspected = Inspected::default();
        for network in the_first(listed) {
            let name = network.name.unwrap_or_default();
            // Several networks may have one name. The list has no containers in it; the answer for one
            // network has.
            let path = Path::new("/networks").part(&network.id.unwrap_or_default());
            self.look(&mut inspected, ("networks", &name), &path, keep::network).await;
        }
        Ok(inspected)
    }

    async fn inspect_runtime(&self) -> Result<Inspected, ClientError> {
        let path = Path::new("/containers/json").with("all", "true");
        let Containers(listed) = self.client.get(&path, LIST).await?;
        let mut inspected = Inspected::default();
        for (name, id) in listed {
            let path = Path::new("/containers").part(&id).then("/json");
            self.look(&mut inspected, ("containers", &name), &path, keep::container).await;
        }
        Ok(inspected)
    }

    /// Inspects one thing more, unless there is enough text of the others.
    async fn look(
        &self,
        (kept, broken): &mut Inspected,
        (kind, name): (&str, &str),
        path: &Path,
        keep: fn(&Value) -> Value,
    ) {
        let text: usize = kept.iter().map(|inspection| inspection.answer.text.len()).sum();
        if text > TEXT {
            return;
        }
        match self.client.get(path, SINGLE).await {
            Ok(answer) => kept.push(inspection(name, &answer, keep)),
            // It has ended meanwhile.
            Err(ClientError::Refused { status: 404, .. }) => {}
            Err(error) => {
                let place = format!("{kind}/{}", clean::line(name, 128));
                broken.push((place, self.failure(&error).to_string()));
            }
        }
    }

    /// One answer, made safe to keep.
    fn answered(
        &self,
        name: &str,
        answer: Result<Result<Value, ClientError>, Elapsed>,
        keep: fn(&Value) -> Value,
        failed: &mut Vec<(String, String)>,
    ) -> Option<Inspection> {
        self.settled(name, answer, failed).map(|answer| inspection(name, &answer, keep))
    }

    /// The answer; what there is in its place is noted.
    fn settled<T>(
        &self,
        name: &str,
        answer: Result<Result<T, ClientError>, Elapsed>,
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

/// A network in the engine's list.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Network {
    id: Option<String>,
    name: Option<String>,
}

/// The networks of a list that have an id.
struct Networks(Vec<Network>);

impl<'de> Deserialize<'de> for Networks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut networks = Vec::new();
        each(deserializer, |network: Network| {
            let has_id = network.id.as_deref().is_some_and(is_an_id);
            if has_id && networks.len() < LISTED {
                networks.push(network);
            }
        })?;
        Ok(Self(networks))
    }
}

/// A container in the engine's list.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Listed {
    id: Option<String>,
    names: Few<String, 64>,
    labels: Members<Value, 256>,
    network_settings: Option<NetworkSettings>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct NetworkSettings {
    networks: Members<Value, 64>,
}

impl Listed {
    fn name(&self) -> &str {
        self.names.0.first().map_or("", |name| name.trim_start_matches('/'))
    }

    /// Whether it is the runtime's own, one that it manages, or on its network.
    fn concerns_the_runtime(&self) -> bool {
        let networks = self.network_settings.as_ref().map(|settings| &settings.networks);
        self.name() == "edgeAgent"
            || self.name() == "edgeHub"
            || self.labels.get(OWNER).is_some()
            || networks.is_some_and(|networks| networks.get(RUNTIME_NETWORK).is_some())
    }
}

/// The names and ids of those containers of a list that concern the runtime.
struct Containers(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Containers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut containers = Vec::new();
        each(deserializer, |listed: Listed| {
            let id = listed.id.as_deref().filter(|id| is_an_id(id));
            if let Some(id) = id.filter(|_| listed.concerns_the_runtime())
                && containers.len() < CONTAINERS
            {
                containers.push((listed.name().to_owned(), id.to_owned()));
            }
        })?;
        Ok(Self(containers))
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

/// What is kept of an answer, whatever it is taken for.
#[cfg(feature = "fuzzing")]
pub(super) fn of_any(answer: &[u8]) -> Vec<String> {
    let Ok(answer) = serde_json::from_slice(answer) else { return Vec::new() };
    let each = [keep::version, keep::info, keep::network, keep::container];
    each.map(|keep| inspection("any", &answer, keep).answer.text).into()
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
