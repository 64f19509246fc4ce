//! HTTP proxies: their URLs with the secrets kept out of sight, for whom they are not to be used,
//! and what they answer.

mod answer;
mod no_proxy;
mod url;
pub mod with_credentials;

pub use answer::ProxyAnswer;
pub use no_proxy::{NoProxy, NoProxyList};
pub use url::{ProxyUrl, ProxyUrlError, authority};
