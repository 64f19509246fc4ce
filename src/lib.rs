//! edgeprobe says why an Azure IoT Edge device cannot talk to IoT Hub, and proves it.
//!
//! Four stages, each a plain value that can be written down, read back and tested alone:
//!
//! ```text
//! plan ──► observe (run, probes) ──► judge (verdict) ──► tell (report)
//! ```
//!
//! ARCHITECTURE.md shows how the modules stand to each other.

pub mod bundle;
pub mod changes;
pub mod cli;
pub mod collect;
pub mod demo;
mod files;
pub mod language;
pub mod logs;
pub mod plan;
pub mod report;
pub mod run;
pub mod sources;
pub mod verdict;
