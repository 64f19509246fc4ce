//! A report that was recorded: in a file, in a bundle, or from a pipe.

use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use edgeprobe_probes::{bounded, walls};

use super::{archive, packing};

/// Bytes that are taken from a pipe: more than any bundle has.
const LARGEST_PIPED: u64 = 32 << 20;

/// The report's text, of the file or, for `-`, of standard input.
///
/// Anything else, such as a named pipe that may have no writer, fails with
/// [`io::ErrorKind::InvalidInput`].
pub fn recorded(path: &Path) -> io::Result<String> {
    if path == Path::new("-") {
        return text_of(Cursor::new(bounded::read_all(io::stdin().lock(), LARGEST_PIPED)?));
    }
    if is_given_open(path) {
        return text_of(Cursor::new(bounded::read_all(walls::open(path)?, LARGEST_PIPED)?));
    }
    text_of(bounded::open(path)?)
}

/// Whether the caller has opened it for this program, as the shell does for `<(…)`.
fn is_given_open(path: &Path) -> bool {
    let folders = ["/dev/fd", "/proc/self/fd"];
    cfg!(unix)
        && (path == Path::new("/dev/stdin")
            || folders.iter().any(|folder| path.parent() == Some(Path::new(folder))))
}

pub(super) fn text_of(mut file: impl Read + Seek) -> io::Result<String> {
    let head = bounded::beginning(file.by_ref(), packing::MAGIC)?;
    file.seek(SeekFrom::Start(0))?;
    if archive::is_zip(&head) {
        return Ok(archive::report_in(file)?);
    }
    packing::whole_text(&bounded::read_all(file, archive::LARGEST_REPORT)?)
}
