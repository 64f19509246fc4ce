//! What asking a registry brought to light.

use std::fmt;
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::endpoint::{TlsFacts, ViaFacts};

/// A registry, and an image of it where one was named.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RegistryFacts {
    /// The registry as images name it, e.g. `contoso.azurecr.io` or `docker.io`.
    pub registry: String,
    /// The image within it, e.g. `azureiotedge-agent:1.5`; absent when the registry alone was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    pub named_by: NamedBy,
    /// The host that serves the registry.
    #[serde(rename = "server.address")]
    pub server: String,
    #[serde(rename = "server.port")]
    pub port: u16,
    #[serde(rename = "url.scheme")]
    pub scheme: Scheme,
    /// Whether the engine is configured not to verify this registry (`insecure-registries`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub insecure: bool,
    /// What was being asked for when it failed; absent when nothing failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    /// The hosts that were connected to, in order.
    pub hosts: Vec<HostFacts>,
    /// The HTTP answers, in order; at most 16.
    pub answers: Vec<AnswerFacts>,
    /// Whom the registry wants credentials or tokens from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<Challenge>,
    pub credentials: CredentialUse,
    /// Why the credentials were withheld, where they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<Withheld>,
    /// The address by which the registry's firewall knows this site, where it refused that.
    #[serde(rename = "client.address", default, skip_serializing_if = "Option::is_none")]
    pub refused_address: Option<IpAddr>,
    /// The platform that an image is needed for, e.g. `linux/arm64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// The platforms that the image is there for, where it says so; at most 32.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub platforms: Vec<String>,
}

impl RegistryFacts {
    /// The image with its registry, or the registry alone.
    pub fn whole(&self) -> String {
        match &self.image {
            Some(image) => format!("{}/{image}", self.registry),
            None => self.registry.clone(),
        }
    }

    /// The host that was asked last, for a part.
    pub fn host(&self, part: Part) -> Option<&HostFacts> {
        self.hosts.iter().rev().find(|host| host.part == part)
    }

    /// The proxy that was gone by where it failed.
    pub fn failing_proxy(&self) -> Option<&ViaFacts> {
        // A manifest comes over the registry's own line.
        let part = match self.part? {
            Part::Image => Part::Registry,
            part => part,
        };
        self.host(part).or_else(|| self.host(Part::Registry))?.proxy.as_ref()
    }

    /// The last answer.
    pub fn last_answer(&self) -> Option<&AnswerFacts> {
        self.answers.last()
    }
}

/// Who named a registry.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NamedBy {
    /// The user who runs this program.
    User,
    /// The installed runtime's configuration.
    Runtime {
        /// The modules that the image is for.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        modules: Vec<String>,
        /// The file or container that says so.
        source: String,
    },
    /// No setting: the runtime's own images come from it.
    Default,
}

/// The scheme of a registry's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    Https,
    /// Without encryption, as the engine does it with its own device and with `insecure-registries`.
    Http,
}

/// The parts that a pull consists of.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The registry's greeting at `/v2/`.
    Registry,
    /// A token from the registry's authorization service.
    Token,
    /// The image's manifest.
    Image,
    /// The host that the image's data come from.
    Data,
}

/// Writes a word for a person.
impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Registry => "the registry",
            Self::Token => "the token service",
            Self::Image => "the image",
            Self::Data => "the data host",
        })
    }
}

/// One host that was connected to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HostFacts {
    pub part: Part,
    #[serde(rename = "server.address")]
    pub server: String,
    #[serde(rename = "server.port")]
    pub port: u16,
    /// The addresses that its name has, or its proxy's; at most 8.
    #[serde(rename = "dns.answers", default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<IpAddr>,
    /// The address that took the connection; its proxy's, where it went by one.
    #[serde(rename = "network.peer.address", default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<IpAddr>,
    /// The proxy that the connection went by, which finds the way to the host itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<ViaFacts>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsFacts>,
}

/// One HTTP answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AnswerFacts {
    pub part: Part,
    #[serde(rename = "http.response.status_code")]
    pub status: u16,
    /// The `Server` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The `Via` header, which proxies add.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// Whether the answer names the registries' interface (`Docker-Distribution-Api-Version`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub names_interface: bool,
    /// The host that a redirect leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirected_to: Option<String>,
    /// The registry's own code of an error, e.g. `DENIED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The registry's own words, or the beginning of a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What the registry asks for before it serves an image (`WWW-Authenticate`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "scheme", rename_all = "snake_case")]
pub enum Challenge {
    /// The credentials themselves (RFC 7617).
    Basic,
    /// A token from this service.
    Bearer {
        realm: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service: Option<String>,
    },
}

/// What became of the engine's credentials for the registry. They are never part of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialUse {
    /// They were not to be used.
    #[default]
    NotAsked,
    /// The engine's file has none for this registry.
    Absent,
    /// The engine's file says that a helper program keeps them, and it was not run.
    Helper,
    /// There are some, and nothing asked for them.
    Unneeded,
    /// There are some, and who would have got them is not beyond doubt.
    Withheld,
    /// They were sent.
    Sent,
}

/// A host that asked for the engine's credentials and did not get them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Withheld {
    #[serde(rename = "server.address")]
    pub server: String,
    pub why: Doubt,
}

/// Why a host does not get the engine's credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// The connection to it is plain HTTP.
    InClear,
    /// This device does not trust its certificate.
    Unverified,
    /// It bears a public registry's name, and an authority of this device alone vouches for it, as
    /// for an interceptor.
    Intercepted,
    /// The registry redirected the question to it, and the credentials are for the registry.
    Redirected,
    /// A registry that did not prove who it is names it as its token service.
    Elsewhere,
}
