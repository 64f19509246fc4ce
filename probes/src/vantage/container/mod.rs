//! Asking from a container of edgeprobe's own, where this user may use the engine and is not root.
//!
//! Three processes have part in it. The run asks, as ever. Its keeper, a process beside it, has the
//! containers from the engine and outlives the run by as long as it takes to remove them. The inside
//! is this program in a container, which answers. All of it goes over pipes.

mod archive;
mod guest;
mod host;
mod inside;
mod keeper;
mod leftovers;
mod wire;

pub use guest::Guest;
pub use inside::answer;
pub use keeper::keep;

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use edgeprobe_facts::Vantage;
use guest::Keeper;
use tokio::sync::OnceCell;

use crate::clean;
use crate::endpoint::{Roots, TrustStores};
use crate::engine::local_client;
use crate::recorder::Timeline;

/// The word by which this program becomes a run's keeper.
pub const KEEPER: &str = "keep-containers";

/// The word by which this program answers from inside a container.
pub const INSIDE: &str = "answer-inside";

/// The containers of one run. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Containers(Option<Arc<Shared>>);

#[derive(Debug)]
struct Shared {
    roots: Arc<Roots>,
    keeper: OnceCell<Arc<Keeper>>,
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
    NoKeeper(#[from] io::Error),
    /// The engine would not, or the container does not answer.
    #[error("no container can be had on {network}: {why}\nhint: run as root, which needs none")]
    Refused { network: String, why: String },
}

impl Containers {
    /// Containers that hold certificates against these stores. None is started before it is needed.
    pub fn with(trust: &TrustStores) -> Self {
        Self(Some(Arc::new(Shared { roots: trust.roots(), keeper: OnceCell::new() })))
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
    ) -> Result<Guest, ContainerError> {
        let shared = self.0.as_ref().ok_or(ContainerError::NotAllowed)?;
        // Whoever may not use the engine needs no keeper.
        local_client(timeline.patience()).await.map_err(ContainerError::NoEngine)?;
        let keeper = shared.keeper.get_or_try_init(|| async { Keeper::start().map(Arc::new) });
        let keeper = Arc::clone(keeper.await?);
        let name = format!("edgeprobe-{:016x}", RandomState::new().hash_one(network));
        let started = Guest::start(keeper, name, network, timeline, vantage, &shared.roots).await;
        let network = clean::line(network, 64);
        started.map_err(|why| ContainerError::Refused { network, why })
    }

    /// Has everything removed that was made, and waits for it, but no longer than this: the keeper
    /// ends by itself.
    pub async fn close(&self, patience: Duration) {
        if let Some(keeper) = self.0.as_ref().and_then(|shared| shared.keeper.get()) {
            keeper.close(patience).await;
        }
    }
}
