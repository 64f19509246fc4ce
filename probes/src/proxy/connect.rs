//! The CONNECT request to a proxy (RFC 9110, section 9.3.6), bounded in every direction.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use edgeprobe_facts::proxy::{ProxyAnswer, ProxyUrl, authority};
use edgeprobe_facts::{Failure, Step, Token};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::clean;
use crate::http::{self, Head, NoAnswer};
use crate::recorder::io_failure;

/// How many authentication schemes of an answer are kept; there are a handful in the world.
const MAX_SCHEMES: usize = 8;

/// How much of an invalid answer is shown, in characters.
const EXCERPT: usize = 120;

/// Asks the proxy at the other end of `stream` for a tunnel to a host's port.
///
/// When it agrees, what is sent on the stream from now on goes to that host. What it answered is
/// kept in `answer` in any case.
pub async fn open_tunnel<S>(
    stream: &mut S,
    url: &ProxyUrl,
    (host, port): (&str, u16),
    answer: &mut Option<ProxyAnswer>,
) -> Result<(), Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if host.is_empty() || !host.chars().all(|c| c.is_ascii_graphic()) {
        let host = clean::line(host, 64);
        return Err(bad(format!("`{host}` is no host name that a proxy can be asked for")));
    }
    let (head, after) =
        http::ask(stream, &request(url, host, port)).await.map_err(|no| failure(&no))?;
    let answered = answer.insert(found(&head));
    judged(answered, url)?;
    // The host at the other end waits for the client to speak first, so this is not from there.
    if !after.is_empty() {
        return Err(bad(format!(
            "the proxy opened the tunnel and then said \"{}\" itself",
            clean::bytes(&after, EXCERPT)
        )));
    }
    Ok(())
}

/// The request for a tunnel.
fn request(url: &ProxyUrl, host: &str, port: u16) -> String {
    let authority = authority(host, port);
    let authorization = url.authorization().filter(|_| !url.hides_credentials());
    let authorization = authorization.map_or_else(String::new, |(user, password)| {
        let encoded = STANDARD.encode(format!("{user}:{password}"));
        format!("Proxy-Authorization: Basic {encoded}\r\n")
    });
    format!(
        "CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: edgeprobe\r\n\
         {authorization}Proxy-Connection: Keep-Alive\r\n\r\n"
    )
}

/// What the head of the answer says.
fn found(head: &Head) -> ProxyAnswer {
    ProxyAnswer {
        status: head.status,
        reason: Some(head.reason.clone()).filter(|reason| !reason.is_empty()),
        server: head.short("server"),
        via: head.short("via"),
        error: head.short("x-squid-error"),
        schemes: schemes(head),
    }
}

/// The first word of each challenge (RFC 9110, section 11.7.1). Proxies write one to a header.
fn schemes(head: &Head) -> Vec<String> {
    let mut schemes: Vec<String> = Vec::new();
    for challenge in head.all("proxy-authenticate").chain(head.all("www-authenticate")) {
        let scheme = clean::line(challenge.split([' ', ',']).next().unwrap_or_default(), 80);
        let known = schemes.iter().any(|known| known.eq_ignore_ascii_case(&scheme));
        if !scheme.is_empty() && !known && schemes.len() < MAX_SCHEMES {
            schemes.push(scheme);
        }
    }
    schemes
}

/// Whether the proxy agrees, and if not, in which way it refuses.
fn judged(answer: &ProxyAnswer, url: &ProxyUrl) -> Result<(), Failure> {
    let token = match answer.status {
        200..=299 => return Ok(()),
        // Tinyproxy says 401 to wrong credentials.
        401 | 407 => Token::ProxyAuthenticationRequired,
        // A web server in a proxy's place does not know the method.
        501 | 505 => Token::ProxyBadAnswer,
        // Tinyproxy says 500 where it cannot connect.
        500..=599 => Token::ProxyBadGateway,
        403 | 451 | 300..=399 => Token::ProxyForbidden,
        _ => Token::ProxyBadAnswer,
    };
    let status = answer.status;
    let reason = answer.reason.as_deref().map(|reason| format!(" {reason}")).unwrap_or_default();
    let error = answer.error.as_deref().map(|error| format!(", {error}")).unwrap_or_default();
    let credentials = match (token, url.has_credentials(), url.hides_credentials()) {
        (Token::ProxyAuthenticationRequired, true, false) => ", with the credentials of its URL",
        (Token::ProxyAuthenticationRequired, true, true) => ", and its credentials are not known",
        (Token::ProxyAuthenticationRequired, false, _) => ", and its URL has no credentials",
        _ => "",
    };
    let detail = format!("the proxy answered {status}{reason}{error}{credentials}");
    Err(Failure::new(Step::Proxy, token, detail))
}

