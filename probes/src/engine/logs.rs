//! What containers have written: the engine keeps it, for those that have ended too.

use std::io;
use std::ops::ControlFlow;
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::{ListContainersOptionsBuilder, LogsOptionsBuilder};
use futures_util::StreamExt as _;
use tokio::time::timeout;

use super::endpoint::{Endpoint, Places};
use crate::clean;
use crate::mask::mask;

/// Within this the engine must have answered at all.
const PATIENCE: Duration = Duration::from_secs(10);

/// For so long it may be silent in the middle of a log that it does not follow.
const STALLED: Duration = Duration::from_secs(30);

/// Containers that are told of.
const CONTAINERS: usize = 256;

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
    pub(super) docker: Docker,
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
        let failed = |what: String| LogError::Engine {
            endpoint: endpoint.to_string(),
            what: clean::line(&what, 200),
        };
        let reached = timeout(PATIENCE, endpoint.reach()).await;
        reached.map_err(|_| failed("no answer in time".to_owned()))?.map_err(|error| {
            let what = clean::line(&error.to_string(), 200);
            match error.kind() {
                io::ErrorKind::PermissionDenied => {
                    LogError::NotPermitted { endpoint: endpoint.to_string(), what }
                }
                _ => failed(what),
            }
        })?;
        let docker = endpoint.client(PATIENCE).map_err(|error| failed(error.to_string()))?;
        let docker = timeout(PATIENCE, docker.negotiate_version())
            .await
            .map_err(|_| failed("no answer in time".to_owned()))?
            .map_err(|error| failed(error.to_string()))?;
        Ok(Self { docker, endpoint: endpoint.to_string() })
    }

    /// The names of all containers, running or not; at most 256.
    pub async fn containers(&self) -> Result<Vec<String>, LogError> {
        let all = ListContainersOptionsBuilder::default().all(true).build();
        let listed = self.docker.list_containers(Some(all)).await;
        let listed = listed.map_err(|error| self.failure(&error))?;
        let name = |names: Option<Vec<String>>| {
            let own =
                names?.into_iter().find(|name| !name.trim_start_matches('/').contains('/'))?;
            Some(own.trim_start_matches('/').to_owned())
        };
        Ok(listed.into_iter().take(CONTAINERS).filter_map(|one| name(one.names)).collect())
    }

    /// Whether a container runs now; not, when the engine does not say.
    pub async fn runs(&self, container: &str) -> bool {
        let answer = timeout(PATIENCE, self.docker.inspect_container(container, None)).await;
        let state = answer.ok().and_then(Result::ok).and_then(|answer| answer.state);
        state.and_then(|state| state.running).unwrap_or_default()
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
        let options = LogsOptionsBuilder::default()
            .stdout(true)
            .stderr(true)
            .timestamps(true)
            .follow(follow)
            .tail(&last.map_or_else(|| "all".to_owned(), |lines| lines.to_string()))
            .since(since.and_then(|since| i32::try_from(since).ok()).unwrap_or_default())
            .build();
        let mut log = self.docker.logs(container, Some(options));
        loop {
            let next = if follow {
                log.next().await
            } else {
                let next = timeout(STALLED, log.next()).await;
                next.map_err(|_| LogError::Broken("it was silent for 30 s".to_owned()))?
            };
            match next {
                None => return Ok(()),
                Some(Ok(output)) => {
                    if take(&output.into_bytes()).is_break() {
                        return Ok(());
                    }
                }
                Some(Err(Error::DockerResponseServerError { status_code: 404, .. })) => {
                    return Err(LogError::NoContainer(clean::line(container, 80)));
                }
                Some(Err(error)) => return Err(self.failure(&error)),
            }
        }
    }

    pub(super) fn failure(&self, error: &Error) -> LogError {
        LogError::Engine {
            endpoint: self.endpoint.clone(),
            what: clean::line(&mask(&error.to_string()), 200),
        }
    }
}
