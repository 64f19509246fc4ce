//! What is written to a registry, to its token service and to where they lead.

use edgeprobe_facts::registry::Scheme;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use url::Url;
use zeroize::{Zeroize as _, Zeroizing};

use super::credentials::Secret;
use super::line::Host;

/// How much of an answer that is no manifest is read, in bytes.
pub(super) const SMALL: usize = 16 * 1024;

/// The longest token that is passed on, in characters.
const LONGEST_TOKEN: usize = 16 * 1024;

/// A request to the registry.
pub(super) struct Request<'r> {
    pub(super) path: &'r str,
    pub(super) accept: &'r str,
    pub(super) authorization: Option<&'r Authorization>,
    pub(super) most: usize,
}

/// The value of an `Authorization` header.
pub(super) struct Authorization {
    pub(super) value: Zeroizing<String>,
    /// Whether it was got with credentials. A token that the service gives to everyone is no secret.
    pub(super) is_secret: bool,
}

impl<'r> Request<'r> {
    pub(super) fn for_path(path: &'r str) -> Self {
        Self { path, accept: "*/*", authorization: None, most: SMALL }
    }
}

/// The root of a host, for redirects that name none.
pub(super) fn base(host: &Host) -> String {
    let scheme = match host.scheme {
        Scheme::Https => "https",
        Scheme::Http => "http",
    };
    format!("{scheme}://{}/", authority(host))
}

/// The `Host` header's value.
fn authority(host: &Host) -> String {
    let server =
        if host.server.contains(':') { format!("[{}]", host.server) } else { host.server.clone() };
    match (host.scheme, host.port) {
        (Scheme::Https, 443) | (Scheme::Http, 80) => server,
        (_, port) => format!("{server}:{port}"),
    }
}

/// The path of a URL with its query.
pub(super) fn path_of(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// The request as it is sent.
pub(super) fn text(request: &Request<'_>, host: &Host) -> Zeroizing<String> {
    let authorization = request
        .authorization
        .map(|it| Zeroizing::new(format!("Authorization: {}\r\n", *it.value)))
        .unwrap_or_default();
    Zeroizing::new(format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: edgeprobe\r\nAccept: {}\r\n{}\r\n",
        request.path,
        authority(host),
        request.accept,
        *authorization
    ))
}

/// The request for a token: with a password as the token service has always taken it, with an
/// identity token as OAuth 2 has it (<https://distribution.github.io/distribution/spec/auth/>).
pub(super) fn token_request(
    url: &Url,
    host: &Host,
    service: Option<&str>,
    scope: Option<&str>,
    secret: Option<&Secret>,
) -> Zeroizing<String> {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let mut fields: Vec<String> = Vec::new();
    fields.extend(service.map(|service| format!("service={}", encoded(service))));
    fields.extend(scope.map(|scope| format!("scope={}", encoded(scope))));
    let head = format!(
        "Host: {}\r\nUser-Agent: edgeprobe\r\nAccept: */*\r\nConnection: close\r\n",
        authority(host)
    );
    if let Some(Secret::IdentityToken(token)) = secret {
        fields.push("grant_type=refresh_token".to_owned());
        fields.push("client_id=edgeprobe".to_owned());
        fields.push(format!("refresh_token={}", encoded(token)));
        let form = Zeroizing::new(fields.join("&"));
        fields.zeroize();
        return Zeroizing::new(format!(
            "POST {} HTTP/1.1\r\n{head}Content-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{}",
            path_of(url),
            form.len(),
            *form
        ));
    }
    let path = path_of(url);
    let joint = if path.contains('?') { "&" } else { "?" };
    let query = fields.join("&");
    let path = if query.is_empty() { path } else { format!("{path}{joint}{query}") };
    let authorization = secret
        .and_then(Secret::basic)
        .map(|basic| Zeroizing::new(format!("Authorization: {}\r\n", *basic)))
        .unwrap_or_default();
    Zeroizing::new(format!("GET {path} HTTP/1.1\r\n{head}{}\r\n", *authorization))
}

/// Whether the text may stand in a header.
fn is_token(text: &str) -> bool {
    (1..=LONGEST_TOKEN).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The answer of a token service.
#[derive(Deserialize)]
struct TokenAnswer {
    token: Option<String>,
    access_token: Option<String>,
}

/// The token in a token service's answer, if it is one that may stand in a header.
pub(super) fn token_of(body: &[u8]) -> Option<String> {
    let answer: TokenAnswer = serde_json::from_slice(body).ok()?;
    answer.token.or(answer.access_token).filter(|token| is_token(token))
}
