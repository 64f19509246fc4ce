//! One HTTP/1.1 exchange with the whole of a small answer: every header, and the body decoded.

use edgeprobe_facts::{Failure, Step, Token};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::tls::{self, EXCERPT};
use crate::clean;

/// The longest head of an answer that is read, in bytes, and the most headers.
const MAX_HEAD: usize = 32 * 1024;
const MAX_HEADERS: usize = 96;

/// The longest value of a header that is kept, in characters: signed addresses are long.
const MAX_VALUE: usize = 4096;

/// An answer.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    /// The body, up to the limit that was set.
    pub(crate) body: Vec<u8>,
    /// Whether another request may be sent over the same stream.
    pub(crate) reusable: bool,
}

impl Message {
    /// The first header of this name, which is given in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every header of this name, which is given in lower case.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Sends a request and reads its answer, with no more than `most` bytes of its body.
pub(crate) async fn exchange(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin + ?Sized),
    request: &str,
    most: usize,
) -> Result<Message, Failure> {
    // A peer that answers and closes before it has read the whole is heard all the same.
    let sent = send(stream, request).await;
    let mut received = Vec::new();
    let (head, length) = loop {
        let open = read(stream, &mut received).await.map_err(|e| tls::failure(Step::Http, &e))?;
        match parse(&received) {
            Ok(Some(parsed)) => break parsed,
            Ok(None) if open && received.len() <= MAX_HEAD => {}
            Ok(None) if !open && received.is_empty() => {
                return Err(match sent {
                    Ok(()) => closed("closed without an answer"),
                    Err(error) => tls::failure(Step::Http, &error),
                });
            }
            Ok(None) => return Err(no_answer("its head never ends", &received)),
            Err(reason) => return Err(no_answer(&reason.to_string(), &received)),
        }
    };
    let mut raw = received.split_off(length.min(received.len()));
    let mut message = head;
    let to_come = extent(&message);
    let whole = loop {
        if let Some(body) = decoded(&to_come, &raw) {
            message.body = body;
            break true;
        }
        // What a chunked body is wrapped in counts as well.
        if raw.len() > most {
            break false;
        }
        match read(stream, &mut raw).await {
            Ok(true) => {}
            Ok(false) | Err(_) => break matches!(to_come, Extent::UntilClose),
        }
    };
    if message.body.is_empty() {
        message.body = partly(&to_come, raw);
    }
    message.body.truncate(most);
    let closes = message
        .all("connection")
        .any(|value| value.split(',').any(|word| word.trim().eq_ignore_ascii_case("close")));
    message.reusable = whole && !closes && !matches!(to_come, Extent::UntilClose);
    Ok(message)
}

/// How the end of a body is known (RFC 9112, section 6.3).
enum Extent {
    None,
    Length(usize),
    Chunked,
    UntilClose,
}

fn extent(message: &Message) -> Extent {
    if matches!(message.status, 204 | 304) {
        return Extent::None;
    }
    let coding = message.header("transfer-encoding").unwrap_or_default().to_ascii_lowercase();
    match message.header("content-length").map(|length| length.trim().parse()) {
        _ if coding.contains("chunked") => Extent::Chunked,
        Some(Ok(length)) => Extent::Length(length),
        _ => Extent::UntilClose,
    }
}

/// The whole body; nothing while there is more to come.
fn decoded(extent: &Extent, raw: &[u8]) -> Option<Vec<u8>> {
    match extent {
        Extent::None => Some(Vec::new()),
        Extent::Length(length) => raw.get(..*length).map(<[u8]>::to_vec),
        Extent::Chunked => match chunks(raw) {
            (body, true) => Some(body),
            (_, false) => None,
        },
        Extent::UntilClose => None,
    }
}

/// As much of the body as came.
fn partly(extent: &Extent, raw: Vec<u8>) -> Vec<u8> {
    match extent {
        Extent::None => Vec::new(),
        Extent::Chunked => chunks(&raw).0,
        Extent::Length(_) | Extent::UntilClose => raw,
    }
}

