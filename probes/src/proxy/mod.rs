//! HTTP proxies: their URLs with the secrets kept out of sight, for whom they are not to be used,
//! and how they are asked for a tunnel.

mod connect;
mod no_proxy;
mod url;
pub(crate) mod with_credentials;

pub use connect::{ProxyAnswer, authority, open_tunnel};
pub use no_proxy::{NoProxy, NoProxyList};
pub use url::{ProxyUrl, ProxyUrlError};
