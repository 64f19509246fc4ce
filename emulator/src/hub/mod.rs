//! An IoT Hub as a device without an identity sees it, on its three ports.

mod web;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::time::timeout;
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

/// What becomes of MQTT's CONNECT when it arrives together with the end of the TLS handshake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EarlyConnects {
    /// It is answered as any other.
    #[default]
    Answered,
    /// It is lost, as in Edge Hub 1.6.0 and 1.6.1 (<https://github.com/Azure/iotedge/pull/7539>).
    Lost,
}

/// How soon after the handshake bytes are lost with it.
const EARLY: Duration = Duration::from_millis(100);

/// The hub's services, each to be started on a listener.
#[derive(Clone)]
pub struct Hub {
    devices: TlsAcceptor,
    web: TlsAcceptor,
    upgrades: Upgrades,
    early_connects: EarlyConnects,
    clock: Clock,
}

impl Hub {
    /// A healthy hub that shows this certificate on every port.
    pub fn new(identity: &Identity) -> Result<Self, rustls::Error> {
        Ok(Self {
            devices: tls::acceptor_asking_for_certificate(identity)?,
            web: tls::acceptor(identity)?,
            upgrades: Upgrades::default(),
            early_connects: EarlyConnects::default(),
            clock: Clock::default(),
        })
    }

    /// The same hub with its upgrades served or refused.
    #[must_use]
    pub fn with_upgrades(self, upgrades: Upgrades) -> Self {
        Self { upgrades, ..self }
    }

    /// The same hub, answering a CONNECT that comes early or losing it.
    #[must_use]
    pub fn with_early_connects(self, early_connects: EarlyConnects) -> Self {
        Self { early_connects, ..self }
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
        let (tls, early_connects) = (self.devices.clone(), self.early_connects);
        Service::spawn(listener, move |stream| {
            let tls = tls.clone();
            async move {
                let mut stream = tls.accept(stream).await?;
                if early_connects == EarlyConnects::Lost {
                    // Whether something came and was lost, or nothing did: the exchange goes on.
                    let _ = timeout(EARLY, stream.read(&mut [0; 4096])).await;
                }
                over_stream(stream, Mqtt::new(mqtt::Peer::IotHub)).await
            }
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
            .field("early_connects", &self.early_connects)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}
