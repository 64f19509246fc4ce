//! The whole of it: a name server, a hub, a control host, and what may stand between.

mod builder;
mod fault;
mod plan;
mod trust;
mod wiring;

use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio_rustls::rustls;
use tokio_rustls::rustls::pki_types::CertificateDer;

pub use fault::{Fault, UnknownFault};
pub use plan::{Plan, Ports};

use crate::authority::AuthorityError;
use crate::dns::NameServer;
use crate::service::Service;
use crate::silence::SilentPort;
use builder::Builder;

/// What is to be served, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// The hub's name, such as `demo.azure-devices.net`.
    pub hub: String,
    /// The name of a host beside the hub that a device needs, such as `mcr.microsoft.com`.
    pub control: String,
    /// What is wrong; `None` for a healthy internet.
    pub fault: Option<Fault>,
    /// On which addresses and ports.
    pub plan: Plan,
}

impl Scenario {
    /// A healthy internet on loopback with a hub of this name.
    pub fn on_loopback(hub: &str) -> Self {
        Self {
            hub: hub.to_owned(),
            control: "mcr.microsoft.com".to_owned(),
            fault: None,
            plan: Plan::loopback(),
        }
    }

    /// The same with something wrong.
    #[must_use]
    pub fn with_fault(self, fault: Fault) -> Self {
        Self { fault: Some(fault), ..self }
    }
}

/// What a device has to know of an internet to be part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The name server, over UDP and TCP.
    pub resolver: SocketAddr,
    /// The hub's name.
    pub hub: String,
    /// The address that the hub really has, whatever the name server says.
    pub hub_address: IpAddr,
    /// The hub's ports.
    pub ports: Ports,
    /// A host beside the hub.
    pub control: ControlHost,
    /// The roots in the device's trust store.
    pub device_roots: Vec<CertificateDer<'static>>,
    /// The same in PEM.
    pub device_roots_pem: String,
    /// The roots that the public would trust: the control beside the device's store.
    pub public_roots: Vec<CertificateDer<'static>>,
    /// The same in PEM.
    pub public_roots_pem: String,
    /// The root of whoever would break TLS open on the way, in PEM; nobody trusts it.
    pub interceptor_root_pem: String,
    /// The ports that Edge Hub would map on this device.
    pub edge_hub: Ports,
}

/// A web server beside the hub: it tells a fault of the hub from one of everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlHost {
    /// Its name.
    pub name: String,
    /// Its address and HTTPS port. `/v2/` is answered as a container registry does.
    pub address: SocketAddr,
}

/// A running internet. Everything in it ends when it is stopped or dropped.
#[derive(Debug)]
pub struct Internet {
    layout: Layout,
    running: Vec<Running>,
}

impl Internet {
    /// Starts everything and returns when it serves.
    ///
    /// Must be called within a tokio runtime that drives input, output and time.
    pub async fn start(scenario: Scenario) -> Result<Self, StartError> {
        Builder::new(scenario)?.build().await
    }

    /// What a device has to know of it.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Stops everything and returns when every address is free again.
    pub async fn stop(self) {
        for running in self.running {
            running.stop().await;
        }
    }
}

/// A part of an internet that runs.
#[derive(Debug)]
enum Running {
    Service(Service),
    NameServer(NameServer),
    SilentPort(SilentPort),
}

impl Running {
    async fn stop(self) {
        match self {
            Self::Service(service) => service.stop().await,
            Self::NameServer(server) => server.stop().await,
            Self::SilentPort(port) => drop(port),
        }
    }
}

/// An internet cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A name is not one that a host can have.
    #[error(
        "`{name}` is no host name; hint: letters, digits and hyphens in labels of at most 63 \
         characters, between dots"
    )]
    Name {
        /// The name that was given.
        name: String,
    },
    /// No certificate can be made for the names.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// TLS cannot be set up with a certificate.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// An address or port cannot be had.
    #[error(
        "{what} cannot be served at {address}: {source}; hint: the address must be this machine's \
         and its port free, and ports below 1024 need privilege"
    )]
    Bind {
        /// What was to be served.
        what: &'static str,
        /// Where it was to be served.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// No ports for Edge Hub were found.
    #[error("no free ports for Edge Hub: {0}")]
    EdgeHubPorts(io::Error),
}
