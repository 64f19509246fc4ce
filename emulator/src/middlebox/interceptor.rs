//! A proxy that breaks TLS open: its own certificate outside, the real service behind.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::{TlsAcceptor, TlsConnector, rustls};

use super::relay;
use crate::authority::Identity;
use crate::service::Service;
use crate::tls;

/// A TLS-inspecting proxy in front of one service.
#[derive(Clone)]
pub struct Interceptor {
    outside: TlsAcceptor,
    inside: TlsConnector,
    upstream: SocketAddr,
    upstream_name: ServerName<'static>,
}

impl Interceptor {
    /// A proxy that shows `identity` and relays to the service of this name at `upstream`, whose
    /// certificate must lead to one of `roots`.
    pub fn new(
        identity: &Identity,
        upstream: SocketAddr,
        upstream_name: ServerName<'static>,
        roots: &[CertificateDer<'static>],
    ) -> Result<Self, rustls::Error> {
        let outside = tls::acceptor(identity)?;
        let inside = tls::connector(roots)?;
        Ok(Self { outside, inside, upstream, upstream_name })
    }

    /// Takes connections in the service's place.
    pub fn serve(self, listener: TcpListener) -> io::Result<Service> {
        Service::spawn(listener, move |stream| {
            let proxy = self.clone();
            async move {
                let device = proxy.outside.accept(stream).await?;
                let upstream = TcpStream::connect(proxy.upstream).await?;
                let service = proxy.inside.connect(proxy.upstream_name, upstream).await?;
                relay(device, service).await
            }
        })
    }
}
