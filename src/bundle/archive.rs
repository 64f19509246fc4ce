//! The archive itself: a zip, which every system opens.

use std::collections::BTreeSet;
use std::io::{Cursor, Read as _, Write as _};

use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use super::item::Item;

/// The two forms of the contents list.
pub(super) const LISTING: &str = "CONTENTS.txt";
pub(super) const CONTENTS: &str = "contents.json";
/// The report with its observations.
pub(super) const REPORT: &str = "report.json";

/// The largest report that is read; real ones have some ten or hundred kilobytes. What is packed
/// may be small and unpack without end.
const LARGEST_REPORT: u64 = 64 * 1024 * 1024;

/// Why there is no report in an archive.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It breaks off, or is no zip.
    #[error("the archive cannot be read: {0}")]
    Unreadable(String),
    /// It is a zip of something else.
    #[error("the archive has no report.json in it")]
    NoReport,
    /// The report unpacks to more than any report has.
    #[error("the report in the archive is larger than {} MiB", LARGEST_REPORT / 1024 / 1024)]
    TooLarge,
}

/// Why no archive can be made: it would be larger than a zip can be.
#[derive(Debug, thiserror::Error)]
#[error("the entry {path} cannot be packed: {why}")]
pub struct PackError {
    path: String,
    why: String,
}

/// Whether these are a zip's first bytes.
pub fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// Gives each item a place of its own, also where capitals and small letters are one: the second
/// `a.json` becomes `a-2.json`.
pub fn apart(items: &mut [Item]) {
    let mut taken: BTreeSet<String> =
        [LISTING, CONTENTS].map(str::to_ascii_lowercase).into_iter().collect();
    for item in items {
        let path = item.path.clone();
        let name = path.rfind('/').map_or(0, |slash| slash + 1);
        let dot = path.rfind('.').filter(|dot| *dot > name).unwrap_or(path.len());
        let (stem, ending) = path.split_at(dot);
        let mut number = 2u64;
        while !taken.insert(item.path.to_lowercase()) {
            item.path = format!("{stem}-{number}{ending}");
            number += 1;
        }
    }
}

/// The archive of these items, whose places are apart, with the list of contents as text and as JSON
/// first.
pub fn packed(listing: &str, contents: &str, items: &[Item]) -> Result<Vec<u8>, PackError> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .unix_permissions(0o600);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let latest = items.iter().map(|item| item.taken_at.as_str()).max().unwrap_or_default();
    let texts = items.iter().filter_map(|item| {
        Some((&*item.path, &*item.content.as_ref().ok()?.text, &*item.taken_at))
    });
    let lists = [(LISTING, listing, latest), (CONTENTS, contents, latest)];
    for (path, text, taken_at) in lists.into_iter().chain(texts) {
        let unwritten =
            |why: String| PackError { path: edgeprobe_facts::clean::line(path, 200), why };
        zip.start_file(path, options.last_modified_time(taken(taken_at)))
            .map_err(|error| unwritten(error.to_string()))?;
        zip.write_all(text.as_bytes()).map_err(|error| unwritten(error.to_string()))?;
    }
    let whole = zip.finish();
    Ok(whole
        .map_err(|error| PackError { path: CONTENTS.to_owned(), why: error.to_string() })?
        .into_inner())
}

/// A time in RFC 3339 as a zip has it; the earliest that one can have where it is none.
fn taken(at: &str) -> DateTime {
    let mut numbers =
        at.split(|c: char| !c.is_ascii_digit()).map(|digits| digits.parse::<u16>().ok());
    let mut next = || numbers.next().flatten();
    let mut parts = || {
        let year = next()?;
        let mut small = || next().and_then(|number| u8::try_from(number).ok());
        let (month, day, hour, minute, second) = (small()?, small()?, small()?, small()?, small()?);
        DateTime::from_date_and_time(year, month, day, hour, minute, second).ok()
    };
    parts().unwrap_or_default()
}

/// The report in an archive, as JSON. Nothing else in it is unpacked.
pub fn report_in(archive: &[u8]) -> Result<String, ArchiveError> {
    let unreadable = |error: &dyn std::error::Error| ArchiveError::Unreadable(error.to_string());
    let mut archive = ZipArchive::new(Cursor::new(archive)).map_err(|error| unreadable(&error))?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::{Content, What};

    fn archive(path: &str, text: String) -> Vec<u8> {
        let item = Item {
            path: path.to_owned(),
            what: What::Report,
            source: String::new(),
            taken_at: String::new(),
            content: Ok(Content { text, ..Content::default() }),
        };
        packed("list", "{}", &[item]).unwrap()
    }

    #[test]
    fn what_was_packed_is_read_back() {
        let archive = archive(REPORT, "{\"é\": 1}".to_owned());
        assert!(is_archive(&archive));
        assert_eq!(report_in(&archive).unwrap(), "{\"é\": 1}");
    }

    #[test]
    fn two_items_of_one_place_are_both_packed() {
        let item = |path: &str| Item {
            path: path.to_owned(),
            what: What::EngineNetwork,
            source: String::new(),
            taken_at: String::new(),
            content: Ok(Content { text: path.to_owned(), ..Content::default() }),
        };
        let given =
            ["n/a.json", "n/A.json", "n/a.json", "n/a-2.json", "contents.txt", "n.x/a", "n.x/a"];
        let mut items = given.map(item);
        apart(&mut items);
        let places = items.each_ref().map(|item| item.path.as_str());
        let apart = [
            "n/a.json",
            "n/A-2.json",
            "n/a-3.json",
            "n/a-2-2.json",
            "contents-2.txt",
            "n.x/a",
            "n.x/a-2",
        ];
        assert_eq!(places, apart);
        let packed = packed("list", "{}", &items).unwrap();
        assert_eq!(ZipArchive::new(Cursor::new(packed)).unwrap().len(), given.len() + 2);
        let twice = [item("n/a.json"), item("n/a.json")];
        let error = super::packed("list", "{}", &twice).unwrap_err().to_string();
        assert!(error.starts_with("the entry n/a.json cannot be packed: "), "{error}");
    }

    #[test]
    fn another_s_archive_and_half_of_one_are_errors() {
        let other = archive("logs/x.txt", "x".to_owned());
        assert!(matches!(report_in(&other), Err(ArchiveError::NoReport)));
        let whole = archive(REPORT, "{}".to_owned());
        assert!(matches!(report_in(&whole[..40]), Err(ArchiveError::Unreadable(_))));
        assert!(matches!(report_in(b"PK\x03\x04"), Err(ArchiveError::Unreadable(_))));
    }

    #[test]
    fn a_report_that_unpacks_without_end_is_refused() {
        let bomb = archive(REPORT, " ".repeat(65 * 1024 * 1024));
        assert!(bomb.len() < 1024 * 1024);
        assert!(matches!(report_in(&bomb), Err(ArchiveError::TooLarge)));
    }
}
