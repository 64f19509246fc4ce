//! The TLS handshake.

pub(super) mod captive_portal;
mod peer;
pub(super) mod root_ca_missing;
pub(super) mod tls_filtered;
pub(super) mod tls_intercepted;
