//! What files are packed in: gzip, zip, UTF-16.

use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::ops::ControlFlow;

use edgeprobe_probes::bounded;
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use encoding_rs_io::DecodeReaderBytesBuilder;

use super::archive::{self, allowance};
use super::{How, Log, PIECE, Piece, Take, broke_off, gzip};
use crate::language::{Text, Word};

/// Members of an archive that are looked at.
const MEMBERS: usize = 10_000;

/// What an archive of edgeprobe's own has, and where its logs are.
const OWN: [&str; 2] = ["CONTENTS.txt", "contents.json"];
const OWN_LOGS: &str = "logs/";

/// Bytes that tell a packing.
const HEAD: usize = 64;

/// systemd's journal-def.h.
const JOURNAL: [u8; 8] = *b"LPKSHHRH";

/// Bytes that tell what a file is.
pub(super) const MAGIC: u64 = 8;

/// The first bytes, and a reader that gives them again.
pub(super) fn peeked<R: Read>(mut reader: R) -> io::Result<(Vec<u8>, impl Read)> {
    let head = bounded::beginning(reader.by_ref(), HEAD as u64)?;
    Ok((head.clone(), Cursor::new(head).chain(reader)))
}

pub(super) fn is_journal(head: &[u8]) -> bool {
    head.starts_with(&JOURNAL)
}

/// Hands on a log that is plain text or gzip, as UTF-8: of a file of this length, or of a pipe or a
/// device, which may have no end. A pipe that is followed is read without a limit.
pub(super) fn text(
    reader: impl Read,
    length: Option<u64>,
    how: &How,
    take: &mut Take<'_>,
) -> io::Result<ControlFlow<()>> {
    // What is packed may be small and unpack without end.
    let mut unpacked = allowance(length.unwrap_or(u64::MAX));
    let mut plain = if how.follow || length.is_some() { u64::MAX } else { unpacked };
    let (head, reader) = peeked(reader)?;
    if gzip::is_gzip(&head) {
        return gzipped(reader, &mut unpacked, how, take);
    }
    hand_on(decoded(&head, reader), &mut plain, how, take)
}

fn gzipped(
    reader: impl Read,
    left: &mut u64,
    how: &How,
    take: &mut Take<'_>,
) -> io::Result<ControlFlow<()>> {
    let (head, unpacked) = peeked(gzip::unpacked(reader))?;
    hand_on(decoded(&head, unpacked), left, how, take)
}