/// The content of the chunks so far, and whether the last one was among them (RFC 9112, section
/// 7.1). What is no chunk ends the body.
fn chunks(raw: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    let mut rest = raw;
    loop {
        let (start, size) = match httparse::parse_chunk_size(rest) {
            Ok(httparse::Status::Complete(found)) => found,
            Ok(httparse::Status::Partial) => return (body, false),
            Err(_) => return (body, true),
        };
        if size == 0 {
            // Trailers are not waited for: nothing is asked of them.
            return (body, true);
        }
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let content = rest.get(start..).unwrap_or_default();
        let Some(chunk) = content.get(..size) else {
            body.extend_from_slice(content);
            return (body, false);
        };
        body.extend_from_slice(chunk);
        rest = content.get(size.saturating_add(2)..).unwrap_or_default();
    }
}

/// The head of the first final answer and its length; nothing while it is incomplete.
fn parse(received: &[u8]) -> Result<Option<(Message, usize)>, httparse::Error> {
    let mut skipped = 0;
    loop {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let rest = received.get(skipped..).unwrap_or_default();
        let httparse::Status::Complete(length) = response.parse(rest)? else { return Ok(None) };
        skipped += length;
        let status = response.code.unwrap_or_default();
        // Interim answers come before the real one (RFC 9110, section 15.2).
        if (100..200).contains(&status) {
            continue;
        }
        let headers = response
            .headers
            .iter()
            .map(|header| (header.name.to_ascii_lowercase(), clean::bytes(header.value, MAX_VALUE)))
            .collect();
        return Ok(Some((Message { status, headers, body: Vec::new(), reusable: false }, skipped)));
    }
}

async fn send(
    stream: &mut (impl AsyncWrite + Unpin + ?Sized),
    request: &str,
) -> std::io::Result<()> {
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await
}

/// Appends what comes next; false when the peer has closed.
async fn read(
    stream: &mut (impl AsyncRead + Unpin + ?Sized),
    received: &mut Vec<u8>,
) -> std::io::Result<bool> {
    let mut buffer = [0; 4096];
    let length = stream.read(&mut buffer).await?;
    received.extend(buffer.iter().take(length));
    Ok(length > 0)
}

fn closed(detail: &str) -> Failure {
    Failure::new(Step::Http, Token::ConnectionClosed, detail)
}

fn no_answer(reason: &str, received: &[u8]) -> Failure {
    let excerpt = clean::bytes(received, EXCERPT);
    let detail = format!("no HTTP answer ({reason}): \"{excerpt}\"");
    Failure::new(Step::Http, Token::HttpBadAnswer, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    async fn answer(bytes: &[u8], most: usize) -> Result<Message, Failure> {
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
    async fn headers_are_found_by_any_case_and_closing_is_minded() {
        let text = b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=x\r\nConnection: Close\r\n\
                     Content-Length: 0\r\n\r\n";
        let message = answer(text, 5).await.unwrap();
        assert_eq!(message.header("www-authenticate"), Some("Basic realm=x"));
        assert!(!message.reusable);
    }

    #[tokio::test]
    async fn what_is_no_answer_is_quoted() {
        let failure = answer(b"SSH-2.0-OpenSSH\r\n\r\n", 5).await.unwrap_err();
        assert_eq!(failure.token, Token::HttpBadAnswer);
        assert!(failure.detail.contains("SSH-2.0"));
        // Whether the request was on its way already decides which of the two it is.
        let gone = answer(b"", 5).await.unwrap_err().token;
        assert!(matches!(gone, Token::ConnectionClosed | Token::ConnectionReset), "{gone}");
    }

    proptest! {
        #[test]
        fn no_bytes_upset_it(bytes: Vec<u8>) {
            let _ = parse(&bytes);
            let _ = chunks(&bytes);
        }
    }
}
