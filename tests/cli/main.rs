//! The program from end to end, by topic: what a person, a script or cron sees of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::print_stdout
)]

mod bad_input;
mod bridged;
mod bundle;
mod cause_pages;
mod check_logs;
mod cron;
mod demo;
mod device;
mod engine;
mod formats;
mod generate;
mod hostile;
mod injected;
mod installed;
mod internet;
mod languages;
mod logs;
mod namespace;
mod namespaced;
mod own_limits;
mod pipes;
mod planted;
mod probe;
mod program;
mod registry;
#[path = "../renew/mod.rs"]
mod renew;
mod replay;
mod schedule;
mod scheduled;
mod schema;
mod secrets;
mod spellings;
mod stand_in;
mod targets;
mod transcripts;
mod vpn;
mod walls;
mod watch;
