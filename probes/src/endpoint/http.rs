//! One request to an endpoint, and what its answer brings to light.

use std::time::{Duration, SystemTime};

use edgeprobe_facts::endpoint::{EndpointFacts, HttpFacts};
use edgeprobe_facts::{Failure, Step, Token};
use tokio::io::{AsyncRead, AsyncWrite};

use super::tls;
use crate::http::{self, Excerpt, Head, NoAnswer};

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
    let (head, rest) = http::ask(stream, request).await.map_err(|no_answer| {
        if let NoAnswer::NotHttp { .. } = no_answer {
            facts.unexpected = Some(no_answer.excerpt());
        }
        failure(step, &no_answer)
    })?;
    let found = HttpFacts { device_time: middle(sent_at, SystemTime::now()), ..found(&head) };
    let accept = head.short("sec-websocket-accept");
    if head.status == 101 {
        return Ok(Answer { facts: found, accept, rest });
    }
    let mut body = Excerpt::after_head(&head, rest, BODY_EXCERPT);
    // The head is the answer: a body that stalls or breaks takes nothing from it.
    let _ = tokio::time::timeout(BODY_PATIENCE, body.read(stream)).await;
    Ok(Answer { facts: HttpFacts { body: body.text(), ..found }, accept, rest: Vec::new() })
}

/// What the head of an answer says.
fn found(head: &Head) -> HttpFacts {
    let date = head.short("date").and_then(|date| httpdate::parse_http_date(&date).ok());
    HttpFacts {
        status: head.status,
        server: head.short("server"),
        via: head.short("via"),
        location: head.short("location"),
        iothub_errorcode: head.short("iothub-errorcode"),
        subprotocol: head.short("sec-websocket-protocol"),
        body: None,
        date: date
            .and_then(|date| date.duration_since(SystemTime::UNIX_EPOCH).ok())
            .and_then(|since| i64::try_from(since.as_secs()).ok()),
        device_time: None,
    }
}

/// That there is no answer, as a failure of this step over TLS.
pub(crate) fn failure(step: Step, no_answer: &NoAnswer) -> Failure {
    match no_answer {
        NoAnswer::Closed => Failure::new(step, Token::ConnectionClosed, "closed without an answer"),
        NoAnswer::Failed { error, .. } => tls::failure(step, error),
        NoAnswer::NotHttp { reason, .. } => {
            let detail = format!("no HTTP answer ({reason}): \"{}\"", no_answer.excerpt());
            Failure::new(step, Token::HttpBadAnswer, detail)
        }
    }
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

    #[tokio::test]
    async fn the_evidence_of_an_answer_is_kept() {
        let text = b"HTTP/1.1 400 Bad Request\r\nserver: Microsoft-HTTPAPI/2.0\r\n\
            IoTHub-ErrorCode: InvalidProtocolVersion\r\nDate: Tue, 28 Nov 2017 18:46:19 GMT\r\n\r\n";
        let (mut near, mut far) = tokio::io::duplex(4096);
        tokio::io::AsyncWriteExt::write_all(&mut far, text).await.unwrap();
        let (head, _) = http::ask(&mut near, "GET / HTTP/1.1\r\n\r\n").await.unwrap();
        let facts = found(&head);
        assert_eq!(facts.server.as_deref(), Some("Microsoft-HTTPAPI/2.0"));
        assert_eq!(facts.iothub_errorcode.as_deref(), Some("InvalidProtocolVersion"));
        assert_eq!(facts.date, Some(1_511_894_779));
    }

    #[test]
    fn the_host_header_names_unusual_ports_alone() {
        assert_eq!(host("hub.example", 443), "hub.example");
        assert_eq!(host("hub.example", 8443), "hub.example:8443");
        assert_eq!(host("::1", 443), "[::1]");
    }
}
