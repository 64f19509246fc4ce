//! Zip archives. An attacker may have made one: small and unpacking without end, or with entries that
//! share the same bytes.

use std::cell::Cell;
use std::io::{self, Read, Seek, SeekFrom};
use std::rc::Rc;

use zip::ZipArchive;
use zip::result::ZipError;

/// Bytes that are read to learn what is in an archive; ten thousand entries need some million. Ten
/// times as much memory may come of them.
const DIRECTORY: u64 = 2 << 20;

/// The largest report that is read, in bytes; real ones have some ten or hundred kilobytes, and four
/// million with the routes of a large router.
pub(super) const LARGEST_REPORT: u64 = 16 << 20;

/// The report with its observations, in a bundle.
const REPORT: &str = "report.json";

/// What may be unpacked of anything, and by how many times its size of what is large. Logs unpack to
/// ten or twenty times their size.
const ALWAYS: u64 = 256 << 20;
const TIMES: u64 = 200;
const LARGEST: u64 = 16 << 30;

const ZIP: [u8; 4] = *b"PK\x03\x04";
const EMPTY_ZIP: [u8; 4] = *b"PK\x05\x06";

/// Why an archive is not read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It breaks off, or is no zip.
    #[error("the archive cannot be read: {0}")]
    Unreadable(String),
    /// Unpacking it takes the same bytes again and again.
    #[error("entries of the archive share their bytes, as no program packs them")]
    Overlapping,
    /// It is a zip of something else.
    #[error("the archive has no {REPORT} in it")]
    NoReport,
    /// The report unpacks to more than any report has.
    #[error("the report in the archive is larger than {} MiB", LARGEST_REPORT >> 20)]
    TooLarge,
}

impl From<ArchiveError> for io::Error {
    fn from(error: ArchiveError) -> Self {
        Self::other(error)
    }
}

/// Whether these are a zip's first bytes.
pub(super) fn is_zip(head: &[u8]) -> bool {
    head.starts_with(&ZIP) || head.starts_with(&EMPTY_ZIP)
}

/// How many bytes may be unpacked of so many.
pub(super) fn allowance(packed: u64) -> u64 {
    packed.saturating_mul(TIMES).clamp(ALWAYS, LARGEST)
}

/// Reads what is in an archive, but unpacks nothing.
pub(super) fn open<R: Read + Seek>(reader: R) -> Result<ZipArchive<Metered<R>>, ArchiveError> {
    let left = Rc::new(Cell::new(DIRECTORY));
    let metered = Metered { reader, left: Rc::clone(&left) };
    let mut archive = ZipArchive::new(metered).map_err(|error| unreadable(&error))?;
    if archive.has_overlapping_files().map_err(|error| unreadable(&error))? {
        return Err(ArchiveError::Overlapping);
    }
    left.set(u64::MAX);
    Ok(archive)
}

/// The report in an archive, as JSON. Nothing else in it is unpacked.
pub(super) fn report_in(archive: impl Read + Seek) -> Result<String, ArchiveError> {
    let mut archive = open(archive)?;
    let report = match archive.by_name(REPORT) {
        Ok(report) => report,
        Err(ZipError::FileNotFound) => return Err(ArchiveError::NoReport),
        Err(error) => return Err(unreadable(&error)),
    };
    let mut text = String::new();
    let read = report.take(LARGEST_REPORT + 1).read_to_string(&mut text);
    let length = read.map_err(|error| unreadable(&error))? as u64;
    if length > LARGEST_REPORT { Err(ArchiveError::TooLarge) } else { Ok(text) }
}

fn unreadable(error: &dyn std::error::Error) -> ArchiveError {
    ArchiveError::Unreadable(error.to_string())
}

/// A reader that gives a number of bytes from any positions, then fails.
pub(super) struct Metered<R> {
    reader: R,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left.get();
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 && !buffer.is_empty() {
            return Err(io::Error::other("its list of entries is larger than 2 MiB"));
        }
        let length = self.reader.read(buffer.get_mut(..most).unwrap_or_default())?;
        self.left.set(left.saturating_sub(length as u64));
        Ok(length)
    }
}

impl<R: Seek> Seek for Metered<R> {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.reader.seek(place)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in members {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn report(archive: &[u8]) -> Result<String, ArchiveError> {
        report_in(Cursor::new(archive))
    }

    #[test]
    fn a_report_is_found_and_another_s_archive_and_half_of_one_are_errors() {
        let whole = archive(&[(REPORT, "{\"é\": 1}".as_bytes())]);
        assert!(is_zip(&whole));
        assert_eq!(report(&whole).unwrap(), "{\"é\": 1}");
        assert!(matches!(report(&whole[..40]), Err(ArchiveError::Unreadable(_))));
        assert!(matches!(report(b"PK\x03\x04"), Err(ArchiveError::Unreadable(_))));
        let other = archive(&[("logs/x.txt", b"x")]);
        assert!(matches!(report(&other), Err(ArchiveError::NoReport)));
    }

    #[test]
    fn a_report_that_unpacks_without_end_is_refused() {
        let spaces = vec![b' '; usize::try_from(LARGEST_REPORT).unwrap() + 1];
        let bomb = archive(&[(REPORT, &spaces)]);
        assert!(bomb.len() < 256 * 1024);
        assert!(matches!(report(&bomb), Err(ArchiveError::TooLarge)));
    }

    #[test]
    fn entries_that_share_their_bytes_are_refused() {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("a.log", SimpleFileOptions::default()).unwrap();
        zip.write_all(b"line\n").unwrap();
        zip.shallow_copy_file("a.log", "b.log").unwrap();
        let shared = zip.finish().unwrap().into_inner();
        assert!(matches!(open(Cursor::new(shared)), Err(ArchiveError::Overlapping)));
    }

    #[test]
    fn a_list_of_entries_without_end_is_refused() {
        let names: Vec<String> = (0..30_000).map(|number| format!("logs/{number:040}")).collect();
        let members: Vec<(&str, &[u8])> = names.iter().map(|name| (&**name, &b""[..])).collect();
        let error = open(Cursor::new(archive(&members))).err().unwrap();
        assert!(error.to_string().contains("larger than 2 MiB"), "{error}");
    }
}
