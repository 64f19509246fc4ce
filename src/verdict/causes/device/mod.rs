//! The device and its engine.

pub(super) mod address_pool_exhausted;
pub(super) mod clock_skew;
mod engine;
pub(super) mod engine_refuses_runtime;
pub(super) mod engine_unavailable;
pub(super) mod hostname_invalid;
