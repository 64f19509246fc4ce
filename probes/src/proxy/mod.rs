//! HTTP proxies: their URLs with the secrets kept out of sight, for whom they are not to be used,
//! and how they are asked for a tunnel.

mod connect;

pub use connect::open_tunnel;
