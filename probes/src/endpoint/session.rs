//! A TLS session with a host that is asked in plain HTTP, whoever it turns out to be.

use std::time::Duration;

use edgeprobe_facts::endpoint::TlsFacts;
use edgeprobe_facts::{Failure, Step};
use tokio::io::{AsyncRead, AsyncWrite};

use super::stores::TrustStores;
use super::tap::{Tap, Wire};
use super::tls::{self, Carriage};
use crate::recorder::Recorder;

/// A stream to speak HTTP over.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// What became of a handshake.
pub(crate) struct Secured {
    pub(crate) facts: TlsFacts,
    /// The session, where the handshake was completed, whatever the certificate.
    pub(crate) stream: Option<Box<dyn Stream>>,
    /// Whether this device accepts the peer, and why not.
    pub(crate) accepted: Result<(), Failure>,
}

/// Makes the handshake for `server`, and holds the chain against each of the stores in turn: the
/// first that accepts it decides.
pub(crate) async fn secure(
    recorder: &mut Recorder,
    limit: Duration,
    socket: Carriage,
    server: &str,
    stores: &[&TrustStores],
) -> Secured {
    let mut handshake = tls::Handshake::new(server);
    let mut session = None;
    let mut facts = TlsFacts::default();
    let accepted = recorder
        .step(Step::Tls, limit, async {
            session = Some(handshake.perform(socket, &[b"http/1.1"]).await?);
            let mut verdict = Ok(());
            for trust in stores {
                facts = handshake.facts(trust);
                verdict = tls::mistrust(&facts, server);
                if verdict.is_ok() {
                    break;
                }
            }
            verdict
        })
        .await;
    if let (None, Some(trust)) = (&session, stores.first()) {
        facts = handshake.facts(trust);
    }
    let accepted = match &session {
        Some(_) => accepted,
        None => accepted.map_err(|failure| tls::in_light_of(failure, handshake.wire())),
    };
    let stream = session.map(|session| Box::new(session) as Box<dyn Stream>);
    Secured { facts, stream, accepted }
}

/// The socket itself as a stream, of which no more is read than of a session.
pub(crate) fn unsecured(socket: Carriage) -> Box<dyn Stream> {
    Box::new(Tap::new(socket, Wire::default()))
}
