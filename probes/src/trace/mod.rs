//! Where on this host does a container's packet, or the answer to it, vanish?
//!
//! Routes, rules and filters say what should happen; a packet says what does. One attempt to
//! connect is watched on the bridge and on every other interface at once.

#[cfg(target_os = "linux")]
mod blame;
#[cfg(target_os = "linux")]
mod capture;
#[cfg(target_os = "linux")]
mod filter;
#[cfg(target_os = "linux")]
mod follow;
#[cfg(all(target_os = "linux", feature = "fuzzing"))]
pub mod fuzzing;
#[cfg(target_os = "linux")]
mod packet;
#[cfg(target_os = "linux")]
mod stage;
#[cfg(target_os = "linux")]
mod watched;

#[cfg(target_os = "linux")]
pub use self::blame::Readings;
#[cfg(target_os = "linux")]
pub use self::follow::follow;
