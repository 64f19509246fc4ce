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
pub mod logs;
pub mod plan;
pub mod report;
pub mod run;
pub mod schedule;
pub mod sources;

// What judges, and the languages, are crates: they cannot do input or output, and are built alone.
pub use edgeprobe_language as language;
pub use edgeprobe_verdict as verdict;
