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
    let performing = handshake.perform(socket, &[b"http/1.1"]);
    let (session, performed) = match recorder.step(Step::Tls, limit, performing).await {
        Ok(session) => (Some(session), Ok(())),
        Err(failure) => (None, Err(tls::in_light_of(failure, handshake.wire()))),
    };
    let mut facts = TlsFacts::default();
    let mut verdict = Ok(());
    for trust in stores {
        facts = handshake.facts(trust, recorder.timeline().remaining()).await;
        verdict = tls::mistrust(&facts, server);
        if verdict.is_ok() || session.is_none() {
            break;
        }
    }
    let accepted = performed.and(verdict);
    recorder.conclude(Step::Tls, &accepted);
    let stream = session.map(|session| Box::new(session) as Box<dyn Stream>);
    Secured { facts, stream, accepted }
}

/// The socket itself as a stream, of which no more is read than of a session.
pub(crate) fn unsecured(socket: Carriage) -> Box<dyn Stream> {
    Box::new(Tap::new(socket, Wire::default()))
}
