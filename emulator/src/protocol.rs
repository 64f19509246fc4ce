//! A protocol apart from what carries it: bytes in, bytes out.
//!
//! AMQP and MQTT come over a TLS stream and inside WebSocket frames; each is written once, without
//! input or output, and carried by either.

use std::io;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::service::MOST_BYTES;

/// The server's side of a protocol.
pub trait Protocol: Send {
    /// Takes what the peer sent, which may be any part of anything, and says what to do.
    fn receive(&mut self, bytes: &[u8]) -> Turn;
}

/// What a server does next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// What it sends; often nothing.
    pub send: Vec<u8>,
    /// Whether it closes the connection afterwards.
    pub close: bool,
}

impl Turn {
    /// Sends these bytes and waits for more.
    pub fn send(bytes: impl Into<Vec<u8>>) -> Self {
        Self { send: bytes.into(), close: false }
    }

    /// Sends these bytes and closes.
    pub fn close(bytes: impl Into<Vec<u8>>) -> Self {
        Self { send: bytes.into(), close: true }
    }
}

/// Carries a protocol over a stream, until either side ends it.
pub async fn over_stream(
    stream: impl AsyncRead + AsyncWrite + Send,
    mut protocol: impl Protocol,
) -> io::Result<()> {
    let (reader, mut writer) = tokio::io::split(stream);
    let mut reader = reader.take(MOST_BYTES);
    let mut buffer = vec![0; 4096];
    loop {
        let count = reader.read(&mut buffer).await?;
        let received = buffer.get(..count).unwrap_or_default();
        if received.is_empty() {
            break;
        }
        let turn = protocol.receive(received);
        writer.write_all(&turn.send).await?;
        writer.flush().await?;
        if turn.close {
            break;
        }
    }
    writer.shutdown().await
}

/// Carries a protocol in binary frames, until either side ends it.
pub async fn over_websocket<S>(
    mut socket: WebSocketStream<S>,
    mut protocol: Box<dyn Protocol>,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let mut left = MOST_BYTES;
    while let Some(message) = socket.next().await {
        let Message::Binary(bytes) = message.map_err(io_error)? else { continue };
        left = left.saturating_sub(bytes.len() as u64);
        let turn = protocol.receive(&bytes);
        if !turn.send.is_empty() {
            socket.send(Message::Binary(turn.send.into())).await.map_err(io_error)?;
        }
        if turn.close || left == 0 {
            break;
        }
    }
    match socket.close(None).await {
        Ok(()) | Err(Error::ConnectionClosed | Error::AlreadyClosed) => Ok(()),
        Err(error) => Err(io_error(error)),
    }
}

fn io_error(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        other => io::Error::other(other),
    }
}
