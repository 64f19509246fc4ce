//! Going by a proxy: the tunnel to a host, and what the proxy says of it.

use std::time::Duration;

use edgeprobe_facts::endpoint::ViaFacts;
use edgeprobe_facts::{Failure, Step};
use tokio::net::TcpStream;

use super::stores::TrustStores;
use super::tls::{self, Carriage};
use crate::proxy::open_tunnel;

/// Has the proxy at the other end of `socket` open a tunnel to a host's port.
///
/// Credentials are sent to nobody whose certificate the device does not accept. The whole is to end
/// within `limit`, which is for the caller to see to.
pub(crate) async fn through(
    socket: TcpStream,
    facts: &mut ViaFacts,
    (server, port): (&str, u16),
    trust: &TrustStores,
    limit: Duration,
) -> Result<Carriage, Failure> {
    let mut stream: Carriage = Box::new(socket);
    if facts.url.tls() {
        let secured = secured(stream, facts, trust, limit / 2).await;
        stream = Box::new(secured.map_err(at_the_proxy)?);
    }
    open_tunnel(&mut stream, &facts.url, (server, port), &mut facts.answer).await?;
    Ok(stream)
}

/// The TLS session with the proxy itself.
async fn secured(
    stream: Carriage,
    facts: &mut ViaFacts,
    trust: &TrustStores,
    patience: Duration,
) -> Result<tls::Stream, Failure> {
    let host = facts.url.host().to_owned();
    let mut handshake = tls::Handshake::new(&host);
    let session = handshake.perform(stream, &[b"http/1.1"]).await;
    let seen = handshake.facts(trust, patience).await;
    let session = session.map_err(|failure| tls::in_light_of(failure, handshake.wire()))?;
    let accepted = tls::mistrust(&seen, &host);
    facts.tls = Some(seen);
    accepted.map(|()| session)
}

/// A failure of the handshake with the proxy: the hub's own has not begun.
fn at_the_proxy(failure: Failure) -> Failure {
    Failure { step: Step::Proxy, ..failure }
}