/// Hands on every log of an archive, as a support bundle has them.
pub(super) fn archive(
    name: &Word,
    mut file: impl Read + Seek,
    how: &How,
    take: &mut Take<'_>,
) -> io::Result<ControlFlow<()>> {
    let mut left = allowance(file.seek(SeekFrom::End(0))?);
    let mut archive = archive::open(file)?;
    // Of edgeprobe's own archives the texts elsewhere are no logs.
    let is_own = OWN.iter().all(|path| archive.index_for_name(path).is_some());
    for index in 0..archive.len() {
        if index >= MEMBERS || left == 0 {
            let note = Text::new("note.members").with("number", archive.len() - index);
            let _ = take(Piece::Note(note));
            break;
        }
        let member = match archive.by_index(index) {
            Ok(member) => member,
            Err(error) => {
                let note = Text::new("note.member").with("number", index).with("error", error);
                let _ = take(Piece::Note(note));
                continue;
            }
        };
        let own = member.name().map(|own| edgeprobe_facts::clean::line(&own, 160));
        let Ok(own) = own else { continue };
        if !member.is_file() || !is_log(&own) || (is_own && !own.starts_with(OWN_LOGS)) {
            continue;
        }
        let container = container_of(&own);
        let whole = Text::new("log.member").with("archive", name.clone()).with("member", own);
        let log = Log { name: whole.into(), container, live: false };
        if take(Piece::Begins(log)).is_break() {
            return Ok(ControlFlow::Break(()));
        }
        match packed(member, &mut left, how, take) {
            Ok(ControlFlow::Continue(())) => {}
            Ok(ControlFlow::Break(())) => return Ok(ControlFlow::Break(())),
            Err(error) => {
                let _ = take(Piece::Note(broke_off(&error)));
            }
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// Hands on a member, which may be packed once more. Of what it is unpacked from and what it is
/// unpacked to the larger counts.
fn packed(
    member: impl Read,
    left: &mut u64,
    how: &How,
    take: &mut Take<'_>,
) -> io::Result<ControlFlow<()>> {
    let mut member = member.take(*left);
    let mut of_text = *left;
    let (head, unpacked) = peeked(member.by_ref())?;
    let flow = if gzip::is_gzip(&head) {
        gzipped(unpacked, &mut of_text, how, take)
    } else {
        hand_on(decoded(&head, unpacked), &mut of_text, how, take)
    };
    *left = of_text.min(member.limit());
    flow
}

/// Whether a member is a log: a support bundle also has what the engine says of containers and
/// networks, with their environments.
fn is_log(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let ends = [".txt", ".log", ".gz"].iter().any(|end| name.ends_with(end));
    let is_json_log = name.ends_with("-json.log");
    ends || is_json_log || name.ends_with("check.json")
}

/// The container whose log a support bundle has under this name: `logs/edgeAgent_log.txt`.
fn container_of(name: &str) -> Option<String> {
    let file = name.rsplit(['/', '\\']).next()?;
    file.strip_suffix("_log.txt").map(str::to_owned)
}

/// Hands on what a reader gives, up to so many bytes, and says how many are left.
fn hand_on(
    mut reader: impl Read,
    left: &mut u64,
    how: &How,
    take: &mut Take<'_>,
) -> io::Result<ControlFlow<()>> {
    let most = *left;
    let mut limited = reader.by_ref().take(most);
    let flow = pump(&mut limited, how, take);
    *left = limited.limit();
    let flow = flow?;
    if flow.is_continue() && *left == 0 && reader.read(&mut [0])? > 0 {
        let note = Text::new("note.bounded").with("number", most >> 20);
        let _ = take(Piece::Note(note));
    }
    Ok(flow)
}

/// Hands on what a reader gives, in large pieces.
pub(super) fn pump(
    mut reader: impl Read,
    how: &How,
    take: &mut Take<'_>,
) -> io::Result<ControlFlow<()>> {
    let mut piece = vec![0; PIECE];
    loop {
        let length = match reader.read(&mut piece) {
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let read = piece.get(..length).unwrap_or_default();
        if length == 0 {
            return Ok(ControlFlow::Continue(()));
        }
        if how.stopped() || take(Piece::Bytes(read)).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
}

/// The text of a file that was read whole, as programs write it or Windows PowerShell redirects it.
///
/// # Errors
///
/// [`io::ErrorKind::InvalidData`] where it is in neither UTF-8 nor UTF-16.
pub(super) fn whole_text(bytes: &[u8]) -> io::Result<String> {
    let mut text = String::new();
    let head = bytes.get(..bytes.len().min(HEAD)).unwrap_or_default();
    decoded(head, bytes).read_to_string(&mut text).map_err(|_| {
        io::Error::new(io::ErrorKind::InvalidData, "it is no text in UTF-8 or UTF-16")
    })?;
    Ok(text)
}

/// The text as UTF-8; what is UTF-8 already, or no encoding at all, passes as it is.
fn decoded(head: &[u8], reader: impl Read) -> impl Read {
    DecodeReaderBytesBuilder::new()
        .encoding(unmarked(head))
        .bom_sniffing(true)
        .strip_bom(true)
        .utf8_passthru(true)
        .build(reader)
}

/// UTF-16 that has lost its byte order mark: every other byte of the first is zero.
fn unmarked(head: &[u8]) -> Option<&'static Encoding> {
    let zeros = |odd: usize| {
        let bytes = head.iter().skip(odd).step_by(2);
        head.len() >= 8 && bytes.clone().all(|byte| *byte == 0)
    };
    match (zeros(0), zeros(1)) {
        (false, true) => Some(UTF_16LE),
        (true, false) => Some(UTF_16BE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_has_no_end_the_begin_is_read() {
        let (mut bytes, mut notes) = (0, 0);
        let mut take = |piece: Piece<'_>| {
            match piece {
                Piece::Begins(_) => {}
                Piece::Bytes(piece) => bytes += piece.len() as u64,
                Piece::Note(_) => notes += 1,
            }
            ControlFlow::Continue(())
        };
        let most = 3 * PIECE as u64 + 1;
        let mut left = most;
        let read = hand_on(io::repeat(0), &mut left, &How::default(), &mut take).expect("zeros");
        assert!(read.is_continue());
        assert_eq!((bytes, notes, left), (most, 1, 0));
    }

    #[test]
    fn of_an_archive_no_more_is_unpacked_than_is_allowed() {
        use std::io::Write as _;

        let gzip_of = |bytes: &[u8]| {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            gzip.write_all(bytes).expect("memory");
            gzip.finish().expect("memory")
        };
        let read = |member: &[u8], left: &mut u64| {
            let mut bytes = 0;
            let mut take = |piece: Piece<'_>| {
                if let Piece::Bytes(piece) = piece {
                    bytes += piece.len() as u64;
                }
                ControlFlow::Continue(())
            };
            let result = packed(member, left, &How::default(), &mut take);
            (bytes, result.err().map(|error| error.to_string()))
        };
        let mut left = PIECE as u64;
        let endless = gzip_of(&vec![b'x'; 3 * PIECE]);
        assert_eq!(read(&endless, &mut left), (PIECE as u64, None));
        assert_eq!(left, 0);
        // Each member takes its time, and there is nothing in it.
        let (bytes, error) = read(&gzip_of(b"").repeat(1 << 17), &mut 1_000_000_000);
        assert_eq!((bytes, error.unwrap_or_default().contains("next to nothing")), (0, true));
        let (bytes, error) = read(&gzip_of(b"a line of a log\n").repeat(1 << 15), &mut (1 << 30));
        assert_eq!((bytes, error), (16 << 15, None));
        assert_eq!(allowance(1_000), 256 << 20);
        assert_eq!(allowance(10 << 20), 2_000 << 20);
        assert_eq!(allowance(u64::MAX), 16 << 30);
    }
}
