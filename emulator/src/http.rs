//! HTTP/1.1 as far as a probe sees of it: one request's head, one response, close.

use std::io;
use std::time::{Duration, SystemTime};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const LONGEST_HEAD: usize = 16 * 1024;
const MOST_HEADERS: usize = 64;

/// A request, without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method, such as `GET`.
    pub method: String,
    /// The path with its query.
    pub target: String,
    headers: Vec<(String, String)>,
    /// What came in the same breath as the head: the first frames of a hasty client.
    pub rest: Vec<u8>,
}

impl Request {
    /// Reads a request's head; `None` when the peer closed before it was whole.
    ///
    /// Fails on what is not HTTP and on a head of more than 16 KiB.
    pub async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Self>> {
        let mut bytes = Vec::new();
        let mut buffer = [0; 2048];
        while bytes.len() < LONGEST_HEAD {
            let count = stream.read(&mut buffer).await?;
            let received = buffer.get(..count).unwrap_or_default();
            if received.is_empty() {
                return Ok(None);
            }
            bytes.extend_from_slice(received);
            if let Some(request) = Self::parse(&bytes)? {
                return Ok(Some(request));
            }
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, "the request's head is too long"))
    }

    fn parse(bytes: &[u8]) -> io::Result<Option<Self>> {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        let status = request
            .parse(bytes)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let httparse::Status::Complete(length) = status else { return Ok(None) };
        let text = |value: &[u8]| String::from_utf8_lossy(value).trim().to_owned();
        Ok(Some(Self {
            method: request.method.unwrap_or_default().to_owned(),
            target: request.path.unwrap_or_default().to_owned(),
            headers: request
                .headers
                .iter()
                .map(|header| (header.name.to_ascii_lowercase(), text(header.value)))
                .collect(),
            rest: bytes.get(length..).unwrap_or_default().to_vec(),
        }))
    }

    /// The path without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The first header of this name, written in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether a header that is a list holds this word, in any case.
    pub fn lists(&self, name: &str, word: &str) -> bool {
        self.header(name)
            .is_some_and(|list| list.split(',').any(|item| item.trim().eq_ignore_ascii_case(word)))
    }
}

/// A response, written in one piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    status: &'static str,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Response {
    /// A response with this status line's code and reason, such as `404 Not Found`.
    pub fn new(status: &'static str) -> Self {
        Self { status, headers: Vec::new(), body: String::new() }
    }

    /// The same with a header more.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same with a body of this media type.
    #[must_use]
    pub fn body(self, media_type: &'static str, body: impl Into<String>) -> Self {
        let mut response = self.header("Content-Type", media_type);
        response.body = body.into();
        response
    }

    /// Sends the response and ends the connection.
    pub async fn send_and_close(self, stream: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        let length = self.body.len().to_string();
        let response = self.header("Content-Length", length).header("Connection", "close");
        stream.write_all(response.to_string().as_bytes()).await?;
        stream.shutdown().await
    }
}

impl std::fmt::Display for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HTTP/1.1 {}\r\n", self.status)?;
        for (name, value) in &self.headers {
            write!(f, "{name}: {value}\r\n")?;
        }
        write!(f, "\r\n{}", self.body)
    }
}

/// A server's clock: the machine's, or one that is ahead of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// How far it is ahead.
    pub ahead: Duration,
}

impl Clock {
    /// The server's time.
    pub fn now(self) -> SystemTime {
        SystemTime::now() + self.ahead
    }

    /// The server's time as a `Date` header says it.
    pub fn date(self) -> String {
        httpdate::fmt_http_date(self.now())
    }
}
