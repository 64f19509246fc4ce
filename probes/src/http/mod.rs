//! HTTP/1.1 over a stream that is open already: a request, the head of its answer, and as much of
//! the body as is wanted. Bounded in every direction.
//!
//! An HTTP library keeps neither the headers of an answer that it does not like nor their time, and
//! reads no further than it must; here all of that is evidence.

mod body;
mod head;

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use self::body::Body;
pub(crate) use self::head::Head;
use crate::clean;

/// The longest head of an answer that is read, in bytes.
const MAX_HEAD: usize = 32 * 1024;

/// How much of what came in place of an answer is shown, in characters.
const EXCERPT: usize = 120;

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    /// The peer closed the stream and said nothing.
    Closed,
    /// The stream failed.
    Failed {
        error: io::Error,
        /// What had come before.
        received: Vec<u8>,
    },
    /// What came is not the head of an answer.
    NotHttp { reason: String, received: Vec<u8> },
}

impl NoAnswer {
    /// The beginning of what came in place of an answer, cleaned; empty where nothing came.
    pub(crate) fn excerpt(&self) -> String {
        match self {
            Self::Closed => String::new(),
            Self::Failed { received, .. } | Self::NotHttp { received, .. } => {
                clean::bytes(received, EXCERPT)
            }
        }
    }
}

/// An answer whose body is wanted.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) status: u16,
    head: Head,
    /// The body, decoded, up to the limit that was set.
    pub(crate) body: Vec<u8>,
    /// Whether another request may be sent over the same stream.
    pub(crate) reusable: bool,
}

impl Message {
    /// The first header of this name, which is given in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    /// Every header of this name, which is given in lower case.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.head.all(name)
    }
}

/// Sends a request, and reads the head of its first final answer and what came with it.
pub(crate) async fn ask(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin + ?Sized),
    request: &str,
) -> Result<(Head, Vec<u8>), NoAnswer> {
    // A peer that answers and closes before it has read the whole is heard all the same.
    let sent = send(stream, request).await;
    let mut received = Vec::new();
    loop {
        let open = match read(stream, &mut received).await {
            Ok(open) => open,
            Err(error) => return Err(NoAnswer::Failed { error, received }),
        };
        match Head::parse(&received) {
            Ok(Some((head, length))) => {
                let rest = received.split_off(length.min(received.len()));
                return Ok((head, rest));
            }
            Ok(None) if open && received.len() <= MAX_HEAD => {}
            Ok(None) if !open && received.is_empty() => {
                return Err(match sent {
                    Ok(()) => NoAnswer::Closed,
                    Err(error) => NoAnswer::Failed { error, received },
                });
            }
            Ok(None) => {
                let reason = "its head never ends".to_owned();
                return Err(NoAnswer::NotHttp { reason, received });
            }
            Err(error) => {
                return Err(NoAnswer::NotHttp { reason: error.to_string(), received });
            }
        }
    }
}

/// Sends a request and reads its answer, with no more than `most` bytes of its body.
pub(crate) async fn exchange(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin + ?Sized),
    request: &str,
    most: usize,
) -> Result<Message, NoAnswer> {
    let (head, rest) = ask(stream, request).await?;
    let mut body = Body::after_head(&head, rest);
    let whole = body.read(stream, most).await;
    let reusable = whole && body.is_delimited() && !head.closes();
    let mut body = body.content();
    body.truncate(most);
    Ok(Message { status: head.status, head, body, reusable })
}

/// The beginning of a body, as text: as much as comes before the caller loses patience.
#[derive(Debug)]
pub(crate) struct Excerpt {
    body: Body,
    most: usize,
}

impl Excerpt {
    /// The excerpt of an answer, of which this came with the head.
    pub(crate) fn after_head(head: &Head, rest: Vec<u8>, most: usize) -> Self {
        Self { body: Body::after_head(head, rest), most }
    }

    /// Reads on until there is enough or the body ends.
    pub(crate) async fn read(&mut self, stream: &mut (impl AsyncRead + Unpin + ?Sized)) {
        self.body.read(stream, self.most).await;
    }

    /// What there is, cleaned; nothing when there is nothing to show.
    pub(crate) fn text(&self) -> Option<String> {
        let text = clean::bytes(&self.body.content(), self.most);
        (!text.is_empty()).then_some(text)
    }
}

async fn send(stream: &mut (impl AsyncWrite + Unpin + ?Sized), request: &str) -> io::Result<()> {
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await
}

/// Appends what comes next; false when the peer has closed.
async fn read(
    stream: &mut (impl AsyncRead + Unpin + ?Sized),
    received: &mut Vec<u8>,
) -> io::Result<bool> {
    let mut buffer = [0; 4096];
    let length = stream.read(&mut buffer).await?;
    received.extend(buffer.iter().take(length));
    Ok(length > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answer(bytes: &[u8], most: usize) -> Result<Message, NoAnswer> {
        let (mut near, mut far) = tokio::io::duplex(1024 * 1024);
        far.write_all(bytes).await.unwrap();
        drop(far);
        exchange(&mut near, "GET / HTTP/1.1\r\n\r\n", most).await
    }

    #[tokio::test]
    async fn chunks_are_joined_and_the_stream_goes_on() {
        let text =
            b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
                     3\r\n{\"a\r\n4;x=y\r\n\":1}\r\n0\r\n\r\n";
        let message = answer(text, 100).await.unwrap();
        assert_eq!(message.body, b"{\"a\":1}");
        assert!(message.reusable);
    }

    #[tokio::test]
    async fn no_more_is_read_than_is_wanted() {
        let text = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n01234567890123456789";
        let message = answer(text, 5).await.unwrap();
        assert_eq!(message.body, b"01234");
        let endless = [&b"HTTP/1.1 200 OK\r\n\r\n"[..], &[b'x'; 10_000]].concat();
        let message = answer(&endless, 5).await.unwrap();
        assert_eq!((message.body.len(), message.reusable), (5, false));
    }

    #[tokio::test]
    async fn an_answer_that_is_cut_short_is_kept_as_far_as_it_came() {
        let message = answer(b"HTTP/1.1 403 No\r\nContent-Length: 9\r\n\r\nabc", 50).await.unwrap();
        assert_eq!((message.status, message.body.as_slice()), (403, &b"abc"[..]));
        assert!(!message.reusable);
    }

    #[tokio::test]
    async fn a_peer_that_closes_is_not_asked_again() {
        let text = b"HTTP/1.1 401 No\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n";
        assert!(!answer(text, 5).await.unwrap().reusable);
    }

    #[tokio::test]
    async fn what_is_no_answer_is_kept() {
        let no_answer = answer(b"SSH-2.0-OpenSSH\r\n\r\n", 5).await.unwrap_err();
        assert!(matches!(no_answer, NoAnswer::NotHttp { .. }));
        assert!(no_answer.excerpt().contains("SSH-2.0"));
        let endless = [b"HTTP/1.1 200 OK\r\n".to_vec(), b"X: y\r\n".repeat(9000)].concat();
        assert!(matches!(answer(&endless, 5).await.unwrap_err(), NoAnswer::NotHttp { .. }));
        // Whether the request was on its way already decides which of the two it is.
        let gone = answer(b"", 5).await.unwrap_err();
        assert!(matches!(gone, NoAnswer::Closed | NoAnswer::Failed { .. }), "{gone:?}");
    }
}
