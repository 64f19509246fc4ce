//! What a proxy answered to CONNECT.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a proxy answered to CONNECT.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProxyAnswer {
    #[serde(rename = "http.response.status_code")]
    pub status: u16,
    /// The status line's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The `Server` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The `Via` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// The `X-Squid-Error` header: Squid's own word for what is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The schemes that `Proxy-Authenticate` offers, or `WWW-Authenticate` in its place, e.g. `Basic`, `NTLM`; at most 8.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schemes: Vec<String>,
}
