//! The engine's API: one connection for each request, which ends in time, and no answer longer than
//! it may be.
//!
//! Of an answer the engine chooses the length. What is read of it is bounded here, and what is kept of
//! it where it is decoded (`few.rs`); a log and a container's output are handed on as they come.

mod error;
pub(crate) mod few;
pub(crate) mod frames;

use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use edgeprobe_facts::engine::{ApiVersion, ApiVersions};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, UPGRADE};
use hyper::http::request::Builder;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use tokio::time::timeout;

use self::few::Few;
use super::endpoint::Endpoint;
use crate::clean;

pub(crate) use error::ClientError;

/// The newest version of the API that is spoken.
const NEWEST: ApiVersion = ApiVersion::new(1, 47);

/// The longest answers, in bytes: a list of a thousand containers, and all else.
pub(crate) const LIST: usize = 4 * 1024 * 1024;
pub(crate) const SINGLE: usize = 1024 * 1024;

/// How much of a refusal is read, in bytes.
const REFUSAL: usize = 64 * 1024;

/// What is sent with a request.
pub(crate) type Sent = UnsyncBoxBody<Bytes, std::io::Error>;

/// A client of one engine, in a version that both speak.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    endpoint: Endpoint,
    version: ApiVersion,
    limit: Duration,
    about: About,
}

/// What the engine says of its version.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct About {
    pub(super) api_version: Option<String>,
    #[serde(rename = "MinAPIVersion")]
    pub(super) min_api_version: Option<String>,
    pub(super) version: Option<String>,
    pub(super) components: Few<Component, 16>,
}

/// A part of the engine.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Component {
    pub(super) name: String,
}

/// An answer whose head was read.
pub(crate) struct Answer {
    response: Response<Incoming>,
    /// Drives the connection for as long as this is kept.
    driving: JoinSet<()>,
}

/// What a container reads and writes, once the engine carries it.
pub(crate) trait Carried: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Carried for S {}

impl About {
    /// The newest version of the API that the engine speaks.
    fn newest_api(&self) -> Option<ApiVersion> {
        self.api_version.as_deref()?.parse().ok()
    }

    /// The versions of the API that the engine speaks.
    pub(super) fn api(&self) -> Option<ApiVersions> {
        let oldest = self.min_api_version.as_deref()?.parse().ok()?;
        Some(ApiVersions { oldest, newest: self.newest_api()?, asked: Vec::new() })
    }
}

impl Client {
    /// A client that speaks the engine's version. Each of its requests ends within `limit`.
    ///
    /// Engines refuse requests of a version that they do not know: 20.10 speaks 1.41 at most, and 29
    /// speaks 1.44 at least.
    pub(super) async fn negotiate(
        endpoint: &Endpoint,
        limit: Duration,
    ) -> Result<Self, ClientError> {
        let client =
            Self { endpoint: endpoint.clone(), version: NEWEST, limit, about: About::default() };
        let asked = client.ask(client.request(Method::GET, "/version"), nothing());
        let about: About = client.read("/version", asked, SINGLE).await?;
        let version = about.newest_api().ok_or(ClientError::NoVersion)?.min(NEWEST);
        Ok(Self { version, about, ..client })
    }

    /// What the engine said of its version.
    pub(super) fn about(&self) -> &About {
        &self.about
    }

    /// Asks for the engine's version in another version of its API, as the runtime does.
    pub(super) async fn in_version(&self, version: ApiVersion) -> Result<(), ClientError> {
        let client = Self { version, ..self.clone() };
        client.tell(Method::GET, &Path::new("/version")).await
    }

