//! What the bytes of AMQP and MQTT ride on: the TLS stream itself, or WebSocket frames inside it.

use std::future::Future;
use std::io;

use edgeprobe_facts::{Failure, Step, Token};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_rustls::rustls;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::{self, Message};

use super::tls::{self, EXCERPT};
use crate::clean;

/// So many frames may come before one that carries bytes. A hub sends none; more than this are no
/// courtesy.
const MOST_IDLE_FRAMES: usize = 32;

/// Carries bytes to the peer and back, in order. Where they are cut has no meaning.
pub(super) trait Carrier {
    fn send(&mut self, bytes: &[u8]) -> impl Future<Output = io::Result<()>> + Send;

    /// Appends what comes next; false when the peer has closed.
    fn receive(&mut self, received: &mut Vec<u8>) -> impl Future<Output = io::Result<bool>> + Send;
}

/// The stream itself.
pub(super) struct Plain<S>(pub(super) S);

/// Binary WebSocket frames (RFC 6455); a frame need not hold a whole frame of AMQP.
pub(super) struct Frames<S>(pub(super) WebSocketStream<S>);

/// Says `opening` and listens until `parse` has an answer in what was received.
///
/// `parse` is given everything received so far and answers nothing while it is a beginning that
/// may still become one. No more than `limit` bytes are listened to.
pub(super) async fn converse<A>(
    carrier: &mut impl Carrier,
    step: Step,
    opening: &[u8],
    limit: usize,
    received: &mut Vec<u8>,
    parse: impl Fn(&[u8]) -> Option<A>,
) -> Result<A, Failure> {
    // A peer that closes at once may have said why before: its answer is read in any case.
    let sent = carrier.send(opening).await;
    loop {
        let open = carrier.receive(received).await.map_err(|error| failure(step, &error))?;
        if let Some(answer) = parse(received) {
            return Ok(answer);
        }
        if !open {
            return Err(closed(step, sent, received));
        }
        if received.len() > limit {
            let detail = format!("an answer of more than {limit} bytes");
            return Err(Failure::new(step, unexpected(step), detail));
        }
    }
}

/// Bytes that are not the protocol's, as a failure of this step.
pub(super) fn unexpected_bytes(step: Step, received: &[u8]) -> (Failure, String) {
    let excerpt = clean::bytes(received, EXCERPT);
    (Failure::new(step, unexpected(step), format!("answered \"{excerpt}\"")), excerpt)
}

fn closed(step: Step, sent: io::Result<()>, received: &[u8]) -> Failure {
    match (sent, received.len()) {
        (Err(error), 0) => failure(step, &error),
        (_, 0) => Failure::new(step, Token::ConnectionClosed, "closed without an answer"),
        (_, length) => {
            let detail = format!("closed after {length} bytes, in the middle of an answer");
            Failure::new(step, Token::ConnectionClosed, detail)
        }
    }
}

fn failure(step: Step, error: &io::Error) -> Failure {
    let broken = error.get_ref().and_then(|inner| inner.downcast_ref::<tungstenite::Error>());
    match broken {
        Some(error) => Failure::new(step, unexpected(step), clean::line(&error.to_string(), 160)),
        None if is_too_much(error) => Failure::new(step, unexpected(step), error.to_string()),
        None => tls::failure(step, error),
    }
}

/// Whether a bound of ours was passed, and not the system or TLS that failed.
fn is_too_much(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidData
        && !error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>)
}

/// The word for bytes that are not the step's protocol.
fn unexpected(step: Step) -> Token {
    if step == Step::Mqtt { Token::MqttUnexpectedBytes } else { Token::AmqpUnexpectedBytes }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Carrier for Plain<S> {
    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes).await?;
        self.0.flush().await
    }

    async fn receive(&mut self, received: &mut Vec<u8>) -> io::Result<bool> {
        let mut buffer = [0; 1024];
        let length = self.0.read(&mut buffer).await?;
        received.extend(buffer.iter().take(length));
        Ok(length > 0)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Carrier for Frames<S> {
    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.send(Message::binary(bytes.to_vec())).await.map_err(into_io)
    }

    async fn receive(&mut self, received: &mut Vec<u8>) -> io::Result<bool> {
        for _ in 0..MOST_IDLE_FRAMES {
            let message = match self.0.next().await {
                None | Some(Ok(Message::Close(_))) => return Ok(false),
                Some(Ok(message)) => message,
                Some(Err(error)) if is_close(&error) => return Ok(false),
                Some(Err(error)) => return Err(into_io(error)),
            };
            // Text frames too: what is wrong with them is for the protocol's parser to say.
            if matches!(message, Message::Binary(_) | Message::Text(_)) {
                received.extend_from_slice(&message.into_data());
                return Ok(true);
            }
        }
        let detail = format!("{MOST_IDLE_FRAMES} control frames in place of an answer");
        Err(io::Error::new(io::ErrorKind::InvalidData, detail))
    }
}

fn is_close(error: &tungstenite::Error) -> bool {
    matches!(
        error,
        tungstenite::Error::ConnectionClosed
            | tungstenite::Error::AlreadyClosed
            | tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)
    )
}

fn into_io(error: tungstenite::Error) -> io::Error {
    match error {
        tungstenite::Error::Io(error) => error,
        other => io::Error::new(io::ErrorKind::InvalidData, other),
    }
}
