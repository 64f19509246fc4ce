//! Which containers and networks has the engine, and how is it configured?

mod api;
pub(crate) mod client;
mod command_line;
mod endpoint;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod inspection;
mod logs;
mod registries;
mod settings;

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(not(unix), path = "elsewhere.rs")]
mod local;

pub use endpoint::Places;
pub use inspection::{Inspection, Inspections};
pub use logs::{EngineLogs, LogError};

use edgeprobe_facts::engine::EngineFacts;
use edgeprobe_facts::{Facts, Failure, Observation, Outcome, Step, Token, Vantage};
use endpoint::Endpoint;

use crate::recorder::{Recorder, Timeline};

/// Asks this device's container engine for its version, its running containers and its networks,
/// and reads its settings, which an engine that does not answer has too.
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
    facts.settings =
        settings::read(places.settings(), places.pid_files(), timeline.patience() / 4).await;

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

/// A client of this device's own engine, whose requests end within `limit`.
///
/// Errors say in one line why there is no engine.
#[cfg(target_os = "linux")]
pub(crate) async fn local_client(limit: std::time::Duration) -> Result<client::Client, String> {
    let mut problem = "there is no engine's socket".to_owned();
    for endpoint in Places::of_this_device().endpoints()? {
        match endpoint.local_client(limit).await {
            Ok(client) => return Ok(client),
            Err(error) => {
                problem = format!("{endpoint}: {}", crate::clean::line(&error.to_string(), 160));
            }
        }
    }
    Err(problem)
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
        // Boxed, for many answers are waited for at once.
        let asking = Box::pin(api::ask(endpoint, limit, facts));
        match recorder.step(Step::Engine, limit, asking).await {
            Ok(()) => {
                facts.endpoint = endpoint.to_string();
                return Ok(());
            }
            Err(failure) => failed = failed.or(Some(named(endpoint, failure))),
        }
    }
    failed.map_or(Ok(()), Err)
}

fn not_answering(detail: String) -> Failure {
    Failure::new(Step::Engine, Token::EngineNotAnswering, detail)
}

/// The failure with the endpoint in front, and with silence in the engine's own word.
fn named(endpoint: &Endpoint, mut failure: Failure) -> Failure {
    if failure.token == Token::TimedOut {
        failure.token = Token::EngineNotAnswering;
    }
    failure.detail = format!("{endpoint}: {}", failure.detail);
    failure
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