/// That there is no answer, as the proxy's failure.
fn failure(no_answer: &NoAnswer) -> Failure {
    let (reason, received) = match no_answer {
        NoAnswer::Closed => {
            let closed = "the proxy closed the connection without an answer";
            return Failure::new(Step::Proxy, Token::ConnectionClosed, closed);
        }
        NoAnswer::Failed { error, received } if received.is_empty() => {
            return io_failure(Step::Proxy, error);
        }
        NoAnswer::Failed { received, .. } => ("it was cut off", received),
        NoAnswer::NotHttp { reason, received } => (reason.as_str(), received),
    };
    // The first bytes of a TLS record: an alert, or a handshake.
    if let [0x15 | 0x16, 3, ..] = received.as_slice() {
        let detail = "the proxy answered in TLS; its URL may have to begin with https://";
        return bad(detail.to_owned());
    }
    let excerpt = no_answer.excerpt();
    bad(format!("the proxy gave no HTTP answer ({reason}): \"{excerpt}\""))
}

fn bad(detail: String) -> Failure {
    Failure::new(Step::Proxy, Token::ProxyBadAnswer, detail)
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    fn url(text: &str) -> ProxyUrl {
        text.parse().unwrap()
    }

    /// What is made of a proxy that says this and closes.
    async fn said(text: &[u8]) -> (Result<(), Failure>, Option<ProxyAnswer>) {
        let (mut ours, mut theirs) = tokio::io::duplex(64 * 1024);
        theirs.write_all(text).await.unwrap();
        theirs.shutdown().await.unwrap();
        let mut answer = None;
        let proxy = url("http://u:hunter2@proxy:3128");
        let result = open_tunnel(&mut ours, &proxy, ("hub.example", 443), &mut answer).await;
        (result, answer)
    }

    async fn token(text: &[u8]) -> Token {
        said(text).await.0.unwrap_err().token
    }

    #[test]
    fn a_request_names_the_host_and_sends_credentials_to_the_proxy_alone() {
        let sent = request(&url("http://Aladdin:open%20sesame@p:1"), "hub.example", 443);
        assert!(sent.starts_with("CONNECT hub.example:443 HTTP/1.1\r\nHost: hub.example:443\r\n"));
        // The example of RFC 7617, section 2.
        assert!(sent.contains("\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));
        assert!(!request(&url("http://p:1"), "h", 443).contains("Authorization"));
        // Docker's own mask is no password to try.
        assert!(!request(&url("http://xxxxx:xxxxx@p:1"), "h", 443).contains("Authorization"));
        assert!(request(&url("http://p:1"), "fd00::1", 443).starts_with("CONNECT [fd00::1]:443 "));
    }

    #[tokio::test]
    async fn an_answer_of_200_opens_the_tunnel() {
        let (result, answer) =
            said(b"HTTP/1.0 200 Connection established\r\nVia: 1.1 gw (tinyproxy/1.11)\r\n\r\n")
                .await;
        assert_eq!(result, Ok(()));
        assert_eq!(answer.unwrap().via.as_deref(), Some("1.1 gw (tinyproxy/1.11)"));
        // The hub waits for the client: what comes now is the proxy's own.
        assert_eq!(token(b"HTTP/1.1 200 OK\r\n\r\n<html>").await, Token::ProxyBadAnswer);
    }

    #[tokio::test]
    async fn refusals_are_told_apart() {
        for (status, expected) in [
            (407, Token::ProxyAuthenticationRequired),
            (403, Token::ProxyForbidden),
            (302, Token::ProxyForbidden),
            (500, Token::ProxyBadGateway),
            (503, Token::ProxyBadGateway),
            (400, Token::ProxyBadAnswer),
            (405, Token::ProxyBadAnswer),
            (501, Token::ProxyBadAnswer),
        ] {
            let text = format!("HTTP/1.1 {status} No\r\n\r\n");
            assert_eq!(token(text.as_bytes()).await, expected, "{status}");
        }
    }

    #[tokio::test]
    async fn the_evidence_of_a_refusal_is_kept_and_no_password_with_it() {
        let (result, answer) = said(
            b"HTTP/1.1 407 Proxy Authentication Required\r\nServer: squid/5.7\r\n\
              X-Squid-Error: ERR_CACHE_ACCESS_DENIED 0\r\nProxy-Authenticate: Negotiate\r\n\
              Proxy-Authenticate: NTLM\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n",
        )
        .await;
        let answer = answer.unwrap();
        assert_eq!(answer.schemes, ["Negotiate", "NTLM", "Basic"]);
        assert_eq!(answer.error.as_deref(), Some("ERR_CACHE_ACCESS_DENIED 0"));
        let detail = result.unwrap_err().detail;
        assert!(detail.contains("with the credentials") && !detail.contains("hunter2"), "{detail}");
    }

    #[tokio::test]
    async fn what_is_no_answer_is_said_to_be_none() {
        assert_eq!(token(b"").await, Token::ConnectionClosed);
        assert_eq!(token(b"SSH-2.0-OpenSSH_9.2\r\n").await, Token::ProxyBadAnswer);
        assert_eq!(token(b"HTTP/1.1 20").await, Token::ProxyBadAnswer);
        let (result, _) = said(b"\x15\x03\x01\x00\x02\x02\x46").await;
        assert!(result.unwrap_err().detail.contains("https://"));
        let endless = [b"HTTP/1.1 200 OK\r\n".to_vec(), b"X: y\r\n".repeat(9000)].concat();
        assert_eq!(token(&endless).await, Token::ProxyBadAnswer);
    }
}
