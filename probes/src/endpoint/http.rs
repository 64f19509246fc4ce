//! One HTTP/1.1 request and the head of its answer, bounded in every direction.
//!
//! Upgrades are made here too: a WebSocket library keeps neither the headers of an answer that
//! it does not like nor their time, and both are evidence.

use std::time::{Duration, SystemTime};

use edgeprobe_facts::endpoint::{EndpointFacts, HttpFacts};
use edgeprobe_facts::{Failure, Step, Token};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::carrier::{Carrier, Plain};
use super::tls::{self, EXCERPT};
use crate::clean;

/// The longest head of an answer that is read, in bytes.
const MAX_HEAD: usize = 16 * 1024;

/// The most headers that are read.
const MAX_HEADERS: usize = 96;

/// How much of a body is read, in bytes, and how long it is waited for: it is decoration.
const BODY_EXCERPT: usize = 256;
const BODY_PATIENCE: Duration = Duration::from_secs(1);

/// The answer to a request.
pub(super) struct Answer {
    pub(super) facts: HttpFacts,
    /// The `Sec-WebSocket-Accept` header.
    pub(super) accept: Option<String>,
    /// What followed the head of an answer that switches protocols.
    pub(super) rest: Vec<u8>,
}

/// The `Host` header's value: the port is named when it is not 443.
pub(super) fn host(server: &str, port: u16) -> String {
    let server = if server.contains(':') { format!("[{server}]") } else { server.to_owned() };
    if port == 443 { server } else { format!("{server}:{port}") }
}

/// Sends a request and reads its answer; keeps what came in place of one in `facts`.
pub(super) async fn exchange<S>(
    stream: &mut S,
    step: Step,
    request: &str,
    facts: &mut EndpointFacts,
) -> Result<Answer, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let sent_at = SystemTime::now();
    let sent = send(stream, request).await;
    let mut received = Vec::new();
    let head = loop {
        let open = Plain(&mut *stream)
            .receive(&mut received)
            .await
            .map_err(|error| tls::failure(step, &error))?;
        match parse(&received) {
            Ok(Some(head)) => break head,
            Ok(None) if open && received.len() <= MAX_HEAD => {}
            Ok(None) if !open && received.is_empty() => {
                return Err(match sent {
                    Ok(()) => {
                        Failure::new(step, Token::ConnectionClosed, "closed without an answer")
                    }
                    Err(error) => tls::failure(step, &error),
                });
            }
            Ok(None) => return Err(bad(step, "its head never ends", &received, facts)),
            Err(reason) => return Err(bad(step, &reason.to_string(), &received, facts)),
        }
    };
    let device_time = middle(sent_at, SystemTime::now());
    let mut rest = received.split_off(head.length.min(received.len()));
    let body = if matches!(head.facts.status, 101 | 204 | 304) {
        None
    } else {
        // The head is the answer: a body that stalls or breaks takes nothing from it.
        let _ = tokio::time::timeout(BODY_PATIENCE, read_body(stream, head.body, &mut rest)).await;
        excerpt(head.body, &rest)
    };
    Ok(Answer { facts: HttpFacts { body, device_time, ..head.facts }, accept: head.accept, rest })
}

/// The head of an answer.
struct Head {
    length: usize,
    facts: HttpFacts,
    accept: Option<String>,
    body: Body,
}

/// How the end of a body is known.
#[derive(Clone, Copy)]
enum Body {
    Chunked,
    Length(usize),
    UntilClose,
}

/// The head of the first final answer; nothing while it is incomplete.
fn parse(received: &[u8]) -> Result<Option<Head>, httparse::Error> {
    let mut skipped = 0;
    loop {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let remaining = received.get(skipped..).unwrap_or_default();
        let httparse::Status::Complete(length) = response.parse(remaining)? else {
            return Ok(None);
        };
        skipped += length;
        let status = response.code.unwrap_or_default();
        // Interim answers (100, 103) come before the real one (RFC 9110, section 15.2).
        if (100..200).contains(&status) && status != 101 {
            continue;
        }
        return Ok(Some(head(skipped, status, response.headers)));
    }
}

