//! By the thread's own clock.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

pub(in crate::endpoint) fn of_this_thread() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}
