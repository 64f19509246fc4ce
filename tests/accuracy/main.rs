//! How often the verdict is right: devices that are modelled, broken in every way, and judged.
//!
//! `world` says how a device and its networks are, `faults` break it, `simulate` derives from it
//! what a run would see, and `truth` how the runtime would fare. docs/accuracy.md has the table.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that panics has found something"
)]
#![allow(clippy::cast_possible_truncation, reason = "seconds of a model are small")]

mod added;
mod calibration;
mod confusion;
mod examine;
mod exceptions;
mod faults;
mod kinds;
mod logs;
mod notation;
mod properties;
#[path = "../renew/mod.rs"]
mod renew;
mod sample;
mod services;
mod setting;
mod shared_names;
mod simulate;
mod truth;
mod world;
