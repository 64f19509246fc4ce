//! The endpoint probe against peers on loopback: good ones, broken ones, hostile ones, real ones.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

mod amqp;
mod certificates;
mod handshake;
mod hostile_chains;
mod https;
mod mqtt;
#[path = "../programs/mod.rs"]
mod programs;
mod proxies;
mod real_peers;
mod support;
mod websocket;
