//! Linux: capabilities(7), `no_new_privs` (prctl(2)), landlock(7) and seccomp(2), each for the calling
//! thread and those that it starts.

mod capabilities;

use super::Wall;

/// Confines the calling thread, and returns what could not be done.
pub(super) fn confine() -> Vec<Wall> {
    drop_privileges()
}

/// Takes all capabilities from the calling thread, and from each program that it starts.
pub(super) fn drop_privileges() -> Vec<Wall> {
    let dropped = [
        (Wall::Capabilities, capabilities::drop_all()),
        (Wall::NewPrivileges, rustix::thread::set_no_new_privs(true)),
    ];
    let failed = dropped.into_iter().filter_map(|(wall, result)| {
        let error = result.err()?;
        tracing::debug!("{wall:?}: {error}");
        Some(wall)
    });
    failed.collect()
}