fn head(length: usize, status: u16, headers: &[httparse::Header<'_>]) -> Head {
    let find = |name: &str| headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
    let text = |name: &str| find(name).map(|header| clean::bytes(header.value, 160));
    let date = text("date").and_then(|date| httpdate::parse_http_date(&date).ok());
    let facts = HttpFacts {
        status,
        server: text("server"),
        via: text("via"),
        location: text("location"),
        iothub_errorcode: text("iothub-errorcode"),
        subprotocol: text("sec-websocket-protocol"),
        body: None,
        date: date
            .and_then(|date| date.duration_since(SystemTime::UNIX_EPOCH).ok())
            .and_then(|since| i64::try_from(since.as_secs()).ok()),
        device_time: None,
    };
    let chunked = text("transfer-encoding")
        .is_some_and(|coding| coding.to_ascii_lowercase().contains("chunked"));
    let body = match text("content-length").and_then(|length| length.trim().parse().ok()) {
        _ if chunked => Body::Chunked,
        Some(length) => Body::Length(length),
        None => Body::UntilClose,
    };
    Head { length, facts, accept: text("sec-websocket-accept"), body }
}

async fn send<S: AsyncWrite + Unpin>(stream: &mut S, request: &str) -> std::io::Result<()> {
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await
}

/// Reads on until the excerpt is full or the body ends.
async fn read_body<S: AsyncRead + Unpin>(stream: &mut S, body: Body, rest: &mut Vec<u8>) {
    let wanted = match body {
        Body::Length(length) => length.min(BODY_EXCERPT),
        Body::Chunked | Body::UntilClose => BODY_EXCERPT,
    };
    let ended = |rest: &[u8]| {
        matches!(body, Body::Chunked) && rest.windows(5).any(|window| window == b"0\r\n\r\n")
    };
    let mut buffer = [0; BODY_EXCERPT];
    while rest.len() < wanted && !ended(rest) {
        match stream.read(&mut buffer).await {
            Ok(length) if length > 0 => rest.extend(buffer.iter().take(length)),
            _ => return,
        }
    }
}

fn excerpt(body: Body, rest: &[u8]) -> Option<String> {
    let text = match body {
        Body::Length(length) => rest.get(..length).unwrap_or(rest),
        Body::UntilClose => rest,
        Body::Chunked => first_chunk(rest),
    };
    let text = clean::bytes(text, BODY_EXCERPT);
    (!text.is_empty()).then_some(text)
}

/// The first chunk, which is enough for an excerpt (RFC 9112, section 7.1).
fn first_chunk(rest: &[u8]) -> &[u8] {
    let Some(end) = rest.windows(2).position(|window| window == b"\r\n") else { return rest };
    let size = rest.get(..end).and_then(|line| std::str::from_utf8(line).ok());
    let size = size.and_then(|line| line.split(';').next());
    let size = size.and_then(|size| usize::from_str_radix(size.trim(), 16).ok());
    let chunk = rest.get(end + 2..).unwrap_or_default();
    chunk.get(..size.unwrap_or(chunk.len())).unwrap_or(chunk)
}

fn bad(step: Step, reason: &str, received: &[u8], facts: &mut EndpointFacts) -> Failure {
    let excerpt = clean::bytes(received, EXCERPT);
    let detail = format!("no HTTP answer ({reason}): \"{excerpt}\"");
    facts.unexpected = Some(excerpt);
    Failure::new(step, Token::HttpBadAnswer, detail)
}

/// The moment halfway between two, in seconds since 1970.
fn middle(begin: SystemTime, end: SystemTime) -> Option<f64> {
    let begin = begin.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs_f64();
    let end = end.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs_f64();
    Some(f64::midpoint(begin, end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn interim_answers_are_passed_over() {
        let text = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 400 Bad Request\r\n\r\n";
        assert_eq!(parse(text).unwrap().unwrap().facts.status, 400);
        assert!(parse(&text[..60]).unwrap().is_none());
    }

    #[test]
    fn the_evidence_of_an_answer_is_kept() {
        let text = b"HTTP/1.1 400 Bad Request\r\nserver: Microsoft-HTTPAPI/2.0\r\n\
            IoTHub-ErrorCode: InvalidProtocolVersion\r\nDate: Tue, 28 Nov 2017 18:46:19 GMT\r\n\r\n";
        let facts = parse(text).unwrap().unwrap().facts;
        assert_eq!(facts.server.as_deref(), Some("Microsoft-HTTPAPI/2.0"));
        assert_eq!(facts.iothub_errorcode.as_deref(), Some("InvalidProtocolVersion"));
        assert_eq!(facts.date, Some(1_511_894_779));
    }

    #[test]
    fn bodies_are_shown_without_their_framing() {
        assert_eq!(excerpt(Body::Chunked, b"5\r\nhello\r\n0\r\n\r\n").as_deref(), Some("hello"));
        assert_eq!(excerpt(Body::Length(2), b"hello").as_deref(), Some("he"));
        assert_eq!(excerpt(Body::UntilClose, b"\r\n"), None);
    }

    #[test]
    fn the_host_header_names_unusual_ports_alone() {
        assert_eq!(host("hub.example", 443), "hub.example");
        assert_eq!(host("hub.example", 8443), "hub.example:8443");
        assert_eq!(host("::1", 443), "[::1]");
    }

    proptest! {
        #[test]
        fn no_bytes_upset_it(bytes: Vec<u8>) {
            let _ = parse(&bytes);
            let _ = excerpt(Body::Chunked, &bytes);
        }
    }
}
