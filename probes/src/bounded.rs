//! Files and readers from outside, read no further than a limit.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

use crate::walls;

/// The content of a regular file of at most `limit` bytes.
///
/// What is no regular file fails with [`io::ErrorKind::InvalidInput`], and what is larger with
/// [`io::ErrorKind::FileTooLarge`].
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    // Allocated once, because a key would stay in each allocation that the text outgrew.
    let length = file.metadata()?.len().min(limit) + 1;
    read_into(Vec::with_capacity(usize::try_from(length).unwrap_or_default()), file, limit)
}

/// All that a reader gives, of at most `limit` bytes; more fails with [`io::ErrorKind::FileTooLarge`].
pub fn read_all(reader: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    read_into(Vec::new(), reader, limit)
}

fn read_into(mut content: Vec<u8>, reader: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    reader.take(limit + 1).read_to_end(&mut content)?;
    if content.len() as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, larger_than(limit)));
    }
    Ok(content)
}

/// The first `limit` bytes that a reader gives.
pub fn beginning(reader: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    reader.take(limit).read_to_end(&mut content)?;
    Ok(content)
}

/// Opens a regular file. Anything else fails at once with [`io::ErrorKind::InvalidInput`]: a pipe
/// is not waited for.
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

/// Opens a file of any kind. Neither opening nor reading waits for the writer of a pipe.
pub fn open_without_waiting(path: &Path) -> io::Result<File> {
    walls::opened_with_privileges(path, open_here)
}

fn open_here(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    platform::without_waiting(options.read(true));
    options.open(path)
}

/// At most how many values a JSON text has. Each takes some hundred bytes of memory, in a text that
/// may have one in every third byte.
pub fn values(json: &str) -> usize {
    1 + json.bytes().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count()
}

/// The same as text. Bytes that are not UTF-8 fail with [`io::ErrorKind::InvalidData`].
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
