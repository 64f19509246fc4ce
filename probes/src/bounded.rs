//! Small files that others have written, read no further than they may be long.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

/// The content of a regular file of at most `limit` bytes.
///
/// What is no regular file fails with [`io::ErrorKind::InvalidInput`], and what is larger with
/// [`io::ErrorKind::FileTooLarge`].
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    // Looked at first, since opening a pipe in the file's place would wait for its writer.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut content = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut content)?;
    if content.len() as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, larger_than(limit)));
    }
    Ok(content)
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

#[cfg(test)]
mod tests {
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
        assert!(read(Path::new("/dev/zero"), 4).is_err());
    }
}
