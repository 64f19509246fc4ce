//! Containers' logs, from the engine.

use std::ops::ControlFlow;

use edgeprobe_probes::engine::{EngineLogs, LogError, Places};
use tokio::runtime::Runtime;

use super::{How, Input, Log, Obstacle, Piece, SourceError, Take};

/// The containers that the runtime itself consists of.
pub const RUNTIME_CONTAINERS: [&str; 2] = ["edgeAgent", "edgeHub"];

/// Which of the runtime's containers are there, running or not. None where there is no engine.
pub fn runtime_containers() -> Result<Vec<String>, SourceError> {
    let all = names_of_containers()?;
    Ok(RUNTIME_CONTAINERS
        .iter()
        .filter(|name| all.iter().any(|one| one == *name))
        .map(ToString::to_string)
        .collect())
}

/// The names of all containers, running or not. None where there is no engine.
pub fn names_of_containers() -> Result<Vec<String>, SourceError> {
    let names = runtime()?.block_on(async {
        EngineLogs::connect(&Places::of_this_device()).await?.containers().await
    });
    match names {
        Ok(names) => Ok(names),
        Err(LogError::NoEngine) => Ok(Vec::new()),
        Err(error) => Err(problem(&error)),
    }
}

pub(super) fn read(name: &str, how: &How, take: &mut Take<'_>) -> Result<(), SourceError> {
    let runtime = runtime()?;
    let result = runtime.block_on(async {
        let engine = EngineLogs::connect(&Places::of_this_device()).await?;
        let log = Log {
            name: Input::Container(name.to_owned()).name(),
            container: Some(edgeprobe_facts::clean::line(name, 80)),
            live: engine.runs(name).await,
        };
        let mut is_begun = false;
        let since = how.since.map(|since| since.div_euclid(1_000));
        let mut begin = |take: &mut Take<'_>| {
            if is_begun {
                return ControlFlow::Continue(());
            }
            is_begun = true;
            take(Piece::Begins(log.clone()))
        };
        let read = engine.read(name, since, how.last, how.follow, |bytes| {
            begin(take)?;
            if how.stopped() { ControlFlow::Break(()) } else { take(Piece::Bytes(bytes)) }
        });
        tokio::select! {
            result = read => result?,
            () = stopped(how) => {}
        }
        // A container that has written nothing is a log without lines.
        let _ = begin(take);
        Ok(())
    });
    runtime.shutdown_background();
    result.map_err(|error| problem(&error))
}

/// Ends when reading is to end.
async fn stopped(how: &How) {
    while !how.stopped() {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

fn runtime() -> Result<Runtime, SourceError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| SourceError::new(format!("cannot ask the engine: {error}")))
}

fn problem(error: &LogError) -> SourceError {
    let hint = match error {
        LogError::NoEngine => "give log files, or set DOCKER_HOST",
        LogError::Unusable(_) => "correct it, or unset it for this device's own engine",
        LogError::NoContainer(_) => "`docker ps --all` lists the containers",
        LogError::NotPermitted { .. } => "run it as root, or as a member of the engine's group",
        LogError::Engine { .. } => {
            "see whether it runs (`systemctl status docker`), or give log files"
        }
        LogError::Broken(_) => "save the log with `docker logs NAME >FILE 2>&1`, and give the file",
    };
    let obstacle = match error {
        LogError::NoEngine => Obstacle::NoEngine,
        LogError::NoContainer(_) => Obstacle::Absent,
        LogError::NotPermitted { .. } => Obstacle::NotPermitted,
        LogError::Unusable(_) | LogError::Engine { .. } | LogError::Broken(_) => Obstacle::Other,
    };
    SourceError::new(error.to_string()).hint(hint).because(obstacle)
}
