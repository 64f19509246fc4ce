//! Which containers does the engine run, and what do they publish?

mod containers;
mod endpoint;
mod facts;

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(not(unix), path = "elsewhere.rs")]
mod local;

pub use endpoint::Places;
pub use facts::{Container, EngineFacts, PublishedPort};

use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error;

use crate::clean;
use crate::observation::{Facts, Failure, Observation, Outcome, Step, Token, Vantage};
use crate::recorder::{Recorder, Timeline};
use endpoint::Endpoint;

/// Asks this device's container engine for its version and its running containers.
///
/// Skipped when no engine is installed, which is no fault: a device can be checked before.
pub async fn inspect(timeline: Timeline, vantage: &Vantage) -> Observation {
    inspect_in(timeline, vantage, &Places::of_this_device()).await
}

/// As [`inspect`], with an engine that is looked for in these places.
pub async fn inspect_in(timeline: Timeline, vantage: &Vantage, places: &Places) -> Observation {
    let mut recorder = Recorder::start(timeline);
    let mut facts = EngineFacts { endpoint: places.describe(), ..EngineFacts::default() };
    let program = places.program();
    facts.installed = program.is_some();

    let result = match places.endpoints() {
        Err(problem) => Err(not_answering(problem)),
        Ok(endpoints) if endpoints.is_empty() => match program {
            None => Ok(()),
            Some(program) => Err(not_answering(format!(
                "{} is installed, but there is no socket at {}",
                program.display(),
                places.describe()
            ))),
        },
        Ok(endpoints) => {
            facts.installed = true;
            ask_in_turn(&mut recorder, &endpoints, &mut facts).await
        }
    };

    let absent = result.is_ok() && !facts.installed;
    let mut observation =
        recorder.finish(vantage, "engine", facts.endpoint.clone(), result, Facts::Engine(facts));
    if absent {
        observation.outcome = Outcome::Skipped;
    }
    observation
}

/// Asks each endpoint until one answers. When none does, the first one's failure stands.
async fn ask_in_turn(
    recorder: &mut Recorder,
    endpoints: &[Endpoint],
    facts: &mut EngineFacts,
) -> Result<(), Failure> {
    let mut failed = None;
    for endpoint in endpoints {
        if failed.is_none() {
            facts.endpoint = endpoint.to_string();
        }
        // A socket that is silent must leave time for the next one.
        let limit = recorder.timeline().patience();
        match recorder.step(Step::Engine, limit, ask(endpoint, limit)).await {
            Ok((version, containers)) => {
                facts.endpoint = endpoint.to_string();
                facts.version = version;
                facts.containers = containers;
                return Ok(());
            }
            Err(failure) => failed = failed.or(Some(named(endpoint, failure))),
        }
    }
    failed.map_or(Ok(()), Err)
}

/// The engine's version and its running containers.
async fn ask(
    endpoint: &Endpoint,
    limit: Duration,
) -> Result<(Option<String>, Vec<Container>), Failure> {
    // A connection of our own first: its error says plainly what stands in the way.
    endpoint.reach().await.map_err(|error| match error.kind() {
        std::io::ErrorKind::PermissionDenied => Failure::new(
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
    let version = version(&docker).await?;
    let containers = containers::running(&docker).await.map_err(|error| engine_failure(&error))?;
    Ok((version, containers))
}

async fn version(docker: &Docker) -> Result<Option<String>, Failure> {
    let answer = docker.version().await.map_err(|error| engine_failure(&error))?;
    Ok(answer.version.map(|version| clean::line(&version, 64)))
}

/// The failure of an engine that took the connection and did not answer well.
fn engine_failure(error: &Error) -> Failure {
    match error {
        Error::DockerResponseServerError { status_code: 401 | 403, message } => Failure::new(
            Step::Engine,
            Token::EnginePermissionDenied,
            clean::line(&format!("the engine refuses: {message}"), 240),
        ),
        Error::RequestTimeoutError => not_answering("no answer in time".to_owned()),
        _ => not_answering(clean::line(&error.to_string(), 240)),
    }
}

fn not_answering(detail: String) -> Failure {
    Failure::new(Step::Engine, Token::EngineNotAnswering, detail)
}

/// The failure with the endpoint in front, and with silence in the engine's own word.
fn named(endpoint: &Endpoint, failure: Failure) -> Failure {
    let Failure { step, token, detail } = failure;
    let token = if token == Token::TimedOut { Token::EngineNotAnswering } else { token };
    Failure { step, token, detail: format!("{endpoint}: {detail}") }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
