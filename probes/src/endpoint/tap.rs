//! A tap on the TCP stream under TLS: it reads the headers of the records that arrive.
//!
//! TLS libraries keep to themselves two things that a diagnosis rests on: what a peer said that
//! does not speak TLS at all, and that a peer asked to negotiate again.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How much of a peer is listened to, in bytes: several times what a hub says to any probe.
///
/// Higher layers bound their messages, but not what comes between them: empty frames, pings and
/// interim answers, of which a single read can bring millions.
const MOST_BYTES: usize = 256 * 1024;

/// A stream that is read and written as before, while a [`Wire`] notes what arrives.
///
/// A peer that says more than 256 KiB gets no further hearing: reading fails.
#[derive(Debug)]
pub(super) struct Tap<S> {
    stream: S,
    wire: Wire,
    left: usize,
}

/// What has arrived so far. Clones share one record.
#[derive(Clone, Debug, Default)]
pub(super) struct Wire(Arc<Mutex<Records>>);

impl<S> Tap<S> {
    pub(super) fn new(stream: S, wire: Wire) -> Self {
        Self { stream, wire, left: MOST_BYTES }
    }
}

impl Wire {
    /// The first bytes that arrived, if they cannot be TLS.
    pub(super) fn foreign(&self) -> Option<Vec<u8>> {
        let records = self.records();
        records.foreign().then(|| records.beginning.clone())
    }

    /// Whether the peer asked to negotiate again after the handshake (a TLS 1.2 HelloRequest).
    pub(super) fn renegotiation_requested(&self) -> bool {
        // The first handshake record after the peer's ChangeCipherSpec is its Finished. In TLS 1.3
        // every later one is disguised as application data, so there is never a second either.
        self.records().handshakes_after_cipher_change > 1
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const CHANGE_CIPHER_SPEC: u8 = 20;
const HANDSHAKE: u8 = 22;
/// The content types of TLS records, from ChangeCipherSpec to Heartbeat (RFC 6520).
const CONTENT_TYPES: std::ops::RangeInclusive<u8> = 20..=24;
/// How many of the first bytes are kept.
const BEGINNING: usize = 256;

/// The record layer of RFC 5246, section 6.2.1, as far as its headers are in the clear.
#[derive(Debug, Default)]
struct Records {
    beginning: Vec<u8>,
    header: Vec<u8>,
    body_left: usize,
    cipher_changed: bool,
    handshakes_after_cipher_change: usize,
}

impl Records {
    fn read(&mut self, mut bytes: &[u8]) {
        let kept = bytes.len().min(BEGINNING.saturating_sub(self.beginning.len()));
        self.beginning.extend(bytes.iter().take(kept));

        while !bytes.is_empty() {
            let wanted = if self.body_left > 0 { self.body_left } else { 5 - self.header.len() };
            let (now, later) = bytes.split_at(wanted.min(bytes.len()));
            bytes = later;
            if self.body_left > 0 {
                self.body_left -= now.len();
                continue;
            }
            self.header.extend(now);
            if let [kind, _, _, high, low] = *self.header.as_slice() {
                self.begin(kind, usize::from(u16::from_be_bytes([high, low])));
                self.header.clear();
            }
        }
    }

    fn begin(&mut self, kind: u8, length: usize) {
        self.body_left = length;
        if kind == CHANGE_CIPHER_SPEC {
            self.cipher_changed = true;
        } else if kind == HANDSHAKE && self.cipher_changed {
            self.handshakes_after_cipher_change += 1;
        }
    }

    fn foreign(&self) -> bool {
        match self.beginning.as_slice() {
            [] => false,
            [kind] => !CONTENT_TYPES.contains(kind),
            [kind, major, ..] => !CONTENT_TYPES.contains(kind) || *major != 3,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left == 0 {
            let error = io::Error::new(io::ErrorKind::InvalidData, "the answer has no end");
            return Poll::Ready(Err(error));
        }
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let arrived = buffer.filled().get(before..).unwrap_or_default();
        self.left = self.left.saturating_sub(arrived.len());
        self.wire.records().read(arrived);
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(kind: u8, length: u16) -> Vec<u8> {
        let mut bytes = vec![kind, 3, 3];
        bytes.extend(length.to_be_bytes());
        bytes.extend(std::iter::repeat_n(0x16, usize::from(length)));
        bytes
    }

    fn handshake() -> Vec<u8> {
        [record(22, 90), record(22, 3000), record(20, 1), record(22, 40), record(23, 500)].concat()
    }

    fn wire(bytes: &[u8]) -> Wire {
        let wire = Wire::default();
        wire.records().read(bytes);
        wire
    }

    #[test]
    fn finished_alone_is_no_renegotiation() {
        assert!(!wire(&handshake()).renegotiation_requested());
    }

    #[test]
    fn a_handshake_record_after_finished_is_one_however_it_is_split() {
        let bytes = [handshake(), record(22, 28)].concat();
        for split in 0..bytes.len() {
            let wire = wire(&bytes[..split]);
            wire.records().read(&bytes[split..]);
            assert!(wire.renegotiation_requested(), "split at {split}");
            assert_eq!(wire.foreign(), None);
        }
    }

    #[test]
    fn what_is_not_tls_is_kept() {
        assert_eq!(wire(b"HTTP/1.1 400").foreign().as_deref(), Some(&b"HTTP/1.1 400"[..]));
        assert_eq!(wire(b"\x16").foreign(), None);
        assert!(wire(b"\x16\x01").foreign().is_some());
        assert_eq!(wire(b"").foreign(), None);
    }

    #[tokio::test]
    async fn a_peer_without_end_is_heard_for_a_while_only() {
        use tokio::io::AsyncReadExt;
        let mut tap = Tap::new(tokio::io::repeat(0), Wire::default());
        let mut heard = 0;
        let mut buffer = [0; 4096];
        let error = loop {
            match tap.read(&mut buffer).await {
                Ok(count) => heard += count,
                Err(error) => break error,
            }
        };
        assert_eq!(heard, MOST_BYTES);
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    proptest! {
        #[test]
        fn no_bytes_upset_it(bytes: Vec<u8>) {
            let wire = wire(&bytes);
            prop_assert!(wire.records().beginning.len() <= BEGINNING);
            prop_assert!(wire.records().header.len() < 5);
        }
    }
}
