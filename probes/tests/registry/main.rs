//! The registry probe against Debian's docker-registry, nginx, and servers that misbehave.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that panics has found something"
)]
#![cfg(unix)]

mod by_proxy;
mod interceptors;
#[path = "../programs/mod.rs"]
mod programs;
mod real;
mod servers;
mod support;
