//! What containers have written: the engine keeps it, for those that have ended too.

use std::io;
use std::ops::ControlFlow;
use std::time::Duration;

use serde::{Deserialize, Deserializer};
use tokio::time::timeout;

use super::client::few::{Few, each};
use super::client::frames::Frames;
use super::client::{Client, ClientError, LIST, Path, SINGLE};
use super::endpoint::{Endpoint, Places};
use crate::clean;
use crate::mask::mask;

/// Within this the engine must have answered at all.
const PATIENCE: Duration = Duration::from_secs(10);

/// For so long it may be silent in the middle of a log that it does not follow.
const STALLED: Duration = Duration::from_secs(30);

/// Containers that are told of beside the runtime's own.
const CONTAINERS: usize = 256;

/// The names of the runtime's own containers.
const RUNTIME: [&str; 2] = ["edgeAgent", "edgeHub"];

/// Why there are no logs of a container.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// No engine was found where engines are.
    #[error("no container engine is running here")]
    NoEngine,
    /// The engine's address cannot be used.
    #[error("{0}")]
    Unusable(String),
    /// The engine was found and gives no answer, or refuses.
    #[error("the container engine at {endpoint} does not answer: {what}")]
    Engine { endpoint: String, what: String },
    /// The engine was found, and this user may not ask it.
    #[error("this user may not ask the container engine at {endpoint}: {what}")]
    NotPermitted { endpoint: String, what: String },
    /// The engine knows no such container.
    #[error("there is no container `{0}`")]
    NoContainer(String),
    /// The engine stopped in the middle.
    #[error("the engine stopped sending the log: {0}")]
    Broken(String),
}

/// A way to the engine that answers.
pub struct EngineLogs {
    pub(super) client: Client,
    endpoint: String,
}

impl EngineLogs {
    /// Finds the engine that answers.
    pub async fn connect(places: &Places) -> Result<Self, LogError> {
        let endpoints = places.endpoints().map_err(LogError::Unusable)?;
        let mut failed = LogError::NoEngine;
        for endpoint in endpoints {
            match Self::at(&endpoint).await {
                Ok(engine) => return Ok(engine),
                Err(error) if matches!(failed, LogError::NoEngine) => failed = error,
                Err(_) => {}
            }
        }
        Err(failed)
    }

    async fn at(endpoint: &Endpoint) -> Result<Self, LogError> {
        let client = Client::negotiate(endpoint, PATIENCE).await.map_err(|error| {
            let endpoint = endpoint.to_string();
            let what = clean::line(&error.to_string(), 200);
            match error {
                ClientError::Io(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    LogError::NotPermitted { endpoint, what }
                }
                _ => LogError::Engine { endpoint, what },
            }
        })?;
        Ok(Self { client, endpoint: endpoint.to_string() })
    }

    /// The names of all containers, running or not: the runtime's own, and at most 256 others.
    pub async fn containers(&self) -> Result<Vec<String>, LogError> {
        let path = Path::new("/containers/json").with("all", "true");
        let listed = self.client.get(&path, LIST).await;
        let Names(names) = listed.map_err(|error| self.failure(&error))?;
        Ok(names)
    }

    /// Whether a container runs now; not, when the engine does not say.
    pub async fn runs(&self, container: &str) -> bool {
        let path = Path::new("/containers").part(container).then("/json");
        let answer = timeout(PATIENCE, self.client.get::<Inspected>(&path, SINGLE)).await;
        answer.ok().and_then(Result::ok).is_some_and(|answer| answer.state.running)
    }

    /// Hands on what a container has written, each line with its time, until there is no more; if it
    /// is followed, until it ends. `since` is in seconds since 1970.
    pub async fn read(
        &self,
        container: &str,
        since: Option<i64>,
        last: Option<u32>,
        follow: bool,
        mut take: impl FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), LogError> {
        let path = Path::new("/containers")
            .part(container)
            .then("/logs")
            .with("stdout", "true")
            .with("stderr", "true")
            .with("timestamps", "true")
            .with("follow", &follow.to_string())
            .with("tail", &last.map_or_else(|| "all".to_owned(), |lines| lines.to_string()))
            .with("since", &since.unwrap_or_default().to_string());
        let mut log = match self.client.stream(&path).await {
            Ok(log) => log,
            Err(ClientError::Refused { status: 404, .. }) => {
                return Err(LogError::NoContainer(clean::line(container, 80)));
            }
            Err(error) => return Err(self.failure(&error)),
        };
        let mut frames = Frames::default();
        loop {
            let next = if follow {
                log.next().await
            } else {
                let next = timeout(STALLED, log.next()).await;
                next.map_err(|_| LogError::Broken("it was silent for 30 s".to_owned()))?
            };
            let Some(piece) = next.map_err(|error| self.failure(&error))? else { return Ok(()) };
            if frames.take(&piece, |_, bytes| take(bytes)).is_break() {
                return Ok(());
            }
        }
    }

    pub(super) fn failure(&self, error: &ClientError) -> LogError {
        LogError::Engine {
            endpoint: self.endpoint.clone(),
            what: clean::line(&mask(&error.to_string()), 200),
        }
    }
}

/// What is asked of a container: whether it runs.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    state: State,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct State {
    #[serde(default)]
    running: bool,
}

/// The containers' own names in a list of the engine's.
struct Names(Vec<String>);

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Named {
    names: Few<String, 64>,
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut names = Vec::new();
        each(deserializer, |container: Named| {
            // Links add `/other/alias`, and every name begins with a slash.
            let mut all = container.names.0.iter().map(|name| name.trim_start_matches('/'));
            if let Some(own) = all.find(|name| !name.contains('/')) {
                let is_new = || names.iter().all(|name: &String| name != own);
                if names.len() < CONTAINERS || (RUNTIME.contains(&own) && is_new()) {
                    names.push(own.to_owned());
                }
            }
        })?;
        Ok(Self(names))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runtime_s_names_are_told_however_many_others_there_are() {
        let mut listed: Vec<String> =
            (0..300).map(|number| format!(r#"{{"Names": ["/x/y", "/m{number}"]}}"#)).collect();
        listed.extend([r#"{"Names": null}"#, r#"{"Names": ["/edgeAgent"]}"#].map(str::to_owned));
        let json = format!("[{}]", listed.join(","));
        let Names(names) = serde_json::from_str(&json).unwrap();
        assert_eq!(names.len(), CONTAINERS + 1);
        assert_eq!((names[0].as_str(), names[CONTAINERS].as_str()), ("m0", "edgeAgent"));
    }
}
