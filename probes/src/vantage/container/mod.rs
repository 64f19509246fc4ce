//! Asking from a container of edgeprobe's own, where this user may use the engine and is not root.
//!
//! Three processes take part. The run asks. The cleanup process starts the containers and removes them
//! after the run has ended. This program runs in each container and answers. They talk over pipes.

mod archive;
mod cleanup_process;
mod helper_container;
mod host;
mod inside;
mod leftovers;
mod wire;

pub use cleanup_process::remove_containers_after_run;
pub use helper_container::HelperContainer;
pub use inside::answer;

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use edgeprobe_facts::Vantage;
use helper_container::CleanupProcess;
use tokio::sync::OnceCell;

use crate::clean;
use crate::endpoint::{Roots, TrustStores};
use crate::engine::local_client;
use crate::recorder::Timeline;

/// The command of the cleanup process.
pub const REMOVE_CONTAINERS: &str = "remove-containers";

/// The command of this program in a container.
pub const INSIDE: &str = "answer-inside";

/// The containers of one run. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Containers(Option<Arc<Shared>>);

#[derive(Debug)]
struct Shared {
    roots: Arc<Roots>,
    cleanup: OnceCell<Arc<CleanupProcess>>,
}

/// No container could be had on a network.
#[derive(Debug, thiserror::Error)]
pub enum ContainerError {
    /// The user of this program wants none.
    #[error("edgeprobe was told to start no container")]
    NotAllowed,
    /// There is no engine on this device that this user may use.
    #[error("no container can be started: {0}")]
    NoEngine(String),
    /// The process that has the containers could not be started.
    #[error("no container can be started: the process that would keep it does not start: {0}")]
    NoCleanupProcess(#[from] io::Error),
    /// The engine would not, or the container does not answer.
    #[error("no container can be had on {network}: {why}\nhint: run as root, which needs none")]
    Refused { network: String, why: String },
}

impl Containers {
    /// Containers that hold certificates against these stores. None is started before it is needed.
    pub fn with(trust: &TrustStores) -> Self {
        Self(Some(Arc::new(Shared { roots: trust.roots(), cleanup: OnceCell::new() })))
    }

    /// No containers.
    pub fn none() -> Self {
        Self(None)
    }

    /// Starts a container on a network, and returns when it is ready to be asked.
    pub(super) async fn start(
        &self,
        timeline: Timeline,
        network: &str,
        vantage: &Vantage,
    ) -> Result<HelperContainer, ContainerError> {
        let shared = self.0.as_ref().ok_or(ContainerError::NotAllowed)?;
        // Without access to the engine no cleanup process is needed.
        local_client(timeline.patience()).await.map_err(ContainerError::NoEngine)?;
        let cleanup =
            shared.cleanup.get_or_try_init(|| async { CleanupProcess::start().map(Arc::new) });
        let cleanup = Arc::clone(cleanup.await?);
        let name = format!("edgeprobe-{:016x}", RandomState::new().hash_one(network));
        let started =
            HelperContainer::start(cleanup, name, network, timeline, vantage, &shared.roots).await;
        let network = clean::line(network, 64);
        started.map_err(|why| ContainerError::Refused { network, why })
    }

    /// Tells the cleanup process to remove everything, and waits for at most `patience`. It
    /// finishes by itself.
    pub async fn close(&self, patience: Duration) {
        if let Some(cleanup) = self.0.as_ref().and_then(|shared| shared.cleanup.get()) {
            cleanup.close(patience).await;
        }
    }
}
