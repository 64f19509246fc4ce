//! The name of a registry, and perhaps of an image in it, read as `docker pull` reads it.

use std::fmt;
use std::net::IpAddr;

use crate::clean;

/// The longest name that is read, in characters.
const LONGEST: usize = 512;

/// Docker Hub, as images name it and as it is reached.
const DOCKER_HUB: &str = "docker.io";
const DOCKER_HUB_SERVER: &str = "registry-1.docker.io";

/// A registry, and an image in it where one is named.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    host: String,
    port: Option<u16>,
    image: Option<Image>,
}

/// An image of a registry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Image {
    /// E.g. `azureiotedge-agent` or `library/alpine`.
    pub repository: String,
    pub version: Version,
}

/// Which version of an image is meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// E.g. `1.5`; `latest` where the name has none.
    Tag(String),
    /// E.g. `sha256:…`; it counts alone where the name has a tag too.
    Digest(String),
}

/// The text names neither a registry nor an image.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// There is nothing.
    #[error("the name is empty")]
    Empty,
    /// It is longer than any image's name.
    #[error("the name has more than {LONGEST} characters")]
    TooLong,
    /// It begins with `https://` or another scheme, which names of images never do.
    #[error("`{0}` is a URL, and images are named without one")]
    Url(String),
    /// It carries a user's name, or a password, before an `@`. The text is not shown.
    #[error("the name holds an `@` that no digest follows")]
    Credentials,
    /// Its first part is no host name, or its port no number.
    #[error("`{0}` is no registry's host name")]
    Host(String),
    /// What follows the host is no image's name.
    #[error("`{0}` is no image's name")]
    Repository(String),
    /// What follows the image's name is no tag and no digest.
    #[error("`{0}` is no tag and no digest")]
    Version(String),
}

impl Reference {
    /// Reads `HOST[:PORT][/IMAGE[:TAG|@DIGEST]]`; a text without a slash is a registry's host.
    pub fn parse_registry(text: &str) -> Result<Self, ReferenceError> {
        let text = checked(text)?;
        if text.contains('/') {
            return Self::parse_image(text);
        }
        if text.contains('@') {
            return Err(ReferenceError::Credentials);
        }
        let (host, port) = host_and_port(text)?;
        Ok(Self { host, port, image: None })
    }

    /// Reads an image's name: `[HOST[:PORT]/]IMAGE[:TAG|@DIGEST]`, of Docker Hub without a host.
    pub fn parse_image(text: &str) -> Result<Self, ReferenceError> {
        let text = checked(text)?;
        // The rule of github.com/distribution/reference: only a dot, a port or `localhost` make the
        // first part a host.
        let (domain, path) = match text.split_once('/') {
            Some((first, rest)) if is_domain(first) => (first, rest),
            _ => (DOCKER_HUB, text),
        };
        let (host, port) = host_and_port(domain)?;
        let (path, version) = version(path)?;
        let repository = if host == DOCKER_HUB && !path.contains('/') {
            format!("library/{path}")
        } else {
            path.to_owned()
        };
        if !is_repository(&repository) {
            return Err(ReferenceError::Repository(clean::line(&repository, 60)));
        }
        Ok(Self { host, port, image: Some(Image { repository, version }) })
    }

    /// The registry as images name it: `contoso.azurecr.io`, `localhost:5000`, `docker.io`.
    pub fn registry(&self) -> String {
        let host = bracketed(&self.host);
        self.port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
    }

    /// The host that serves it: a name, or an address without brackets.
    pub fn server(&self) -> &str {
        if self.host == DOCKER_HUB { DOCKER_HUB_SERVER } else { &self.host }
    }

    /// The port, where the name has one.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    pub fn image(&self) -> Option<&Image> {
        self.image.as_ref()
    }

    /// The same registry without an image.
    #[must_use]
    pub fn registry_alone(&self) -> Self {
        Self { image: None, ..self.clone() }
    }

    /// Whether the registry is this device's own, to which the engine needs no TLS.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
    }

    /// Whether this is Docker Hub, which mirrors may stand in for.
    pub fn is_docker_hub(&self) -> bool {
        self.host == DOCKER_HUB
    }
}

/// Writes the whole name, as `docker pull` takes it.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.image {
            None => f.write_str(&self.registry()),
            Some(image) => write!(f, "{}/{image}", self.registry()),
        }
    }
}

/// Writes the image's name within its registry.
impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Version::Tag(tag) => write!(f, "{}:{tag}", self.repository),
            Version::Digest(digest) => write!(f, "{}@{digest}", self.repository),
        }
    }
}

impl Version {
    /// The word that stands for it in a request's path.
    pub fn word(&self) -> &str {
        match self {
            Self::Tag(word) | Self::Digest(word) => word,
        }
    }
}

fn checked(text: &str) -> Result<&str, ReferenceError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(ReferenceError::Empty);
    }
    if text.chars().count() > LONGEST {
        return Err(ReferenceError::TooLong);
    }
    if let Some((scheme, _)) = text.split_once("://") {
        return Err(ReferenceError::Url(format!("{}://…", clean::line(scheme, 20))));
    }
    // A password may have a slash before its `@`: nothing of such a text is shown.
    if text.split_once('@').is_some_and(|(_, digest)| !is_digest(digest)) {
        return Err(ReferenceError::Credentials);
    }
    Ok(text)
}

fn is_domain(first: &str) -> bool {
    first.contains(['.', ':', '@']) || first == "localhost"
}

