//! What a thread has had of the processor, whatever else ran beside it.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(not(unix), path = "elsewhere.rs")]
mod platform;

pub(super) use platform::of_this_thread;
