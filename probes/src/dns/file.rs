//! Configuration files, read up to a limit.

use std::io;
use std::path::Path;

use crate::bounded;

/// A hosts file that blocks advertisers may have 100 000 lines; no more than this is read.
const LIMIT: u64 = 1024 * 1024;

/// The first mebibyte of a file.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    bounded::beginning(bounded::open(path)?, LIMIT)
}

/// The words of each line that is no comment; what is not UTF-8 becomes U+FFFD.
pub(super) fn lines(content: &[u8], comments: &[char]) -> impl Iterator<Item = Vec<String>> {
    content.split(|byte| *byte == b'\n').filter_map(move |line| {
        let line = String::from_utf8_lossy(line);
        let text = line.split(comments).next().unwrap_or_default();
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        (!words.is_empty()).then_some(words)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_in_place_of_a_file_is_not_read() {
        assert!(read(Path::new("/dev/zero")).is_err());
    }
}
