//! An HTTP proxy's URL.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use url::{Host, Url};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::clean;

/// The longest URL that is read, in characters.
const LONGEST: usize = 2048;

/// What replaces the credentials in every URL that is shown.
const MASK: &str = "***";

/// What the engine shows in place of a user and of a password.
const ENGINES_MASK: &str = "xxxxx";

/// The URL of an HTTP proxy: `http://[USER:PASSWORD@]HOST[:PORT]`.
///
/// Its credentials are never shown: `Display`, `Debug` and the serialised form have `***` in their
/// place, and only [`ProxyUrl::authorization`] gives them. One that was read back from a report
/// therefore says that there are credentials and has none.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ProxyUrl {
    host: String,
    port: u16,
    credentials: Option<Credentials>,
    /// Whether the connection to the proxy itself is by TLS.
    tls: bool,
}

/// What one signs in to a proxy with, decoded; wiped from memory when it is dropped.
#[derive(Clone, PartialEq, Eq, Hash, Zeroize, ZeroizeOnDrop)]
struct Credentials {
    user: String,
    password: String,
}

/// The text is no proxy's URL. No variant shows a text that may hold a password.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyUrlError {
    /// There is nothing.
    #[error("the URL is empty")]
    Empty,
    /// It is longer than any proxy's URL.
    #[error("the URL has more than {LONGEST} characters")]
    TooLong,
    /// It is a kind of proxy that the runtime cannot use.
    #[error("`{0}://` is no HTTP proxy, and the runtime can use no other")]
    Scheme(String),
    /// It cannot be read as a URL, or names no host.
    #[error("it is no URL of the form http://HOST:PORT ({0})")]
    Malformed(String),
}

impl ProxyUrl {
    /// The proxy's host: a name, or an address without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The proxy's port; 80, or 443 for `https://`, where the URL names none, as .NET reads it.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether the connection to the proxy itself is by TLS (`https://`).
    pub fn tls(&self) -> bool {
        self.tls
    }

    /// Whether the URL carries credentials.
    pub fn has_credentials(&self) -> bool {
        self.credentials.is_some()
    }

    /// Whether the credentials are masked, so that no proxy can be asked with them: the
    /// engine and reports tell of a password only that there is one.
    pub fn hides_credentials(&self) -> bool {
        let masked = |text: &str| text == MASK || text == ENGINES_MASK;
        self.credentials.as_ref().is_some_and(|own| masked(&own.user))
    }

    /// The address that the host is, where it is no name.
    pub fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// Whether it is this device itself, by name or by address; in a container, that is the
    /// container.
    pub fn is_loopback(&self) -> bool {
        self.host.eq_ignore_ascii_case("localhost")
            || self.address().is_some_and(|address| address.is_loopback())
    }

    /// The same proxy with these credentials, decoded.
    #[must_use]
    pub fn with_credentials(self, credentials: Option<(String, String)>) -> Self {
        let credentials = credentials.map(|(user, password)| Credentials { user, password });
        Self { credentials, ..self }
    }

    /// The user's name and password, for a `Proxy-Authorization` header and nothing else.
    pub fn authorization(&self) -> Option<(&str, &str)> {
        let Credentials { user, password } = self.credentials.as_ref()?;
        Some((user, password))
    }
}

impl FromStr for ProxyUrl {
    type Err = ProxyUrlError;

    /// Takes a URL, or `HOST:PORT` alone, as curl and the runtime's own settings do.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() {
            return Err(ProxyUrlError::Empty);
        }
        if text.len() > LONGEST {
            return Err(ProxyUrlError::TooLong);
        }
        let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let malformed = |error: &str| ProxyUrlError::Malformed(clean::line(error, 60));
        let url = Url::parse(&whole).map_err(|error| malformed(&error.to_string()))?;
        // Of `http://user:1/pass@proxy` the host would be `user`, and its path a password.
        if [url.path(), url.query().unwrap_or_default(), url.fragment().unwrap_or_default()]
            .iter()
            .any(|part| part.contains('@'))
        {
            return Err(malformed("a character of the password is not percent-encoded"));
        }
        let tls = match url.scheme() {
            "http" => false,
            "https" => true,
            other => return Err(ProxyUrlError::Scheme(clean::line(other, 20))),
        };
        let host = match url.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            None => return Err(malformed("it names no host")),
        };
        let decoded = |part: &str| {
            percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned()
        };
        let password = url.password().unwrap_or_default();
        let credentials = (!url.username().is_empty() || !password.is_empty())
            .then(|| Credentials { user: decoded(url.username()), password: decoded(password) });
        let port = url.port_or_known_default().unwrap_or(80);
        Ok(Self { host, port, credentials, tls })
    }
}

