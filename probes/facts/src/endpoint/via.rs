//! A proxy to go by, and what it said.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::TlsFacts;
use crate::proxy::{ProxyAnswer, ProxyUrl};
use crate::runtime::Part;

/// A proxy to use, and the part of the device that is configured with it.
///
/// Parts with the same URL share one question: the first known part asks it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Via {
    // A question goes whole to this program's own process in a container, and nowhere else; what is
    // reported is `ViaFacts`.
    #[serde(with = "crate::proxy::with_credentials")]
    pub url: ProxyUrl,
    pub part: Part,
}

/// The proxy that a connection went by. Its address is the connection's peer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ViaFacts {
    pub url: ProxyUrl,
    /// The part that is configured with it, the first one of several.
    pub part: Part,
    /// What it answered to CONNECT; absent when no answer came that could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<ProxyAnswer>,
    /// The session with the proxy itself, where its URL asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsFacts>,
}

impl ViaFacts {
    pub fn from_via(via: &Via) -> Self {
        Self { url: via.url.clone(), part: via.part, answer: None, tls: None }
    }
}

/// Writes a phrase without blanks, so that it can stand in an id.
impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("by-proxy-of-")?;
        self.part.serialize(f)
    }
}
