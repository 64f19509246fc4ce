//! Going by a proxy: the tunnel to a host, and what the proxy says of it.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;

use super::stores::TrustStores;
use super::tls::{self, Carriage};
use crate::observation::{Failure, Step};
use crate::proxy::{ProxyAnswer, ProxyUrl, open_tunnel};
use crate::runtime::Part;

/// A proxy to go by, and the part of the device that is told of it.
///
/// Parts that are told of the same URL share one question: the first that is known asks it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Via {
    // A question goes whole to this program's own process in a container, and nowhere else; what is
    // reported is `ViaFacts`.
    #[serde(with = "crate::proxy::with_credentials")]
    pub url: ProxyUrl,
    pub part: Part,
}

/// The proxy that a connection went by. Its address is the connection's peer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ViaFacts {
    pub url: ProxyUrl,
    /// The part that is told of it, the first one where several are.
    pub part: Part,
    /// What it answered to CONNECT; absent when no answer came that could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<ProxyAnswer>,
    /// The session with the proxy itself, where its URL asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<super::TlsFacts>,
}

impl ViaFacts {
    pub(crate) fn of(via: &Via) -> Self {
        Self { url: via.url.clone(), part: via.part, answer: None, tls: None }
    }
}

/// Writes a phrase without blanks, so that it can stand in an id.
impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("by-proxy-of-")?;
        self.part.serialize(f)
    }
}

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
