//! A filter that reads the server name of a TLS handshake and cuts what it dislikes.

use std::io::{self, Cursor};
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::server::Acceptor;

use super::relay;
use crate::service::Service;
use crate::silence::reset;

const LONGEST_CLIENT_HELLO: usize = 32 * 1024;

/// A filter by server name (SNI) in front of one service.
#[derive(Clone, Debug)]
pub struct NameFilter {
    /// A handshake for this name is reset.
    pub blocked: String,
    /// Where every other handshake goes, unchanged.
    pub upstream: SocketAddr,
}

impl NameFilter {
    /// Takes connections in the service's place.
    pub fn serve(self, listener: TcpListener) -> io::Result<Service> {
        let filter = Arc::new(self);
        Service::spawn(listener, move |stream| {
            let filter = Arc::clone(&filter);
            async move { filter.decide(stream).await }
        })
    }

    async fn decide(&self, mut device: TcpStream) -> io::Result<()> {
        let (name, hello) = client_hello(&mut device).await?;
        if name.is_some_and(|name| name.eq_ignore_ascii_case(&self.blocked)) {
            return reset(device);
        }
        let mut service = TcpStream::connect(self.upstream).await?;
        service.write_all(&hello).await?;
        relay(device, service).await
    }
}

/// Reads a ClientHello: the server name in it, and its bytes to pass on. What is not TLS has no
/// name.
async fn client_hello(device: &mut TcpStream) -> io::Result<(Option<String>, Vec<u8>)> {
    let mut acceptor = Acceptor::default();
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    while bytes.len() < LONGEST_CLIENT_HELLO {
        let count = device.read(&mut buffer).await?;
        let received = buffer.get(..count).unwrap_or_default();
        if received.is_empty() {
            break;
        }
        bytes.extend_from_slice(received);
        acceptor.read_tls(&mut Cursor::new(received))?;
        match acceptor.accept() {
            Ok(None) => {}
            Ok(Some(accepted)) => {
                let name = accepted.client_hello().server_name().map(str::to_owned);
                return Ok((name, bytes));
            }
            Err(_) => break,
        }
    }
    Ok((None, bytes))
}