/// Writes the URL with `***` in place of credentials.
impl fmt::Display for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        let mask = if self.has_credentials() { "***@" } else { "" };
        let host = clean::line(&self.host, 253);
        let port = self.port;
        if host.contains(':') {
            write!(f, "{scheme}://{mask}[{host}]:{port}")
        } else {
            write!(f, "{scheme}://{mask}{host}:{port}")
        }
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProxyUrl({self})")
    }
}

impl Serialize for ProxyUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ProxyUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut url: Self =
            String::deserialize(deserializer)?.parse().map_err(de::Error::custom)?;
        // A password that a person wrote into a report by hand is masked in the next one.
        url.credentials =
            url.credentials.map(|_| Credentials { user: MASK.to_owned(), password: String::new() });
        Ok(url)
    }
}

impl JsonSchema for ProxyUrl {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ProxyUrl".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "An HTTP proxy's URL, with *** in place of credentials.",
            "pattern": "^https?://",
        })
    }
}

/// A host and its port; one that is an IPv6 address stands in brackets (RFC 3986, section 3.2.2).
pub fn authority(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> ProxyUrl {
        text.parse().unwrap()
    }

    #[test]
    fn a_url_and_a_bare_host_are_read_alike() {
        assert_eq!(parse("10.0.0.1:3128"), parse("http://10.0.0.1:3128/"));
        assert_eq!(parse("proxy.corp"), parse("http://proxy.corp:80"));
        assert_eq!(parse("https://proxy.corp").port(), 443);
        assert_eq!(parse("http://[fd00::1]:3128").to_string(), "http://[fd00::1]:3128");
    }

    #[test]
    fn credentials_are_given_to_the_proxy_alone() {
        let url = parse("http://CORP%5Cuser:p%40ss@proxy:8080");
        assert_eq!(url.authorization(), Some(("CORP\\user", "p@ss")));
        let shown = format!("{url} {url:?} {}", serde_json::to_string(&url).unwrap());
        assert!(!shown.contains("p@ss") && !shown.contains("p%40ss") && !shown.contains("user"));
        assert_eq!(url.to_string(), "http://***@proxy:8080");
    }

    #[test]
    fn one_read_back_has_credentials_and_does_not_know_them() {
        let url: ProxyUrl = serde_json::from_str(r#""http://***@proxy:8080""#).unwrap();
        assert!(url.has_credentials());
        assert_eq!(url.to_string(), "http://***@proxy:8080");
        let planted: ProxyUrl = serde_json::from_str(r#""http://u:secret@proxy:8080""#).unwrap();
        assert_ne!(planted.authorization().unwrap().1, "secret");
    }

    #[test]
    fn masks_are_known_for_what_they_are() {
        assert!(parse("http://xxxxx:xxxxx@proxy:8080").hides_credentials());
        assert!(!parse("http://user:xxxxx@proxy:8080").hides_credentials());
        assert!(!parse("http://proxy:8080").hides_credentials());
    }

    #[test]
    fn this_device_itself_is_recognised() {
        for own in ["localhost:3128", "http://127.0.0.53:3128", "http://[::1]:3128"] {
            assert!(parse(own).is_loopback(), "{own}");
        }
        assert!(!parse("http://10.0.0.1:3128").is_loopback());
    }

    #[test]
    fn no_error_shows_a_password() {
        for text in [
            "http://user:hunter2@",
            "socks5://user:hunter2@proxy:1080",
            "http://u:hunter2@a b",
            "http://hunter2/x@proxy:3128",
            "http://u:1#hunter2@proxy:3128",
            "http://u:1?hunter2@proxy:3128",
        ] {
            let error = text.parse::<ProxyUrl>().unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
        assert_eq!("".parse::<ProxyUrl>().unwrap_err(), ProxyUrlError::Empty);
    }
}
