//! HTTP proxies: their URLs, with the secrets in them kept out of sight.

mod url;

pub use url::{ProxyUrl, ProxyUrlError};
