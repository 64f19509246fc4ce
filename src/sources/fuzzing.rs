//! What arbitrary bytes become in the place of a log's file and of a recorded report.

use std::io::{self, Cursor};

use super::{How, Log, Piece, SourceError, Take, archive, packing};
use crate::language::Word;

/// A file of logs, in any packing.
pub fn read(bytes: &[u8], take: &mut Take<'_>) -> Result<(), SourceError> {
    let how = How::default();
    let name = Word::from("log.zip");
    let read = if archive::is_zip(bytes) {
        packing::archive(&name, Cursor::new(bytes), &how, take)
    } else {
        let _ = take(Piece::Begins(Log { name, container: None, live: false }));
        packing::text(bytes, Some(bytes.len() as u64), &how, take)
    };
    read.map(drop).map_err(|error| SourceError::new(error.to_string()))
}

/// A report or a bundle.
pub fn report(bytes: &[u8]) -> io::Result<String> {
    super::recorded::text_of(Cursor::new(bytes))
}
