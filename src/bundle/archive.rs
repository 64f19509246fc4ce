//! The archive itself: a zip, which every system opens.

use std::collections::BTreeSet;
use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::item::Item;

/// The two forms of the contents list.
pub(super) const LISTING: &str = "CONTENTS.txt";
pub(super) const CONTENTS: &str = "contents.json";
/// Why no archive can be made: it would be larger than a zip can be.
#[derive(Debug, thiserror::Error)]
#[error("the entry {path} cannot be packed: {why}")]
pub struct PackError {
    path: String,
    why: String,
}

/// Gives each item a unique path, also on systems that ignore case: the second
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

/// A time in RFC 3339 as a zip has it; the earliest possible one where the text is not a time.
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

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use zip::ZipArchive;

    use super::*;
    use crate::bundle::{Content, What};

    #[test]
    fn what_was_packed_is_read_back() {
        let text = "{\"é\": 1}";
        let item = Item {
            path: "report.json".to_owned(),
            what: What::Report,
            source: String::new(),
            taken_at: String::new(),
            content: Ok(Content { text: text.to_owned(), ..Content::default() }),
        };
        let packed = packed("list", "{}", &[item]).unwrap();
        let mut archive = ZipArchive::new(Cursor::new(packed)).unwrap();
        let mut read = String::new();
        archive.by_name("report.json").unwrap().read_to_string(&mut read).unwrap();
        assert_eq!(read, text);
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
}
