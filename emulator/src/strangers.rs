//! Servers that are no IoT Hub: a control host, a captive portal, a broker, a block page.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::{TlsAcceptor, rustls};

use crate::amqp::{self, Amqp};
use crate::authority::Identity;
use crate::conversation::over_stream;
use crate::http::{Clock, Request, Response};
use crate::mqtt::{self, Mqtt};
use crate::service::Service;
use crate::tls;

/// The first byte of a TLS handshake record (RFC 8446, section 5.1).
const TLS_HANDSHAKE: u8 = 0x16;

/// A website behind TLS; it answers plain HTTP on the same port as well.
#[derive(Clone)]
pub struct Website {
    tls: TlsAcceptor,
    page: Page,
    clock: Clock,
}

/// What a website answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// A container registry: 200 to `/v2/`, 404 to the rest.
    Registry,
    /// A captive portal: a redirection to its own page, whatever was asked for.
    Portal,
    /// A page of a filter that says so, whatever was asked for.
    BlockPage,
    /// Some company's site: 200 whatever was asked for.
    Homepage,
}

impl Website {
    /// A site that shows this certificate.
    pub fn new(identity: &Identity, page: Page) -> Result<Self, rustls::Error> {
        Ok(Self { tls: tls::acceptor(identity)?, page, clock: Clock::default() })
    }

    /// The same site with a clock that may be ahead of the machine's.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Serves the site on a port, be it the web's or another.
    pub fn serve(self, listener: TcpListener) -> io::Result<Service> {
        let site = Arc::new(self);
        Service::spawn(listener, move |mut stream| {
            let site = Arc::clone(&site);
            async move {
                let mut first = [0];
                stream.peek(&mut first).await?;
                if first == [TLS_HANDSHAKE] {
                    site.answer(&mut site.tls.accept(stream).await?).await
                } else {
                    site.answer(&mut stream).await
                }
            }
        })
    }

    async fn answer(&self, stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<()> {
        let Some(request) = Request::read(stream).await? else { return Ok(()) };
        self.page.response(&request, self.clock).send_and_close(stream).await
    }
}

impl Page {
    fn response(self, request: &Request, clock: Clock) -> Response {
        let response = |status| Response::new(status).header("Date", clock.date());
        let html = |status, text: &str| {
            response(status).body("text/html", format!("<html><body>{text}</body></html>"))
        };
        match self {
            Self::Registry if request.path() == "/v2/" => response("200 OK")
                .header("Docker-Distribution-Api-Version", "registry/2.0")
                .body("application/json", "{}"),
            Self::Registry => html("404 Not Found", "Not found"),
            Self::Portal if request.path() == "/login" => html("200 OK", "Sign in to the network"),
            Self::Portal => response("302 Found")
                .header("Location", "http://portal.emulated.example/login")
                .body("text/html", "<html><body>Sign in to the network</body></html>"),
            Self::BlockPage => html("200 OK", "This name is blocked by policy"),
            Self::Homepage => html("200 OK", "Welcome to our homepage"),
        }
    }
}

impl std::fmt::Debug for Website {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Website")
            .field("page", &self.page)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}

/// Serves AMQP over TLS as a message broker that is no IoT Hub.
pub fn serve_amqp_broker(listener: TcpListener, identity: &Identity) -> io::Result<Service> {
    let tls = tls::acceptor(identity).map_err(io::Error::other)?;
    Service::spawn(listener, move |stream| {
        let tls = tls.clone();
        async move { over_stream(tls.accept(stream).await?, Amqp::new(amqp::Peer::Broker)).await }
    })
}

/// Serves MQTT over TLS as a broker that lets everybody in.
pub fn serve_mqtt_broker(listener: TcpListener, identity: &Identity) -> io::Result<Service> {
    let tls = tls::acceptor(identity).map_err(io::Error::other)?;
    Service::spawn(listener, move |stream| {
        let tls = tls.clone();
        async move { over_stream(tls.accept(stream).await?, Mqtt::new(mqtt::Peer::Broker)).await }
    })
}
