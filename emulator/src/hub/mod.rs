//! An IoT Hub as a device without an identity sees it, on its three ports.

mod web;

use std::io;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_rustls::{TlsAcceptor, rustls};

use crate::amqp::{self, Amqp};
use crate::authority::Identity;
use crate::http::Clock;
use crate::mqtt::{self, Mqtt};
use crate::protocol::over_stream;
use crate::service::Service;
use crate::tls;

/// What becomes of WebSocket upgrades on the web port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Upgrades {
    /// The hub serves them.
    #[default]
    Served,
    /// A middlebox answers 403 in the hub's stead; plain requests pass.
    Refused,
}

/// The hub's services, each to be started on a listener.
#[derive(Clone)]
pub struct Hub {
    devices: TlsAcceptor,
    web: TlsAcceptor,
    upgrades: Upgrades,
    clock: Clock,
}

impl Hub {
    /// A healthy hub that shows this certificate on every port.
    pub fn new(identity: &Identity) -> Result<Self, rustls::Error> {
        Ok(Self {
            devices: tls::acceptor_asking_for_certificate(identity)?,
            web: tls::acceptor(identity)?,
            upgrades: Upgrades::default(),
            clock: Clock::default(),
        })
    }

    /// The same hub with its upgrades served or refused.
    #[must_use]
    pub fn with_upgrades(self, upgrades: Upgrades) -> Self {
        Self { upgrades, ..self }
    }

    /// The same hub with a clock that may be ahead of the machine's.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Serves AMQP over TLS: port 5671.
    pub fn serve_amqp(&self, listener: TcpListener) -> io::Result<Service> {
        let tls = self.devices.clone();
        Service::spawn(listener, move |stream| {
            let tls = tls.clone();
            async move { over_stream(tls.accept(stream).await?, Amqp::new(amqp::Peer::IotHub)).await }
        })
    }

    /// Serves MQTT over TLS: port 8883.
    pub fn serve_mqtt(&self, listener: TcpListener) -> io::Result<Service> {
        let tls = self.devices.clone();
        Service::spawn(listener, move |stream| {
            let tls = tls.clone();
            async move { over_stream(tls.accept(stream).await?, Mqtt::new(mqtt::Peer::IotHub)).await }
        })
    }

    /// Serves HTTPS, and AMQP and MQTT over WebSocket: port 443.
    pub fn serve_web(&self, listener: TcpListener) -> io::Result<Service> {
        let tls = self.web.clone();
        let site = Arc::new(web::Site { upgrades: self.upgrades, clock: self.clock });
        Service::spawn(listener, move |stream| {
            let (tls, site) = (tls.clone(), Arc::clone(&site));
            async move { site.serve(tls.accept(stream).await?).await }
        })
    }
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub")
            .field("upgrades", &self.upgrades)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}
