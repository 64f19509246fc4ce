//! Which containers and networks has the engine, and how is it configured?

mod api;
mod container;
mod facts;
mod network;
mod pools;
mod resolvers;
mod settings;

pub use api::{
    ASKED_FROM_1_6, ASKED_UP_TO_1_5, ApiVersion, ApiVersions, AskedVersion, NotAVersion,
};
pub use container::{
    Attachment, Container, ContainerEnvironment, CreateOptions, EDGE_HUB, ExtraHost, PublishedPort,
};
pub use facts::{EngineFacts, EngineKind};
pub use network::{DEFAULT_NETWORKS, Network, NetworkSubnet, RUNTIME_NETWORK, edge_networks};
pub use pools::{Claim, Prediction, predict_subnet};
pub use resolvers::{AskedFrom, ContainerDns, ContainerServer, container_resolvers};
pub use settings::{AddressPool, EngineSettings};
