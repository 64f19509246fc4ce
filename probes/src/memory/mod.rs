//! Keeps what is in this process's memory, keys and passwords among it, from being written to a file.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "elsewhere.rs")]
mod system;

pub use system::forbid_dumps;