    /// Asks for what is at a path; its answer has at most `most` bytes.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &Path,
        most: usize,
    ) -> Result<T, ClientError> {
        let asked = self.ask(self.to(Method::GET, path), nothing());
        self.read(&path.0, asked, most).await
    }

    /// Gives an order, and reads what the engine answers.
    pub(crate) async fn order<T: DeserializeOwned>(
        &self,
        path: &Path,
        order: &serde_json::Value,
    ) -> Result<T, ClientError> {
        let body = Full::new(order.to_string().into());
        let asked = self.ask(self.to(Method::POST, path), sent(body));
        self.read(&path.0, asked, SINGLE).await
    }

    /// Gives an order whose answer says no more than that it was followed.
    pub(crate) async fn tell(&self, method: Method, path: &Path) -> Result<(), ClientError> {
        let told = self.ask(self.to(method, path), nothing());
        timeout(self.limit, told).await.map_err(|_| ClientError::TimedOut)?.map(drop)
    }

    /// Sends a stream, and reads what the engine answers to it.
    pub(crate) async fn send(
        &self,
        path: &Path,
        body: impl futures_util::Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    ) -> Result<Vec<u8>, ClientError> {
        use futures_util::TryStreamExt as _;
        let body = StreamBody::new(body.map_ok(Frame::data)).boxed_unsync();
        let sending = async {
            let mut answer = self.ask(self.to(Method::POST, path), body).await?;
            answer.whole(&path.0, SINGLE).await
        };
        timeout(self.limit, sending).await.map_err(|_| ClientError::TimedOut)?
    }

    /// Asks for what comes piece by piece. Its beginning is waited for, and no more.
    pub(crate) async fn stream(&self, path: &Path) -> Result<Answer, ClientError> {
        let asked = self.ask(self.to(Method::GET, path), nothing());
        timeout(self.limit, asked).await.map_err(|_| ClientError::TimedOut)?
    }

    /// Asks for a stream in both directions in place of HTTP.
    pub(crate) async fn upgrade(&self, path: &Path) -> Result<Box<dyn Carried>, ClientError> {
        let upgrading = async {
            let request = self.to(Method::POST, path);
            let request = request.header(CONNECTION, "Upgrade").header(UPGRADE, "tcp");
            let mut answer = self.ask(request, nothing()).await?;
            let upgraded = hyper::upgrade::on(&mut answer.response).await;
            // The connection's own part ends by handing over the stream.
            answer.driving.detach_all();
            Ok(Box::new(TokioIo::new(upgraded?)) as Box<dyn Carried>)
        };
        timeout(self.limit, upgrading).await.map_err(|_| ClientError::TimedOut)?
    }

    /// A request in the version that both speak.
    fn to(&self, method: Method, path: &Path) -> Builder {
        self.request(method, &format!("/v{}{}", self.version, path.0))
    }

    fn request(&self, method: Method, path: &str) -> Builder {
        let request = Request::builder().method(method).uri(path);
        request.header(HOST, self.endpoint.host()).header(CONTENT_TYPE, "application/json")
    }

    async fn read<T: DeserializeOwned>(
        &self,
        path: &str,
        asked: impl Future<Output = Result<Answer, ClientError>>,
        most: usize,
    ) -> Result<T, ClientError> {
        let reading = async { asked.await?.whole(path, most).await };
        let content = timeout(self.limit, reading).await.map_err(|_| ClientError::TimedOut)??;
        serde_json::from_slice(&content)
            .map_err(|source| ClientError::NotUnderstood { path: shown(path), source })
    }

    /// Sends a request on a new connection, and waits for the head of its answer.
    async fn ask(&self, request: Builder, body: Sent) -> Result<Answer, ClientError> {
        let request = request.body(body).map_err(|error| ClientError::Unfit(error.to_string()))?;
        let stream = self.endpoint.connect().await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let mut driving = JoinSet::new();
        driving.spawn(async move { drop(connection.with_upgrades().await) });
        let response = sender.send_request(request).await?;
        let mut answer = Answer { response, driving };
        match answer.response.status() {
            StatusCode::NOT_MODIFIED | StatusCode::SWITCHING_PROTOCOLS => Ok(answer),
            status if status.is_success() => Ok(answer),
            status => Err(answer.refusal(status.as_u16()).await),
        }
    }
}

impl Answer {
    /// The next piece of its body; none at its end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, ClientError> {
        while let Some(frame) = self.response.body_mut().frame().await {
            if let Ok(data) = frame?.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    async fn whole(&mut self, path: &str, most: usize) -> Result<Vec<u8>, ClientError> {
        let mut content = Vec::new();
        while let Some(piece) = self.next().await? {
            if content.len() + piece.len() > most {
                return Err(ClientError::TooLong { path: shown(path), most });
            }
            content.extend_from_slice(&piece);
        }
        Ok(content)
    }

    /// The engine's own words for why it does not.
    async fn refusal(&mut self, status: u16) -> ClientError {
        #[derive(Deserialize)]
        struct Refusal {
            message: String,
        }
        let content = self.whole("", REFUSAL).await.unwrap_or_default();
        let message = serde_json::from_slice(&content).map_or_else(
            |_| clean::bytes(&content, 240),
            |Refusal { message }| clean::line(&message, 240),
        );
        ClientError::Refused { status, message }
    }
}

/// A path of the API with what is asked there.
#[derive(Clone, Debug)]
pub(crate) struct Path(String);

impl Path {
    pub(crate) fn new(path: impl Into<String>) -> Self {
        Self(path.into())
    }

    /// Adds a parameter, encoded.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        let separator = if self.0.contains('?') { '&' } else { '?' };
        let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
        let _ = write!(self.0, "{separator}{name}={value}");
        self
    }

    /// Adds a part that is one part, whatever it holds.
    pub(crate) fn part(mut self, part: &str) -> Self {
        let _ = write!(self.0, "/{}", utf8_percent_encode(part, NON_ALPHANUMERIC));
        self
    }

    /// Adds more of the path.
    pub(crate) fn then(mut self, more: &str) -> Self {
        self.0 += more;
        self
    }
}

fn nothing() -> Sent {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

fn sent(body: Full<Bytes>) -> Sent {
    body.map_err(|never| match never {}).boxed_unsync()
}

/// The path without what is asked there, for a person.
fn shown(path: &str) -> String {
    clean::line(path.split('?').next().unwrap_or_default(), 120)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_path_is_no_path_of_its_own() {
        let path = Path::new("/containers").part("../images").then("/json").with("all", "a&b");
        assert_eq!(path.0, "/containers/%2E%2E%2Fimages/json?all=a%26b");
    }
}