fn host_and_port(text: &str) -> Result<(String, Option<u16>), ReferenceError> {
    if text.contains('@') {
        return Err(ReferenceError::Credentials);
    }
    let wrong = || ReferenceError::Host(clean::line(text, 60));
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, after)) => {
            let _: std::net::Ipv6Addr = address.parse().map_err(|_| wrong())?;
            (address, after.strip_prefix(':').map_or(Some(after).filter(|a| !a.is_empty()), Some))
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let port =
        port.map(|port| port.parse::<u16>().ok().filter(|port| *port != 0).ok_or_else(wrong));
    let port = port.transpose()?;
    let address = host.parse::<IpAddr>().is_ok();
    if !address && !is_host_name(host) {
        return Err(wrong());
    }
    let host = match host.to_ascii_lowercase().as_str() {
        "index.docker.io" | DOCKER_HUB_SERVER => DOCKER_HUB.to_owned(),
        other => other.to_owned(),
    };
    Ok((host, port.filter(|port| *port != 443)))
}

/// Letters, digits, hyphens and dots in labels of at most 63 (RFC 1123, section 2.1).
fn is_host_name(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    host.len() <= 253 && host.split('.').all(is_label)
}

/// The path without what says its version, and the version.
fn version(path: &str) -> Result<(&str, Version), ReferenceError> {
    let wrong = |text: &str| ReferenceError::Version(clean::line(text, 60));
    if let Some((path, digest)) = path.split_once('@') {
        let path = path.rsplit_once(':').map_or(path, |(path, _)| path);
        return Ok((path, Version::Digest(digest.to_owned())));
    }
    let Some((path, tag)) = path.rsplit_once(':') else {
        return Ok((path, Version::Tag("latest".to_owned())));
    };
    let is_tag = (1..=128).contains(&tag.len())
        && !tag.starts_with(['.', '-'])
        && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if is_tag { Ok((path, Version::Tag(tag.to_owned()))) } else { Err(wrong(tag)) }
}

/// Whether this is `ALGORITHM:HEXADECIMALS`.
fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, hash)| {
        !algorithm.is_empty()
            && algorithm.bytes().all(|b| b.is_ascii_alphanumeric() || b"+._-".contains(&b))
            && (32..=128).contains(&hash.len())
            && hash.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

/// Lower-case letters, digits and single separators between slashes.
fn is_repository(repository: &str) -> bool {
    let is_part = |part: &str| {
        let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let edges = [part.bytes().next(), part.bytes().next_back()];
        edges.into_iter().all(|edge| edge.is_some_and(alphanumeric))
            && part.bytes().all(|byte| alphanumeric(byte) || b"._-".contains(&byte))
            && !part.contains("..")
    };
    repository.len() <= 255 && repository.split('/').all(is_part)
}

fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn image(text: &str) -> String {
        Reference::parse_image(text).unwrap().to_string()
    }

    #[test]
    fn names_are_completed_as_docker_completes_them() {
        assert_eq!(image("alpine"), "docker.io/library/alpine:latest");
        assert_eq!(image("contoso/module:1"), "docker.io/contoso/module:1");
        assert_eq!(image("index.docker.io/alpine"), "docker.io/library/alpine:latest");
        assert_eq!(image("localhost/module"), "localhost/module:latest");
        assert_eq!(image("registry:5000/a/b:2.0"), "registry:5000/a/b:2.0");
        assert_eq!(image("Contoso.azurecr.io:443/m"), "contoso.azurecr.io/m:latest");
        assert_eq!(image("[fd00::5]:5000/m:1"), "[fd00::5]:5000/m:1");
        let digest = format!("sha256:{}", "ab".repeat(32));
        assert_eq!(image(&format!("a.io/m:1@{digest}")), format!("a.io/m@{digest}"));
        let hub = Reference::parse_image("alpine").unwrap();
        assert_eq!(hub.server(), "registry-1.docker.io");
    }

    #[test]
    fn a_registry_is_named_alone_or_with_an_image() {
        let alone = Reference::parse_registry("localhost:5000").unwrap();
        assert_eq!((alone.server(), alone.port(), alone.image()), ("localhost", Some(5000), None));
        assert!(alone.is_loopback());
        let with = Reference::parse_registry("mcr.microsoft.com/azureiotedge-agent:1.5").unwrap();
        assert_eq!(with.image().unwrap().to_string(), "azureiotedge-agent:1.5");
        assert_eq!(with.registry_alone().to_string(), "mcr.microsoft.com");
    }

    #[test]
    fn what_is_no_name_is_refused_and_no_password_is_shown() {
        use ReferenceError as Error;
        let of = |text: &str| Reference::parse_registry(text).unwrap_err();
        assert_eq!(of(" "), Error::Empty);
        assert!(matches!(of("https://contoso.azurecr.io"), Error::Url(_)));
        assert!(matches!(of("con toso.io"), Error::Host(_)));
        assert!(matches!(of("contoso.io:99999"), Error::Host(_)));
        assert!(matches!(of("contoso.io/Module"), Error::Repository(_)));
        assert!(matches!(of("contoso.io/../module"), Error::Repository(_)));
        assert!(matches!(of("contoso.io/module:-x"), Error::Version(_)));
        for text in [
            "user:hunter2@contoso.io",
            "user:hunter2@contoso.io/module",
            "user:hun/ter2@contoso.io/module",
            "hunter2:hunter2/x@contoso.io/module@sha256:ab",
            "hunter2:x/y@contoso.io:5000/module",
            "a.io/m@hunter2",
        ] {
            let error = of(text);
            assert_eq!(error, Error::Credentials, "{text}");
            assert!(!format!("{error} {error:?}").contains("hun"));
        }
    }

    proptest! {
        #[test]
        fn no_text_upsets_it(text: String) {
            let _ = Reference::parse_registry(&text);
            if let Ok(reference) = Reference::parse_image(&text) {
                let whole = reference.to_string();
                prop_assert_eq!(Reference::parse_image(&whole).unwrap().to_string(), whole);
            }
        }
    }
}
