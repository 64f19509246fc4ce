//! Small files that others have written, read no further than they may be long.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::path::Path;

/// The content of a regular file of at most `limit` bytes.
///
/// What is no regular file fails with [`io::ErrorKind::InvalidInput`], and what is larger with
/// [`io::ErrorKind::FileTooLarge`].
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    open(path)?.take(limit + 1).read_to_end(&mut content)?;
    if content.len() as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, larger_than(limit)));
    }
    Ok(content)
}

/// Opens a regular file. What is none fails with [`io::ErrorKind::InvalidInput`], and is waited for
/// neither by opening it, as the reader of a pipe is, nor by reading it.
pub fn open(path: &Path) -> io::Result<File> {
    let file = open_without_waiting(path)?;
    // The file that was opened, for another may have come to its place meanwhile.
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        let what = if metadata.is_dir() { "it is a directory" } else { "not a regular file" };
        return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
    }
    Ok(file)
}

/// Opens whatever is at the path, without waiting for who writes into a pipe. Reading it does not wait
/// either.
pub fn open_without_waiting(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    platform::without_waiting(options.read(true));
    options.open(path)
}

/// At most how many values a JSON text has. Each takes some hundred bytes of memory, in a text that
/// may have one in every third byte.
pub fn values(json: &str) -> usize {
    1 + json.bytes().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count()
}

/// The same as text; what is no UTF-8 fails with [`io::ErrorKind::InvalidData`].
pub fn text(path: &Path, limit: u64) -> io::Result<String> {
    String::from_utf8(read(path, limit)?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "no text in UTF-8"))
}

fn larger_than(limit: u64) -> String {
    match limit / (1024 * 1024) {
        0 => format!("larger than {} KiB", limit / 1024),
        mebibytes => format!("larger than {mebibytes} MiB"),
    }
}

#[cfg(unix)]
mod platform {
    use std::fs::OpenOptions;
    use std::os::unix::fs::OpenOptionsExt as _;

    use rustix::fs::OFlags;

    pub(super) fn without_waiting(options: &mut OpenOptions) {
        options.custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed());
    }
}

#[cfg(not(unix))]
mod platform {
    use std::fs::OpenOptions;

    pub(super) fn without_waiting(_: &mut OpenOptions) {}
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_read_up_to_its_limit_and_not_beyond() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "four").unwrap();
        assert_eq!(text(&path, 4).unwrap(), "four");
        assert_eq!(read(&path, 3).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        fs::write(&path, b"\xff").unwrap();
        assert_eq!(text(&path, 4).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn what_is_no_file_is_not_waited_for() {
        assert_eq!(read(Path::new("/"), 4).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        #[cfg(unix)]
        {
            assert!(read(Path::new("/dev/zero"), 4).is_err());
            let folder = tempfile::tempdir().unwrap();
            let pipe = folder.path().join("pipe");
            rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, 0o600.into()).unwrap();
            assert_eq!(read(&pipe, 4).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        }
    }

    #[test]
    fn no_json_has_more_values_than_are_counted() {
        assert_eq!(values("1"), 1);
        assert_eq!(values("[]"), 2);
        assert_eq!(values(r#"{"a": [1, 2], "b": {"c,": 3}}"#), 7);
    }
}
