//! A proxy on the way.

pub(super) mod proxy_rejects;
pub(super) mod proxy_required;
mod ways;
