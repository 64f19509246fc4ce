//! Named pipes. Opening one waits for whoever writes into it, who may never come.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;
use std::time::Duration;

use edgeprobe_probes::bounded;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// For so long the first bytes are waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// Whether the path is that of a named pipe. What the shell gives for `<(…)` has its writer already.
pub(super) fn is_one(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.file_type().is_fifo())
}

/// Opens a pipe when something has been written into it; [`io::ErrorKind::TimedOut`] when nothing has.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let file = bounded::open_without_waiting(path)?;
    let patience = Timespec::try_from(PATIENCE).map_err(io::Error::other)?;
    // Until its first writer comes, a pipe is neither readable nor hung up.
    if poll(&mut [PollFd::new(&file, PollFlags::IN)], Some(&patience))? == 0 {
        let nothing = format!("nothing was written into the pipe within {} s", PATIENCE.as_secs());
        return Err(io::Error::new(io::ErrorKind::TimedOut, nothing));
    }
    fcntl_setfl(&file, fcntl_getfl(&file)? - OFlags::NONBLOCK)?;
    Ok(file)
}
