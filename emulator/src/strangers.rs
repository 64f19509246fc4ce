//! Servers that are no IoT Hub: a control host, a captive portal, a broker, a block page.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::{TlsAcceptor, rustls};

use crate::amqp::{self, Amqp};
use crate::authority::Identity;
use crate::http::{Clock, Request, Response};
use crate::mqtt::{self, Mqtt};
use crate::protocol::over_stream;
use crate::service::Service;
use crate::tls;

/// The first byte of a TLS handshake record (RFC 8446, section 5.1).
const TLS_HANDSHAKE: u8 = 0x16;

/// An image without layers, whose configuration is `{}`.
const MANIFEST_TYPE: &str = "application/vnd.docker.distribution.manifest.v2+json";
const MANIFEST: &str = r#"{"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 2, "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}, "layers": []}"#;

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
    /// A container registry that has the runtime's own images, in every version: 200 to `/v2/` and
    /// to what is asked of them, 404 to the rest.
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
            Self::Registry if is_runtime_s(request.path(), "manifests") => {
                response("200 OK").body(MANIFEST_TYPE, MANIFEST)
            }
            Self::Registry if is_runtime_s(request.path(), "blobs") => {
                response("200 OK").body("application/octet-stream", "{}")
            }
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

/// Whether this is a path to what makes up one of the runtime's images.
fn is_runtime_s(path: &str, part: &str) -> bool {
    let path = path.strip_prefix("/v2/azureiotedge-").and_then(|path| path.split_once('/'));
    path.is_some_and(|(_, rest)| rest.starts_with(&format!("{part}/")))
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
